//! The layer of [`Validation`], and its service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::call::{Invoke, Kind, Method, Request, Response};
use crate::layer::validation::Validate;
use crate::status::Status;

/// A layer that asks each request whether it is valid ([`Validate`]). One that is not fails with INVALID_ARGUMENT here,
/// and nothing is sent.
///
/// Of a stream, each message is asked on its way out; the first that is not valid gives the call up, and the server is
/// told to stop.
///
/// Put it innermost (add it first), so that it sees what other layers made of the message.
#[derive(Debug, Clone, Copy, Default)]
pub struct Validation;

impl<S> Layer<S> for Validation {
    type Service = ValidationService<S>;

    fn layer(&self, next: S) -> Self::Service {
        ValidationService { next }
    }
}

/// A service that only gets valid requests.
#[derive(Clone)]
pub struct ValidationService<S> {
    next: S,
}

impl<S, M> Service<Request<M>> for ValidationService<S>
where
    S: Invoke<M>,
    M: Method,
    M::Request: Validate,
{
    type Response = Response<M>;
    type Error = Status;
    type Future = ValidationFuture<S::Future>;

    /// Always ready: what is behind it is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        let (message, method, options) = request.into_parts();
        let check = |message: &M::Request| message.validate().map_err(Status::from);
        let state = match M::Kind::checked(message, check) {
            Ok(message) => {
                let request = Request::from_parts(message, method, options);
                State::Valid { call: self.next.clone().invoke(request) }
            }
            Err(status) => State::Refused { status: Some(status) },
        };
        ValidationFuture { state }
    }
}

impl<S> fmt::Debug for ValidationService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ValidationService").finish_non_exhaustive()
    }
}

pin_project! {
    /// A call with a valid request, or one that is refused.
    pub struct ValidationFuture<R> {
        #[pin]
        state: State<R>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<R> {
        Valid { #[pin] call: R },
        Refused { status: Option<Status> },
    }
}

impl<R, M> Future for ValidationFuture<R>
where
    R: Future<Output = Result<Response<M>, Status>>,
    M: Method,
{
    type Output = Result<Response<M>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Valid { call } => call.poll(context),
            StateProjection::Refused { status } => {
                Poll::Ready(Err(status.take().expect("a future is not polled again after its end")))
            }
        }
    }
}

impl<R> fmt::Debug for ValidationFuture<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ValidationFuture").finish_non_exhaustive()
    }
}
