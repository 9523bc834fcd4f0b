//! From an address and a channel's security to a byte stream that HTTP/2 can start on.
//!
//! It is not the resolver (which produces addresses), does not speak HTTP/2, does not retry and
//! keeps no time: the subchannel that drives an attempt bounds the whole of it and backs off.
//! Dropping the future of an attempt closes its socket.

mod connector;
mod dialer;
mod error;
mod explain;
mod identity;
mod io;
mod memory;
#[cfg(test)]
mod tests;
#[cfg(feature = "tls")]
mod tls;

pub use connector::{ConnectFuture, Connector, IoStream};
pub(crate) use dialer::Dialer;
pub use error::{ConnectError, ConnectPhase};
pub(crate) use identity::ServerIdentity;
pub use memory::{MemoryConnector, MemoryListener};
