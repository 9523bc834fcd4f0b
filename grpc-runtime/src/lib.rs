//! The runtime of a typed gRPC client.
#![forbid(unsafe_code)]

mod address;
#[cfg_attr(not(test), expect(dead_code, reason = "the channel builder is to prepare it"))]
mod credentials;
#[allow(dead_code, unused_imports, reason = "calls are to send it and to bring it back")]
mod metadata;
mod method;
#[allow(dead_code, unused_imports, reason = "calls are to end in it")]
mod status;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "subchannels are to drive it"))]
mod transport;

pub use address::Address;
#[cfg(feature = "tls")]
pub use credentials::{ClientTls, TlsConfigError};
pub use metadata::{
    IntoMetadataKey, IntoMetadataValue, InvalidMetadata, InvalidMetadataReason, Metadata,
    MetadataIter, MetadataKey, MetadataValue,
};
pub use method::{Idempotency, InvalidPath, MethodDescriptor, MethodKind, MethodRef};
pub use status::{Code, Delivery, DetailsError, Origin, RpcStatus, Status, UnknownCode};
pub use transport::connect::{
    ConnectError, ConnectFuture, ConnectPhase, Connector, IoStream, MemoryConnector, MemoryListener,
};
