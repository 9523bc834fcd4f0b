//! [`Faults`]: delays and failures made on purpose, to see what the program does about them.
//!
//! Not for streams half-way: what happens here happens before a call is passed on.

mod layer;
mod plan;
mod service;

pub use self::layer::Faults;
pub use self::service::FaultsService;
