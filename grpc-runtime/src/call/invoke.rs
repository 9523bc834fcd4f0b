//! [`Invoke`]: whatever is a tower service of `Request<M>` can carry a call of `M`.

use std::any::{Any, TypeId};
use std::future::{self, Future};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;
use tower::BoxError;
use tower_service::Service;

use crate::call::method::Method;
use crate::call::request::Request;
use crate::call::response::Response;
use crate::call::service::BoxFuture;
use crate::status::Status;

/// Carries calls of the method `M`.
///
/// Not to be implemented: every `tower::Service<Request<M>, Response = Response<M>>` that is `Clone` has it,
/// whatever its error type is. A [`Status`] comes through as it is; the errors of tower's own layers become the
/// status that says the same (see [`Status::from_box`]).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot carry calls of `{M}`",
    label = "not a service for this method",
    note = "a client needs a `tower::Service<Request<{M}>, Response = Response<{M}>>` that is `Clone + Send + 'static` with a `Send` future: a `Channel`, or a layer around one",
    note = "a layer for one method, or for one kind of method, carries no others: wrap it in `grpc_runtime::layer::only::<ItsMethod, _>(..)`; an interceptor for all is written `impl<M: Method> Interceptor<M>`",
    note = "what a layer makes is cloned for each call: where it cannot be, as that of tower's rate limit, put a `tower::buffer::BufferLayer` around it",
    note = "in code that is generic, be so over the trait (`impl Greeter`) rather than over what carries the calls, or name the type `GreeterClient::boxed` gives"
)]
pub trait Invoke<M: Method>: Clone + Send + 'static {
    /// The call under way.
    type Future: Future<Output = Result<Response<M>, Status>> + Send + 'static;

    /// Waits until the service is ready, then calls it.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the call: the server is told, if it has heard of it.
    fn invoke(self, request: Request<M>) -> Self::Future;

    /// The same behind a box; the service's own, where it answers with one.
    #[doc(hidden)]
    fn invoke_boxed(self, request: Request<M>) -> BoxFuture<Result<Response<M>, Status>> {
        Box::pin(self.invoke(request))
    }
}

impl<M, S> Invoke<M> for S
where
    M: Method,
    S: Service<Request<M>, Response = Response<M>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Future = InvokeFuture<S, M>;

    #[inline]
    fn invoke(self, request: Request<M>) -> Self::Future {
        InvokeFuture { state: State::Preparing { service: self, request: Some(request) } }
    }

    fn invoke_boxed(mut self, request: Request<M>) -> BoxFuture<Result<Response<M>, Status>> {
        // One that is not ready is asked again by the future, with a waker that is heard.
        let ready = || self.poll_ready(&mut Context::from_waker(Waker::noop()));
        match is_boxed::<S::Future, M>().then(ready) {
            Some(Poll::Ready(Ok(()))) => boxed(self.call(request)),
            Some(Poll::Ready(Err(error))) => Box::pin(future::ready(Err(into_status(error)))),
            Some(Poll::Pending) | None => Box::pin(self.invoke(request)),
        }
    }
}

pin_project! {
    /// A call through a service: waits for its readiness, then for its answer.
    pub struct InvokeFuture<S, M>
    where
        M: Method,
        S: Service<Request<M>>,
    {
        #[pin]
        state: State<S, M, S::Future>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, M: Method, F> {
        Preparing { service: S, request: Option<Request<M>> },
        Called { #[pin] future: F },
    }
}

impl<S, M> Future for InvokeFuture<S, M>
where
    M: Method,
    S: Service<Request<M>, Response = Response<M>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<M>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Preparing { service, request } => {
                    ready!(service.poll_ready(context)).map_err(into_status)?;
                    let request = request.take().expect("a request is called once");
                    let future = service.call(request);
                    this.state.set(State::Called { future });
                }
                StateProjection::Called { future } => {
                    return future.poll(context).map_err(into_status);
                }
            }
        }
    }
}

impl<S, M> std::fmt::Debug for InvokeFuture<S, M>
where
    M: Method,
    S: Service<Request<M>>,
{
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("InvokeFuture").field(&M::DESCRIPTOR.path()).finish()
    }
}

/// Whether a future is in a box already.
fn is_boxed<F: 'static, M: Method>() -> bool {
    TypeId::of::<F>() == TypeId::of::<BoxFuture<Result<Response<M>, Status>>>()
}

/// The future as the box that it is.
fn boxed<F: 'static, M: Method>(future: F) -> BoxFuture<Result<Response<M>, Status>> {
    let mut future = Some(future);
    let any: &mut dyn Any = &mut future;
    let same = any.downcast_mut::<Option<BoxFuture<Result<Response<M>, Status>>>>();
    same.and_then(Option::take).expect("the types were compared before")
}

fn into_status(error: impl Into<BoxError>) -> Status {
    Status::from_box(error.into())
}
