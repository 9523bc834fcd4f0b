//! [`CatchPanic`]: a panic in a layer fails its call, and not the task that made it.
//!
//! Interceptors and functions have it built in ([`CatchPanicFuture`]); the layer is for services of other makes.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::call::{Invoke, Method, Request, Response};
use crate::engine::panicked;
use crate::status::{Delivery, Status};

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
    type Future = CatchPanicFuture<S::Future>;

    /// Always ready: what is behind it is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        CatchPanicFuture::new(self.next.clone().invoke(request))
    }
}

impl<S> fmt::Debug for CatchPanicService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CatchPanicService").finish_non_exhaustive()
    }
}

pin_project! {
    /// A call whose panic is its failure.
    pub struct CatchPanicFuture<R> {
        #[pin]
        call: R,
    }
}

impl<R> CatchPanicFuture<R> {
    pub(super) fn new(call: R) -> Self {
        Self { call }
    }
}

impl<R, M> Future for CatchPanicFuture<R>
where
    R: Future<Output = Result<Response<M>, Status>>,
    M: Method,
{
    type Output = Result<Response<M>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut call = self.project().call;
        let mut polled = Poll::Pending;
        match caught(&mut || polled = call.as_mut().poll(context)) {
            Ok(()) => polled,
            Err(status) => Poll::Ready(Err(status)),
        }
    }
}

/// Not generic, because it is part of every call of every method through every interceptor: programs compile in less time.
///
/// After a panic the call is over, and is not polled again.
fn caught(poll: &mut dyn FnMut()) -> Result<(), Status> {
    catch_unwind(AssertUnwindSafe(poll)).map_err(|panic| {
        let status = panicked("a layer, or what it carries the call to,", panic.as_ref());
        status.with_delivery(Delivery::Unknown)
    })
}

impl<R> fmt::Debug for CatchPanicFuture<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CatchPanicFuture").finish_non_exhaustive()
    }
}
