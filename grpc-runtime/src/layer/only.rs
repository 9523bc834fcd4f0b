//! [`only`]: a layer around the calls of one method, on a client of any type.
//!
//! [`ForMethod`](crate::ForMethod) does the same for a boxed client, and keeps its type.

use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::call::{Invoke, InvokeFuture, Method, Request, Response};
use crate::layer::cast::{cast, cast_same};
use crate::status::Status;

/// Puts `layer` around the calls of the method `T`; those of the others go by it, at no cost.
///
/// So a layer that is for one method, or that wants something of messages which only one method's have, fits on the
/// whole client:
///
/// ```
/// use std::time::Duration;
///
/// use grpc_runtime::layer::only;
/// use grpc_runtime::{Status, grpc_client};
/// use tower::timeout::TimeoutLayer;
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # struct HelloRequest { #[prost(string, tag = "1")] name: String }
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # struct HelloReply { #[prost(string, tag = "1")] message: String }
///
/// #[grpc_client(service = "helloworld.Greeter")]
/// trait Greeter {
///     async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
///     async fn say_goodbye(&self, request: HelloRequest) -> Result<HelloReply, Status>;
/// }
///
/// fn hurried(client: GreeterClient) -> impl Greeter {
///     let second = TimeoutLayer::new(Duration::from_secs(1));
///     client.layer(only::<greeter::SayHello, _>(second))
/// }
/// ```
pub fn only<T: Method, L>(layer: L) -> Only<T, L> {
    Only { layer, method: PhantomData }
}

/// A layer around one method, made by [`only`].
pub struct Only<T, L> {
    layer: L,
    method: PhantomData<fn() -> T>,
}

impl<T, L, S> Layer<S> for Only<T, L>
where
    L: Layer<S>,
    S: Clone,
{
    type Service = OnlyService<T, L::Service, S>;

    fn layer(&self, next: S) -> Self::Service {
        OnlyService { layered: self.layer.layer(next.clone()), next, method: PhantomData }
    }
}

impl<T, L: Clone> Clone for Only<T, L> {
    fn clone(&self) -> Self {
        Self { layer: self.layer.clone(), method: PhantomData }
    }
}

impl<T: Method, L> fmt::Debug for Only<T, L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Only").field(&T::DESCRIPTOR.path()).finish()
    }
}

/// A service with a layer for one method, and a way past it for the others.
pub struct OnlyService<T, L, S> {
    layered: L,
    next: S,
    method: PhantomData<fn() -> T>,
}

impl<T, L, S, M> Service<Request<M>> for OnlyService<T, L, S>
where
    T: Method,
    L: Invoke<T>,
    S: Invoke<M>,
    M: Method,
{
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    /// Always ready: the service that the call goes to is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        match cast::<Request<M>, Request<T>>(request) {
            Ok(request) => cast_same(self.layered.clone().invoke(request)),
            Err(other) => self.next.clone().invoke(other),
        }
    }
}

impl<T, L: Clone, S: Clone> Clone for OnlyService<T, L, S> {
    fn clone(&self) -> Self {
        Self { layered: self.layered.clone(), next: self.next.clone(), method: PhantomData }
    }
}

impl<T: Method, L, S> fmt::Debug for OnlyService<T, L, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("OnlyService").field(&T::DESCRIPTOR.path()).finish()
    }
}
