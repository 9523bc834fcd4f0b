//! [`CircuitBreaker`]: calls that would fail anyway are not made, until a few of them show that they succeed again.
//!
//! What it decides is in `machine`, which is pure; `service` asks it and tells it ends.

mod fallback;
mod layer;
mod machine;
mod service;
mod window;

pub use self::fallback::{Fallback, FallbackFor, NoFallback};
pub use self::layer::CircuitBreaker;
pub use self::service::CircuitBreakerService;
