//! [`ConcurrencyLimit`]: how many calls of a method run at a time.
//!
//! Not tower's limit of the same name, which is for all methods together and lets go of a stream when it begins.

mod layer;
mod service;

pub use self::layer::ConcurrencyLimit;
pub use self::service::ConcurrencyLimitService;
