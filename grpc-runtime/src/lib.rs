//! The runtime of a typed gRPC client.
#![forbid(unsafe_code)]

// Row 0: values.
mod address;
#[allow(dead_code, unused_imports, reason = "calls are to send it and to bring it back")]
mod metadata;
mod method;
#[allow(dead_code, unused_imports, reason = "calls are to end in it")]
mod status;
// Row 1: pure decisions.
#[allow(dead_code, reason = "subchannels are to wait by it")]
mod backoff;
#[allow(dead_code, reason = "calls are to send it")]
mod deadline;
#[allow(dead_code, unused_imports, reason = "calls are to read and write with it")]
mod framing;
// Row 2: leaves.
#[cfg_attr(not(test), expect(dead_code, reason = "the channel builder is to prepare it"))]
mod credentials;
// Row 3: the outside world.
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
