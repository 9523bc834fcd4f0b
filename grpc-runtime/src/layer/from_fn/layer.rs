//! The layer of [`from_fn`].

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use tower_layer::Layer;

use crate::call::{Method, Request, Response};
use crate::layer::from_fn::{FromFnService, Next};
use crate::status::Status;

/// Makes a layer of a function that carries out calls: usually by `next.invoke(request).await`, with something
/// before, after or instead.
///
/// The type of its request says which calls it sees:
///
/// - `Request<greeter::SayHello>`: those of one method, with their messages as themselves. The calls of other
///   methods go by it, at no cost, so it fits on any client.
/// - `Request<AnyMethod>`: all calls. Method, metadata and options are there, the messages are in a box.
///
/// ```
/// use grpc_runtime::layer::{Next, from_fn};
/// use grpc_runtime::{AnyMethod, Request, Response, Status, grpc_client};
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
/// async fn tenant(
///     mut request: Request<AnyMethod>,
///     next: Next<AnyMethod>,
/// ) -> Result<Response<AnyMethod>, Status> {
///     request.metadata_mut().insert("x-tenant", "blue")?;
///     next.invoke(request).await
/// }
///
/// fn layered(client: GreeterClient) -> impl Greeter {
///     client.layer(from_fn(tenant)).layer(from_fn(
///         async |mut request: Request<greeter::SayHello>, next: Next<greeter::SayHello>| {
///             request.message_mut().name.insert_str(0, "dear ");
///             next.invoke(request).await
///         },
///     ))
/// }
/// ```
///
/// The function runs once for each call that the program makes. For a streaming call the response is the start of
/// the stream; [`Response::on_end`] sees its end. A function that panics fails its call with INTERNAL.
///
/// A call that it sees costs three small boxes; for all methods, two more for the messages.
pub fn from_fn<F, M, R>(function: F) -> FromFn<F, M>
where
    F: Fn(Request<M>, Next<M>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Response<M>, Status>> + Send + 'static,
    M: Method,
{
    FromFn { function, method: PhantomData }
}

/// A function as a layer, made by [`from_fn`].
pub struct FromFn<F, M> {
    function: F,
    method: PhantomData<fn() -> M>,
}

impl<F: Clone, M, S> Layer<S> for FromFn<F, M> {
    type Service = FromFnService<F, M, S>;

    fn layer(&self, next: S) -> Self::Service {
        FromFnService::new(self.function.clone(), next)
    }
}

impl<F: Clone, M> Clone for FromFn<F, M> {
    fn clone(&self) -> Self {
        Self { function: self.function.clone(), method: PhantomData }
    }
}

impl<F, M: Method> fmt::Debug for FromFn<F, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("FromFn").field(&M::DESCRIPTOR.path()).finish()
    }
}
