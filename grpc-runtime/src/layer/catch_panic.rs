//! [`CatchPanic`]: a panic in a layer fails its call, and not the task that made it.
//!
//! Interceptors and functions have it built in; the layer is for services of other makes.

use std::fmt;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::call::{Invoke, InvokeFuture, Method, Request, Response};
use crate::status::Status;

/// A layer that makes INTERNAL of a panic below it, with the panic's text. The client stays usable.
///
/// An [`Interceptor`](crate::Interceptor) and a function of [`from_fn`](crate::layer::from_fn()) need no such layer.
/// What runs later, while a stream is read, is not covered. A program that aborts on panics does so still.
#[derive(Debug, Clone, Copy, Default)]
pub struct CatchPanic;

impl<S> Layer<S> for CatchPanic {
    type Service = CatchPanicService<S>;

    fn layer(&self, next: S) -> Self::Service {
        CatchPanicService { next }
    }
}

/// A service whose panics are failures of their calls.
#[derive(Clone)]
pub struct CatchPanicService<S> {
    next: S,
}

impl<S, M> Service<Request<M>> for CatchPanicService<S>
where
    S: Invoke<M>,
    M: Method,
{
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    /// Always ready: what is behind it is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        let next = self.next.clone();
        InvokeFuture::catching(Box::new(async move { next.invoke(request).await }))
    }
}

impl<S> fmt::Debug for CatchPanicService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CatchPanicService").finish_non_exhaustive()
    }
}
