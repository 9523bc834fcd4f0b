//! A typed gRPC client: a channel, calls, layers and codecs.
//!
//! A Rust trait becomes a client by [`#[grpc_client]`](grpc_client); a `.proto` file becomes such a trait by the
//! build-script crate `grpc-build`. Both end in the same client, on the same [`Channel`].
//!
//! ```no_run
//! use grpc_runtime::{Channel, Status, Streaming, grpc_client};
//! # #[derive(Clone, PartialEq, prost::Message)]
//! # pub struct HelloRequest { #[prost(string, tag = "1")] pub name: String }
//! # #[derive(Clone, PartialEq, prost::Message)]
//! # pub struct HelloReply { #[prost(string, tag = "1")] pub message: String }
//! use std::time::Duration;
//!
//! #[grpc_client(service = "helloworld.Greeter")]
//! pub trait Greeter {
//!     #[rpc(idempotent, timeout = "500ms")]
//!     async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
//!     async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let channel = Channel::builder("dns:///greeter.prod:50051").build()?; // connects on the first call
//! let greeter = GreeterClient::new(channel);
//! let request = HelloRequest { name: "Ada".to_owned() };
//!
//! let reply = greeter.say_hello(request.clone()).await?;
//! let reply = greeter.say_hello(request.clone()).timeout(Duration::from_millis(50)).await?;
//!
//! let mut replies = greeter.list_hellos(request).await?;
//! while let Some(reply) = replies.message().await? {
//!     println!("{}", reply.message);
//! }
//! # Ok(()) }
//! ```
//!
//! # Where to look
//!
//! | you want to | see |
//! |---|---|
//! | say where the server is, and how to get there | [`Channel::builder`], [`ChannelBuilder`], `ClientTls` |
//! | spread calls over servers, or choose one for each call yourself | [`ChannelBuilder::load_balancing`], [`lb`] |
//! | tell a channel where the servers are, from a watch or a file | [`resolver`], [`ManualResolver`](resolver::ManualResolver) |
//! | know how the channel stands, and why | [`Channel::state_changes`], [`Channel::wait_ready`] |
//! | set options of one call, see its headers and trailers | [`Call`], [`Response`], [`CallOptions`] |
//! | have failed calls made again, or slow ones twice | `#[rpc(retry(..), hedge(..))]` of [`#[grpc_client]`](grpc_client), [`ServiceConfig::method`](service_config::ServiceConfig::method), [`Call::retry`], [`Call::hedge`] |
//! | cancel calls from elsewhere | [`CancelHandle`] |
//! | pass a deadline, cancellation and trace on to the calls that a server's handler makes | [`CallContext`] |
//! | read a stream of replies | [`Streaming`] |
//! | send a stream of requests | any [`Stream`], or [`outbound`] |
//! | know why a call failed | [`Status`]: its [`Code`], its [`Origin`], its [`Delivery`], its [`error_details`] |
//! | let calls fail with an error type of your own | [`FromStatus`] |
//! | send and read what goes beside messages | [`Metadata`] |
//! | say who calls: tokens, and schemes of your own | [`credentials`] |
//! | do something around calls | [`#[interceptor]`](macro@interceptor), [`Interceptor`], [`layer`], or any `tower::Layer` |
//! | say in the trait what is around its calls | `#[layer(..)]` of [`#[grpc_client]`](grpc_client) |
//! | do it once for all clients of a channel, or at each attempt of a call | [`ChannelBuilder::layer`], [`ChannelBuilder::attempt_interceptor`], [the three positions](layer#three-positions) |
//! | know how a call ended, once, whatever ended it | [`Call::on_end`], [`layer::on_end`](layer::on_end()), [`Response::on_end`], [`Ended`] |
//! | test without a network | `GreeterClient::in_process`, [`InProcess`], [`testing`] |
//! | keep a client in a struct, whatever its layers | `GreeterClient::boxed`, [`Boxed`] |
//! | speak something other than Protocol Buffers | [`codec`] |
//! | compress messages | [`compression`] |
//! | call methods that are known only at run time | [`DynamicClient`] |
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `dns` | yes | names looked up in DNS itself by hickory, at a server of choice with `dns://server/name`; without it, by the operating system |
//! | `gzip` | yes | `compression::Gzip`, in Rust alone: what every implementation of gRPC can read |
//! | `deflate` | no | `compression::Deflate` |
//! | `zstd` | no | `compression::Zstd`: smaller in less time; compiles C |
//! | `macros` | yes | [`#[grpc_client]`](grpc_client), [`#[interceptor]`](macro@interceptor) |
//! | `tls-ring` | yes | TLS by rustls with the ring provider |
//! | `tls-aws-lc` | no | TLS by rustls with the aws-lc-rs provider, preferred where both are on |
//! | `tls-platform-roots` | yes | trust in what the operating system trusts |
//! | `tls-webpki-roots` | yes | trust in Mozilla's list, compiled in |
//! | `tls` | by the others | TLS with a `rustls::ClientConfig` of the program's |
//!
//! A runtime of tokio with I/O and time is needed where calls are awaited.
#![forbid(unsafe_code)]

