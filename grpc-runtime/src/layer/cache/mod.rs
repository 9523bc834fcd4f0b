//! [`Cache`]: responses of methods that only read, kept for a while.
//!
//! What is kept and what goes is in `store`, which is pure.

mod layer;
mod service;
mod store;

pub use self::layer::Cache;
pub use self::service::CacheService;
