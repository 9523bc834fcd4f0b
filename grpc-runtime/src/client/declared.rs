//! What a client with layers that its trait declares is put together from: the layers checked where they are written,
//! and services that have another one for some methods.
//!
//! The layers themselves are none of its business, nor is what they are written on; generated code drives it.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::call::{Invoke, InvokeFuture, Method, Request, Response};
use crate::client::boxed::BoxedService;
use crate::status::Status;

/// What carries the calls below all layers: a tower service again, where no more is known than that it carries them.
#[derive(Clone)]
pub struct Below<S>(S);

impl<S> Below<S> {
    /// Around what carries the calls.
    pub fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S: Invoke<M>, M: Method> Service<Request<M>> for Below<S> {
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    /// Always ready: what is below is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        self.0.clone().invoke(request)
    }
}

impl<S> fmt::Debug for Below<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Below").finish_non_exhaustive()
    }
}

/// Has a service for the method `M`, of a type of its own. Generated for traits with layers on methods.
pub trait HasService<M: Method> {
    /// What carries calls of `M`.
    type Service: Invoke<M>;

    /// The service for `M`.
    fn service(&self) -> &Self::Service;
}

/// A service that is another one for some methods: below the layers that are on all of them. Nothing is boxed.
pub struct ByMethod<T>(Arc<T>);

impl<T> ByMethod<T> {
    /// Shares the services.
    pub fn new(services: T) -> Self {
        Self(Arc::new(services))
    }
}

impl<T: HasService<M>, M: Method> Service<Request<M>> for ByMethod<T> {
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    /// Always ready: the method's own service is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        self.0.service().clone().invoke(request)
    }
}

impl<T> Clone for ByMethod<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for ByMethod<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ByMethod").finish_non_exhaustive()
    }
}

/// `service` behind a layer that a trait declares for all its methods.
pub fn behind<L: DeclaredLayer<S>, S>(layer: L, service: S) -> L::Service {
    layer.layer(service)
}

/// The same for a layer that a method declares, which has to fit it.
pub fn behind_for<M, L, S>(layer: L, service: S) -> L::Service
where
    M: Method,
    L: DeclaredLayer<S>,
    L::Service: Invoke<M>,
{
    layer.layer(service)
}

/// The same where nothing else is around it.
pub fn boxed_behind<M, L, S>(layer: L, service: S) -> BoxedService<M>
where
    M: Method,
    L: DeclaredLayer<S>,
    L::Service: Invoke<M> + Sync,
{
    BoxedService::new(layer.layer(service))
}

/// [`tower::Layer`](tower_layer::Layer) under a name of our own, so that the compiler can say what to do where
/// `#[layer(..)]` is given something else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "`#[layer(..)]` takes a `tower::Layer`",
    note = "an interceptor becomes a layer by `#[layer(grpc_runtime::Intercept(..))]`, a function by `#[layer(grpc_runtime::layer::from_fn(..))]`, or by `#[grpc_runtime::interceptor]` on it and `#[layer(ItsName)]`"
)]
pub trait DeclaredLayer<S> {
    /// What the service becomes.
    type Service;

    /// Puts the layer around a service.
    fn layer(&self, inner: S) -> Self::Service;
}

#[diagnostic::do_not_recommend]
impl<S, L: Layer<S>> DeclaredLayer<S> for L {
    type Service = L::Service;

    fn layer(&self, inner: S) -> L::Service {
        Layer::layer(self, inner)
    }
}
