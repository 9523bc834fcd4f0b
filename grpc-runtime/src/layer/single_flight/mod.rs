//! [`SingleFlight`]: the same call, made by several at a time, is sent once.
//!
//! Not a cache: nothing outlives the call. The two go well together, this one below.

mod flight;
mod layer;
mod service;

pub use self::layer::SingleFlight;
pub use self::service::SingleFlightService;
