//! [`Trace`]: a span of `tracing` around each call.
//!
//! Not metrics, and not the events of the channel itself. Where nobody listens to the span, a call reads no clock and
//! pays for one question.

mod layer;
mod service;

pub use self::layer::Trace;
pub use self::service::TraceService;
