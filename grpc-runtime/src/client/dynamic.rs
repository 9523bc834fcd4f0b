//! [`DynamicClient`]: calls by path and bytes, for proxies, gateways and tools that have no types.

use std::sync::Arc;

use bytes::Bytes;
use tower_layer::Layer;

use crate::call::{
    Bidi, Call, ClientStreaming, DynamicMethod, IntoOutbound, Kind, Method, Out, ServerStreaming,
    Unary,
};
use crate::channel::Channel;
use crate::method::{InvalidPath, MethodDescriptor, MethodKind, MethodRef};

/// Makes calls of any method, with messages as they are on the wire.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use bytes::Bytes;
/// use grpc_runtime::{Channel, DynamicClient};
///
/// let channel = Channel::builder("dns:///greeter.prod:50051").build()?;
/// let client = DynamicClient::new(channel);
/// let request = Bytes::from_static(b"\x0a\x05world");
/// let reply: Bytes = client.unary("/helloworld.Greeter/SayHello", request)?.await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct DynamicClient<S = Channel> {
    service: S,
}

impl DynamicClient {
    /// A client on a channel.
    pub fn new(channel: Channel) -> Self {
        Self { service: channel }
    }
}

impl<S: Clone> DynamicClient<S> {
    /// A client on any service that carries [`DynamicMethod`]s.
    pub fn with_service(service: S) -> Self {
        Self { service }
    }

    /// Puts a layer around the service.
    pub fn layer<L: Layer<S>>(self, layer: L) -> DynamicClient<L::Service> {
        DynamicClient { service: layer.layer(self.service) }
    }

    /// A call with one message each way. `path` is `/package.Service/Method`.
    ///
    /// # Errors
    /// When `path` has another form.
    pub fn unary(
        &self,
        path: impl Into<String>,
        request: Bytes,
    ) -> Result<Call<S, DynamicMethod<Unary>>, InvalidPath> {
        self.call(path, MethodKind::Unary, request)
    }

    /// A call with one message out and any number back.
    ///
    /// # Errors
    /// When `path` is not `/package.Service/Method`.
    pub fn server_streaming(
        &self,
        path: impl Into<String>,
        request: Bytes,
    ) -> Result<Call<S, DynamicMethod<ServerStreaming>>, InvalidPath> {
        self.call(path, MethodKind::ServerStreaming, request)
    }

    /// A call with any number of messages out and one back.
    ///
    /// # Errors
    /// When `path` is not `/package.Service/Method`.
    pub fn client_streaming(
        &self,
        path: impl Into<String>,
        requests: impl IntoOutbound<Bytes>,
    ) -> Result<Call<S, DynamicMethod<ClientStreaming>>, InvalidPath> {
        self.call(path, MethodKind::ClientStreaming, requests.into_outbound())
    }

    /// A call with any number of messages either way.
    ///
    /// # Errors
    /// When `path` is not `/package.Service/Method`.
    pub fn bidi(
        &self,
        path: impl Into<String>,
        requests: impl IntoOutbound<Bytes>,
    ) -> Result<Call<S, DynamicMethod<Bidi>>, InvalidPath> {
        self.call(path, MethodKind::Bidi, requests.into_outbound())
    }

    fn call<K: Kind<Bytes, Bytes>>(
        &self,
        path: impl Into<String>,
        kind: MethodKind,
        message: Out<DynamicMethod<K>>,
    ) -> Result<Call<S, DynamicMethod<K>>, InvalidPath>
    where
        DynamicMethod<K>: Method<Request = Bytes, Response = Bytes, Kind = K>,
    {
        let method = MethodRef::Shared(Arc::new(MethodDescriptor::dynamic(path, kind)?));
        Ok(Call::of_method(self.service.clone(), method, message))
    }
}
