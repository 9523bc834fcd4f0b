//! The runtime of a typed gRPC client.
#![forbid(unsafe_code)]

// Row 0: values.
mod address;
mod connectivity;
mod metadata;
mod method;
mod status;
// Row 1: pure decisions.
mod backoff;
mod deadline;
mod framing;
mod target;
// Row 2: leaves.
pub mod codec;
mod credentials;
mod rt;
// Row 3: the outside world.
mod resolver;
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
mod layer;
// Row 8
#[doc(hidden)]
pub mod codegen;

pub use address::Address;
pub use call::{
    Bidi, Call, CallFuture, ClientStreaming, In, IntoOutbound, Invoke, InvokeFuture, Kind, Method,
    Out, Outbound, OutboundSender, Request, Response, ServerStreaming, SingleResponse, Streaming,
    Unary, outbound,
};
pub use channel::{Channel, ChannelBuilder, ChannelError};
pub use client::{Boxed, BoxedService, Dispatch, DynamicClient, DynamicMethod, Handler, InProcess};
pub use connectivity::ConnectivityState;
#[cfg(feature = "tls")]
pub use credentials::{ClientTls, TlsConfigError};
pub use engine::CallOptions;
pub use futures_core::Stream;
#[cfg(feature = "macros")]
pub use grpc_macros::grpc_client;
pub use layer::{Intercept, Intercepted, Interceptor};
pub use metadata::{
    IntoMetadataKey, IntoMetadataValue, InvalidMetadata, InvalidMetadataReason, Metadata,
    MetadataIter, MetadataKey, MetadataValue,
};
pub use method::{Idempotency, InvalidPath, MethodDescriptor, MethodKind, MethodRef};
pub use status::{Code, Delivery, DetailsError, Origin, RpcStatus, Status, UnknownCode};
pub use target::InvalidTarget;
pub use transport::connect::{
    ConnectError, ConnectFuture, ConnectPhase, Connector, IoStream, MemoryConnector, MemoryListener,
};
