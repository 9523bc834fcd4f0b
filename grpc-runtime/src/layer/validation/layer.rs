//! The layer of [`Validation`], and its service.

use std::fmt;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::call::{Invoke, InvokeFuture, Kind, Method, Request, Response};
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
    type Future = InvokeFuture<M>;

    /// Always ready: what is behind it is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        let (message, method, options) = request.into_parts();
        let check = |message: &M::Request| message.validate().map_err(Status::from);
        match M::Kind::checked(message, check) {
            Ok(message) => {
                let request = Request::from_parts(message, method, options);
                self.next.clone().invoke(request)
            }
            Err(status) => InvokeFuture::failed(status),
        }
    }
}

impl<S> fmt::Debug for ValidationService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ValidationService").finish_non_exhaustive()
    }
}
