//! [`on_end`]: a function that is told how each call ended, exactly once.
//!
//! [`OnEndFuture`] is what every layer here stands on that has to know the end of a call.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::call::{EndGuard, EndHook, Ended, Invoke, InvokeFuture, Method, Request, Response};
use crate::method::{MethodDescriptor, MethodRef};
use crate::status::Status;

/// Makes a layer that tells `hook` how each call ended: exactly once, whatever its kind and whatever ended it. A
/// stream ends with its last message, not with its start.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use grpc_runtime::{Code, Ended, layer};
///
/// let failures = Arc::new(AtomicU64::new(0));
/// let count = Arc::clone(&failures);
/// let layer = layer::on_end(move |method, ended| {
///     if ended.code() != Code::Ok {
///         count.fetch_add(1, Ordering::Relaxed);
///         eprintln!("{method}: {}", ended.code());
///     }
/// });
/// # fn _check<L: Clone + Send + Sync>(_: L) {}
/// # _check(layer);
/// ```
///
/// The hook runs in whatever task polls or drops the call: it must not block. A future that is dropped before it was
/// ever polled was no call, and is not told of.
pub fn on_end<F>(hook: F) -> OnEnd<F>
where
    F: Fn(&MethodDescriptor, Ended<'_>) + Clone + Send + Sync + 'static,
{
    OnEnd { hook }
}

/// A function that is told of ends, as a layer; made by [`on_end`].
#[derive(Clone)]
pub struct OnEnd<F> {
    hook: F,
}

impl<F: Clone, S> Layer<S> for OnEnd<F> {
    type Service = OnEndService<F, S>;

    fn layer(&self, next: S) -> Self::Service {
        OnEndService { hook: self.hook.clone(), next }
    }
}

impl<F> fmt::Debug for OnEnd<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OnEnd").finish_non_exhaustive()
    }
}

/// A service whose ends are told.
#[derive(Clone)]
pub struct OnEndService<F, S> {
    hook: F,
    next: S,
}

impl<F, S, M> Service<Request<M>> for OnEndService<F, S>
where
    F: Fn(&MethodDescriptor, Ended<'_>) + Clone + Send + Sync + 'static,
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
        let hook = OfMethod { hook: self.hook.clone(), method: request.method_ref().clone() };
        InvokeFuture::boxed(OnEndFuture::new(hook, || self.next.clone().invoke(request)))
    }
}

impl<F, S> fmt::Debug for OnEndService<F, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OnEndService").finish_non_exhaustive()
    }
}

/// The function, and the method of one call.
struct OfMethod<F> {
    hook: F,
    method: MethodRef,
}

impl<F> EndHook for OfMethod<F>
where
    F: Fn(&MethodDescriptor, Ended<'_>) + Send + 'static,
{
    fn ended(self, ended: Ended<'_>) {
        (self.hook)(&self.method, ended);
    }
}

impl<F> fmt::Debug for OfMethod<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("OfMethod").field(&self.method).finish()
    }
}

pin_project! {
    /// A call whose end is told.
    pub(crate) struct OnEndFuture<R, H>
    where
        H: EndHook,
    {
        #[pin]
        call: R,
        // `None` after the response.
        guard: Option<EndGuard<H>>,
    }
}

impl<R, H: EndHook> OnEndFuture<R, H> {
    /// Tells `hook` how the call ends that `call` makes, which may start at once, and may panic.
    pub(crate) fn new(hook: H, call: impl FnOnce() -> R) -> Self {
        let guard = EndGuard::new(hook);
        Self { call: call(), guard: Some(guard) }
    }
}

impl<R, H, M> Future for OnEndFuture<R, H>
where
    R: Future<Output = Result<Response<M>, Status>>,
    H: EndHook,
    M: Method,
{
    type Output = Result<Response<M>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = ready!(this.call.poll(context));
        let Some(guard) = this.guard.take() else { return Poll::Ready(outcome) };
        Poll::Ready(match outcome {
            Ok(response) => Ok(response.with_hook(guard.into_hook())),
            Err(status) => {
                guard.end(Ended::Failed(&status));
                Err(status)
            }
        })
    }
}
