//! The erased form of a client: one boxed service a method, behind one type that has a name.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::call::{Invoke, InvokeFuture, Method, Request, Response};
use crate::status::Status;

/// A service for one method, whatever it is made of. Cheap to clone.
pub struct BoxedService<M: Method> {
    /// Without its type in the type of this, because a program has one for each method: it compiles in less time.
    service: Arc<dyn Any + Send + Sync>,
    carry: fn(&(dyn Any + Send + Sync), Request<M>) -> InvokeFuture<M>,
}

impl<M: Method> BoxedService<M> {
    /// Boxes a service, with the layers that are on it.
    pub fn new<S: Invoke<M> + Sync>(service: S) -> Self {
        Self { service: Arc::new(service), carry: carry::<S, M> }
    }

    fn carry(&self, request: Request<M>) -> InvokeFuture<M> {
        (self.carry)(&*self.service, request)
    }
}

fn carry<S: Invoke<M>, M: Method>(
    service: &(dyn Any + Send + Sync),
    request: Request<M>,
) -> InvokeFuture<M> {
    service.downcast_ref::<S>().expect(OF_ITS_TYPE).clone().invoke(request)
}

/// The calls as they are, so that a layer can go around them.
impl<M: Method> Service<Request<M>> for BoxedService<M> {
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    /// Always ready: what is in the box is waited for when it is called.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        self.carry(request)
    }
}

impl<M: Method> Clone for BoxedService<M> {
    fn clone(&self) -> Self {
        Self { service: Arc::clone(&self.service), carry: self.carry }
    }
}

impl<M: Method> fmt::Debug for BoxedService<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("BoxedService").field(&M::DESCRIPTOR.path()).finish()
    }
}

/// Has a boxed service for the method `M`. Generated for the services of a trait.
pub trait Dispatch<M: Method>: 'static {
    /// The service for it.
    fn service(&self) -> &BoxedService<M>;

    /// The service for it, to replace.
    fn service_mut(&mut self) -> &mut BoxedService<M>;
}

/// The services of an erased client, shared by its clones. `GreeterClient<greeter::Boxed>` is one.
pub struct Boxed<T> {
    /// A `T`. Were that in its type, the compiler would look for each method again whether all services of the client can
    /// be sent between threads: a client of 100 methods took several times as long to compile.
    services: Arc<dyn Any + Send + Sync>,
    services_of: PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static> Boxed<T> {
    /// Shares the services of a client. Generated code calls this.
    pub fn new(services: T) -> Self {
        Self { services: Arc::new(services), services_of: PhantomData }
    }

    /// Changes the service of one method, and leaves the clones of this as they are.
    pub(super) fn replace<M: Method>(
        &mut self,
        change: impl FnOnce(BoxedService<M>) -> BoxedService<M>,
    ) where
        T: Dispatch<M> + Clone,
    {
        let mut services = self.services().clone();
        let service = services.service_mut();
        *service = change(service.clone());
        *self = Self::new(services);
    }
}

impl<T: 'static> Boxed<T> {
    fn services(&self) -> &T {
        self.services.downcast_ref().expect(OF_ITS_TYPE)
    }
}

impl<T: Dispatch<M>, M: Method> Service<Request<M>> for Boxed<T> {
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    /// Always ready: what is in the box is waited for when it is called.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        self.services().service().carry(request)
    }
}

impl<T> Clone for Boxed<T> {
    fn clone(&self) -> Self {
        Self { services: Arc::clone(&self.services), services_of: PhantomData }
    }
}

impl<T> fmt::Debug for Boxed<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Boxed").finish_non_exhaustive()
    }
}

const OF_ITS_TYPE: &str = "it was made of a value of this type";
