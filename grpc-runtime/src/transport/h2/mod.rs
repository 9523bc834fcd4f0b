//! HTTP/2: one connection and the streams on it, over the `h2` crate.
//!
//! Not gRPC: nothing here knows a status, a message frame or a method. The engine drives it.

mod connection;
mod driver;
mod error;
mod greeting;
mod settings;
mod slots;

pub(crate) use self::connection::{Connection, OpenStream, Peer};
pub(crate) use self::driver::connect;
pub(crate) use self::error::TransportError;
pub(crate) use self::settings::Http2Settings;
pub(crate) use self::slots::{LastUse, Slot, Usage};
