//! [`from_fn`]: a closure or an `async fn` as a layer, without a struct.
//!
//! Not the fastest way: what comes after the function is behind a box, because its type cannot be written in a
//! closure. An [`Interceptor`](crate::Interceptor) has no such box.

mod layer;
mod next;
mod service;

pub use self::layer::{FromFn, from_fn};
pub use self::next::Next;
pub use self::service::FromFnService;
