//! [`Next`]: what comes after a function, behind a type that can be written down.

use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::call::{AnyMethod, Invoke, InvokeFuture, Method, Request, Response};
use crate::status::Status;

/// What carries a call out after a function of [`from_fn`](crate::layer::from_fn()): the next layer, or the
/// channel.
///
/// It can be cloned and invoked more than once. It is a service as well, so that a function can put layers around
/// it.
pub struct Next<M: Method>(Box<dyn Carry<M>>);

impl<M: Method> Next<M> {
    /// In front of `service`.
    pub(super) fn new(service: impl Invoke<M>) -> Self {
        Self(Box::new(Direct(service)))
    }

    /// Carries out the call.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the call: the server is told, if it has heard of it.
    pub fn invoke(self, request: Request<M>) -> InvokeFuture<M> {
        self.0.carry(request)
    }
}

impl Next<AnyMethod> {
    /// In front of `service`, which carries calls of `M`.
    pub(super) fn erased<M: Method>(service: impl Invoke<M>) -> Self {
        Self(Box::new(Erased { service, method: PhantomData }))
    }
}

/// [`Invoke`] as a trait object that can be cloned.
trait Carry<M: Method>: Send {
    fn carry(self: Box<Self>, request: Request<M>) -> InvokeFuture<M>;
    fn boxed_clone(&self) -> Box<dyn Carry<M>>;
}

struct Direct<S>(S);

impl<M: Method, S: Invoke<M>> Carry<M> for Direct<S> {
    fn carry(self: Box<Self>, request: Request<M>) -> InvokeFuture<M> {
        self.0.invoke(request)
    }

    fn boxed_clone(&self) -> Box<dyn Carry<M>> {
        Box::new(Self(self.0.clone()))
    }
}

/// Takes calls out of their boxes, and puts the responses in.
struct Erased<S, M> {
    service: S,
    method: PhantomData<fn() -> M>,
}

impl<M: Method, S: Invoke<M>> Carry<AnyMethod> for Erased<S, M> {
    fn carry(self: Box<Self>, request: Request<AnyMethod>) -> InvokeFuture<AnyMethod> {
        InvokeFuture::boxed(async move {
            self.service.invoke(request.restored()?).await.map(Response::<AnyMethod>::erased)
        })
    }

    fn boxed_clone(&self) -> Box<dyn Carry<AnyMethod>> {
        Box::new(Self { service: self.service.clone(), method: PhantomData })
    }
}

impl<M: Method> Clone for Next<M> {
    fn clone(&self) -> Self {
        Self(self.0.boxed_clone())
    }
}

impl<M: Method> Service<Request<M>> for Next<M> {
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    /// Always ready: what is in the box is waited for when it is called.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        self.clone().0.carry(request)
    }
}

impl<M: Method> fmt::Debug for Next<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Next").field(&M::DESCRIPTOR.path()).finish()
    }
}
