//! [`ForMethod`]: a layer around the calls of one method, on a client that has several.

use std::fmt;
use std::marker::PhantomData;

use tower_layer::Layer;

use crate::call::{Invoke, Method};
use crate::client::boxed::{Boxed, BoxedService, Dispatch};

/// Puts a layer around one method of a [`Boxed`] client; the calls of the others go by it.
///
/// An erased client holds one service for each method, so this one is replaced. The client's type stays what it
/// was, and so do its clones.
///
/// ```
/// use grpc_runtime::{ForMethod, Intercept, Interceptor, Invoke, Request, Response, Status, grpc_client};
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
/// #[derive(Clone)]
/// struct Polite;
///
/// impl Interceptor<greeter::SayHello> for Polite {
///     async fn intercept<S: Invoke<greeter::SayHello>>(
///         &self,
///         mut request: Request<greeter::SayHello>,
///         next: S,
///     ) -> Result<Response<greeter::SayHello>, Status> {
///         request.message_mut().name.insert_str(0, "dear ");
///         next.invoke(request).await
///     }
/// }
///
/// fn polite(client: GreeterClient) -> GreeterClient<greeter::Boxed> {
///     client.boxed().layer(ForMethod::<greeter::SayHello, _>::new(Intercept(Polite)))
/// }
/// ```
pub struct ForMethod<M, L> {
    layer: L,
    method: PhantomData<fn() -> M>,
}

impl<M: Method, L> ForMethod<M, L> {
    /// Puts `layer` around the calls of `M`, outside of what is there already.
    pub fn new(layer: L) -> Self {
        Self { layer, method: PhantomData }
    }
}

impl<T, M, L> Layer<Boxed<T>> for ForMethod<M, L>
where
    T: Dispatch<M> + Clone + Send + Sync,
    M: Method,
    L: Layer<BoxedService<M>>,
    L::Service: Invoke<M> + Sync,
{
    type Service = Boxed<T>;

    fn layer(&self, mut services: Boxed<T>) -> Boxed<T> {
        services.replace(|service| BoxedService::new(self.layer.layer(service)));
        services
    }
}

impl<M, L: Clone> Clone for ForMethod<M, L> {
    fn clone(&self) -> Self {
        Self { layer: self.layer.clone(), method: PhantomData }
    }
}

impl<M: Method, L> fmt::Debug for ForMethod<M, L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("ForMethod").field(&M::DESCRIPTOR.path()).finish()
    }
}
