//! The runtime of a typed gRPC client.
#![forbid(unsafe_code)]

mod address;
#[cfg_attr(not(test), expect(dead_code, reason = "the channel builder is to prepare it"))]
mod credentials;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "subchannels are to drive it"))]
mod transport;

pub use address::Address;
#[cfg(feature = "tls")]
pub use credentials::{ClientTls, TlsConfigError};
pub use transport::connect::{
    ConnectError, ConnectFuture, ConnectPhase, Connector, IoStream, MemoryConnector, MemoryListener,
};
