//! Layers: what sits between a client and its channel, typed by method.
//!
//! Any `tower::Layer` whose service carries `Request<M>` is one. [`Interceptor`] is the short way to write one.

mod interceptor;

pub use self::interceptor::{Intercept, Intercepted, Interceptor};
