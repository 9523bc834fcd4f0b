//! [`Interceptor`]: one async function around a call, for every method or for one.

use std::fmt;
use std::future::Future;
use std::mem::needs_drop;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::call::{BoxedCall, Invoke, InvokeFuture, Method, Request, Response};
use crate::status::Status;

/// Code around calls: sees the request before and the outcome after, and decides what happens between.
///
/// Implemented for every method (`impl<M: Method> Interceptor<M> for Auth`), or for one, whose messages it then
/// sees as themselves (`impl Interceptor<greeter::SayHello> for Validate`).
///
/// It runs once per call that the program makes, outside whatever the channel does to carry it. For a streaming call the
/// response is the start of the stream; [`Response::on_end`] sees its end. One that panics fails its call with INTERNAL,
/// and leaves the client usable.
///
/// ```
/// use grpc_runtime::{Interceptor, Invoke, Method, Request, Response, Status};
///
/// #[derive(Clone)]
/// struct Tenant(&'static str);
///
/// impl<M: Method> Interceptor<M> for Tenant {
///     async fn intercept<S: Invoke<M>>(&self, mut request: Request<M>, next: S) -> Result<Response<M>, Status> {
///         request.metadata_mut().insert("x-tenant", self.0)?;
///         next.invoke(request).await
///     }
/// }
/// ```
///
/// A client takes it as a layer: `client.layer(Intercept(Tenant("a")))`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not intercept calls of `{M}`",
    note = "an interceptor for all calls is written `impl<M: Method> Interceptor<M> for {Self}`; one for a single method is wrapped in `grpc_runtime::layer::only::<ItsMethod, _>(Intercept(..))`"
)]
pub trait Interceptor<M: Method>: Clone + Send + Sync + 'static {
    /// Carries out the call: usually `next.invoke(request).await`, with something before, after or instead.
    ///
    /// `next` can be cloned and invoked more than once.
    fn intercept<S: Invoke<M>>(
        &self,
        request: Request<M>,
        next: S,
    ) -> impl Future<Output = Result<Response<M>, Status>> + Send;

    /// The same behind a box, for good.
    #[doc(hidden)]
    fn intercept_boxed<S: Invoke<M>>(self, request: Request<M>, next: S) -> BoxedCall<M> {
        // One without state need not be kept beside its future, nor does it take memory to have it for ever.
        if const { size_of::<Self>() == 0 && !needs_drop::<Self>() } {
            let this: &'static Self = Box::leak(Box::new(self));
            return Box::new(this.intercept(request, next));
        }
        Box::new(async move { self.intercept(request, next).await })
    }
}

/// An [`Interceptor`] as a tower layer.
#[derive(Debug, Clone)]
pub struct Intercept<I>(pub I);

impl<I: Clone, S> Layer<S> for Intercept<I> {
    type Service = Intercepted<I, S>;

    fn layer(&self, next: S) -> Self::Service {
        Intercepted { interceptor: self.0.clone(), next }
    }
}

/// A service behind an [`Interceptor`].
#[derive(Clone)]
pub struct Intercepted<I, S> {
    interceptor: I,
    next: S,
}

impl<I, S, M> Service<Request<M>> for Intercepted<I, S>
where
    I: Interceptor<M>,
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
        let (interceptor, next) = (self.interceptor.clone(), self.next.clone());
        InvokeFuture::catching(interceptor.intercept_boxed(request, next))
    }
}

impl<I, S> fmt::Debug for Intercepted<I, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Intercepted").finish_non_exhaustive()
    }
}
