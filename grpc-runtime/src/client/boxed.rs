//! The erased form of a client: one boxed service a method, behind one type that has a name.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::call::{BoxFuture, Invoke, Method, Request, Response};
use crate::status::Status;

/// A service for one method, whatever it is made of. Cheap to clone.
pub struct BoxedService<M: Method>(Arc<dyn Carry<M>>);

impl<M: Method> BoxedService<M> {
    /// Boxes a service, with the layers that are on it.
    pub fn new(service: impl Invoke<M> + Sync) -> Self {
        Self(Arc::new(service))
    }
}

/// [`Invoke`] as a trait object.
trait Carry<M: Method>: Send + Sync {
    fn carry(&self, request: Request<M>) -> BoxFuture<Result<Response<M>, Status>>;
}

impl<M: Method, S: Invoke<M> + Sync> Carry<M> for S {
    fn carry(&self, request: Request<M>) -> BoxFuture<Result<Response<M>, Status>> {
        self.clone().invoke_boxed(request)
    }
}

/// The calls as they are, so that a layer can go around them.
impl<M: Method> Service<Request<M>> for BoxedService<M> {
    type Response = Response<M>;
    type Error = Status;
    type Future = BoxFuture<Result<Response<M>, Status>>;

    /// Always ready: what is in the box is waited for when it is called.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        self.0.carry(request)
    }
}

impl<M: Method> Clone for BoxedService<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
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
        self.services.downcast_ref().expect("it is made of a `T`, and of nothing else")
    }
}

impl<T: Dispatch<M>, M: Method> Service<Request<M>> for Boxed<T> {
    type Response = Response<M>;
    type Error = Status;
    type Future = BoxFuture<Result<Response<M>, Status>>;

    /// Always ready: what is in the box is waited for when it is called.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        self.services().service().0.carry(request)
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
