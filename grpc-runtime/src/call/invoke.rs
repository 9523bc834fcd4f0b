//! [`Invoke`]: whatever is a tower service of `Request<M>` can carry a call of `M`.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;
use tower::BoxError;
use tower_service::Service;

use crate::call::invoke_future::InvokeFuture;
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
    /// Calls the service, at once where it is ready, and else as soon as the future finds it so.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the call: the server is told, if it has heard of it.
    fn invoke(self, request: Request<M>) -> InvokeFuture<M>;
}

impl<M, S> Invoke<M> for S
where
    M: Method,
    S: Service<Request<M>, Response = Response<M>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    fn invoke(mut self, request: Request<M>) -> InvokeFuture<M> {
        start(&mut self, request)
    }
}

/// A service of any type, which is to carry one call.
///
/// Below here nothing depends on its type: a program has one for each method and each layer, and compiles in less time.
pub(super) trait Prepare<M: Method>: Send {
    fn poll_prepared(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>>;
    fn carry(&mut self, request: Request<M>) -> InvokeFuture<M>;
    fn boxed_clone(&self) -> Box<dyn Prepare<M>>;
}

impl<M, S> Prepare<M> for S
where
    M: Method,
    S: Service<Request<M>, Response = Response<M>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    fn poll_prepared(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.poll_ready(context).map_err(into_status)
    }

    fn carry(&mut self, request: Request<M>) -> InvokeFuture<M> {
        invoked(self.call(request))
    }

    fn boxed_clone(&self) -> Box<dyn Prepare<M>> {
        Box::new(self.clone())
    }
}

fn start<M: Method>(service: &mut dyn Prepare<M>, request: Request<M>) -> InvokeFuture<M> {
    match service.poll_prepared(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(())) => service.carry(request),
        Poll::Ready(Err(status)) => InvokeFuture::failed(status),
        // Asked again there, with a waker that is heard.
        Poll::Pending => {
            let service = service.boxed_clone();
            InvokeFuture::boxed(Waiting::Waits { service, request: Some(request) })
        }
    }
}

/// A call whose service is not ready.
enum Waiting<M: Method> {
    // `None` after the service was ready.
    Waits { service: Box<dyn Prepare<M>>, request: Option<Request<M>> },
    Carried(InvokeFuture<M>),
}

/// Nothing in it is pinned: what has to stay in its place is in a box.
impl<M: Method> Unpin for Waiting<M> {}

impl<M: Method> Future for Waiting<M> {
    type Output = Result<Response<M>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Self::Waits { service, request } = this {
            ready!(service.poll_prepared(context))?;
            let request = request.take().expect("a request is carried once");
            *this = Self::Carried(service.carry(request));
        }
        match this {
            Self::Carried(call) => Pin::new(call).poll(context),
            Self::Waits { .. } => unreachable!("it waits no more"),
        }
    }
}

/// A service's future behind one type; it may be of that already.
fn invoked<F, M, E>(future: F) -> InvokeFuture<M>
where
    F: Future<Output = Result<Response<M>, E>> + Send + 'static,
    M: Method,
    E: Into<BoxError>,
{
    let mut future = Some(future);
    let any: &mut dyn Any = &mut future;
    if let Some(invoked) = any.downcast_mut::<Option<InvokeFuture<M>>>()
        && let Some(invoked) = invoked.take()
    {
        return invoked;
    }
    if let Some(boxed) = any.downcast_mut::<Option<BoxFuture<Result<Response<M>, Status>>>>()
        && let Some(boxed) = boxed.take()
    {
        return InvokeFuture::of_service(boxed);
    }
    let future = future.expect("it was of another type, hence not taken");
    InvokeFuture::boxed(Translated { future })
}

pin_project! {
    /// A service's future, whose error is put into our words.
    struct Translated<F> {
        #[pin]
        future: F,
    }
}

impl<F, M, E> Future for Translated<F>
where
    F: Future<Output = Result<Response<M>, E>>,
    M: Method,
    E: Into<BoxError>,
{
    type Output = Result<Response<M>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(self.project().future.poll(context)) {
            Ok(response) => Ok(response),
            Err(error) => Err(into_status(error)),
        })
    }
}

fn into_status(error: impl Into<BoxError>) -> Status {
    Status::from_box(error.into())
}
