//! Connections that never leave the process: what a test connects a channel with.

use std::fmt;
use std::io;

use tokio::io::DuplexStream;
use tokio::sync::mpsc;

use super::connector::{ConnectFuture, Connector, IoStream};
use crate::address::Address;
use crate::credentials::SecurityLevel;

/// Bytes that each direction of a connection holds before its writer waits, as a loopback socket
/// would.
const BUFFER: usize = 64 * 1024;

/// A [`Connector`] whose connections come out of a [`MemoryListener`] in the same process.
///
/// No socket, no port, and no time of its own: a channel and a server joined by it run under
/// tokio's paused clock. The address is ignored. Clones connect to the same listener.
///
/// ```
/// use grpc_runtime::{Address, Connector, MemoryConnector};
/// use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (connector, mut listener) = MemoryConnector::pair();
///
/// let address = Address::Custom("greeter".into());
/// let mut client = connector.connect(&address).await?;
/// let mut server = listener.accept().await.expect("the connector still exists");
///
/// client.write_all(b"ping").await?;
/// let mut received = [0; 4];
/// server.read_exact(&mut received).await?;
/// assert_eq!(&received, b"ping");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryConnector {
    accepted: mpsc::UnboundedSender<DuplexStream>,
}

/// The server's end of a [`MemoryConnector`].
///
/// Dropping it refuses all later connections, and closes those not yet accepted.
pub struct MemoryListener {
    accepted: mpsc::UnboundedReceiver<DuplexStream>,
}

impl MemoryConnector {
    /// A connector and the listener that it connects to.
    pub fn pair() -> (Self, MemoryListener) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { accepted: sender }, MemoryListener { accepted: receiver })
    }
}

impl MemoryListener {
    /// Waits for the next connection; `None` once every connector is gone.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has not taken a connection.
    pub async fn accept(&mut self) -> Option<DuplexStream> {
        self.accepted.recv().await
    }
}

impl Connector for MemoryConnector {
    fn connect<'a>(&'a self, _: &'a Address) -> ConnectFuture<'a> {
        Box::pin(async move {
            let (client, server) = tokio::io::duplex(BUFFER);
            self.accepted.send(server).map_err(|_| {
                io::Error::new(io::ErrorKind::ConnectionRefused, "the in-memory listener is gone")
            })?;
            Ok(Box::new(client) as Box<dyn IoStream>)
        })
    }

    /// It does not leave the process.
    fn security_level(&self, _: &Address) -> SecurityLevel {
        SecurityLevel::PrivacyAndIntegrity
    }
}

impl fmt::Debug for MemoryConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryConnector").finish_non_exhaustive()
    }
}

impl fmt::Debug for MemoryListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryListener").finish_non_exhaustive()
    }
}