// Row 0: values.
mod address;
mod attempts;
mod attributes;
mod connectivity;
mod encoding;
pub mod error_details;
mod metadata;
mod method;
mod status;
// Row 1: pure decisions.
mod backoff;
mod deadline;
mod framing;
pub mod lb;
mod retry;
pub mod service_config;
mod target;
// Row 2: leaves.
pub mod codec;
pub mod compression;
pub mod credentials;
mod rt;
// Row 3: the outside world.
pub mod resolver;
mod transport;
// Row 4
mod subchannel;
// Row 5
mod engine;
// Row 6
mod channel;
// Row 7: the typed edge.
mod call;
mod client;
pub mod layer;
// Row 8
#[doc(hidden)]
pub mod codegen;
pub mod testing;

pub use address::Address;
pub use attributes::Attributes;
pub use backoff::BackoffConfig;
pub use call::{
    AnyKind, AnyMethod, AnyRequest, AnyResponse, Bidi, Call, CallContext, CallFuture, CancelHandle,
    CancelOnDrop, ChannelCalls, ClientStreaming, DynamicMethod, Ended, Idempotent, In,
    IntoOutbound, Invoke, InvokeBytes, InvokeFuture, Kind, Method, MethodSettings, Out, Outbound,
    OutboundSender, OutboundSink, Request, Response, SendFuture, ServerStreaming, SingleRequest,
    SingleResponse, Streaming, StreamingResponse, Unary, outbound,
};
pub use channel::{Channel, ChannelBuilder, ChannelError};
pub use client::{Boxed, BoxedService, Dispatch, DynamicClient, ForMethod, Handler, InProcess};
pub use connectivity::ConnectivityState;
#[cfg(feature = "tls")]
pub use credentials::{ClientTls, TlsConfigError};
pub use engine::{
    Attempt, AttemptInterceptor, CallOptions, InvalidOption, StateChange, StateChanges,
};
pub use futures_core::Stream;
#[cfg(feature = "macros")]
pub use grpc_macros::{grpc_client, interceptor};
pub use layer::interceptor::{Intercept, Intercepted, Interceptor};
pub use metadata::{
    IntoMetadataKey, IntoMetadataValue, InvalidMetadata, InvalidMetadataReason, Metadata,
    MetadataIter, MetadataKey, MetadataValue,
};
pub use method::{Idempotency, InvalidPath, MethodDescriptor, MethodKind, MethodRef};
pub use status::{
    Code, Delivery, DetailsError, FromStatus, Origin, RpcStatus, Status, UnknownCode,
};
pub use target::InvalidTarget;
// The crates whose types are part of messages, in the versions that generated code is made for.
pub use transport::connect::{
    ConnectError, ConnectFuture, ConnectPhase, Connector, IoStream, MemoryConnector, MemoryListener,
};
pub use {prost, prost_types};
