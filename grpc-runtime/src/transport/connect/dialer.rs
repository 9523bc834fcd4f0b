//! `Dialer`: how one channel opens its connections. The socket first, TLS on top of it if asked.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::connector::Connector;
use super::error::ConnectError;
use super::io::{Io, Socket};
use crate::address::Address;
use crate::attributes::Attributes;
use crate::credentials::{Security, SecurityLevel};

/// Opens connections; one per channel, shared by its subchannels.
#[derive(Clone)]
pub(crate) struct Dialer {
    security: Security,
    connector: Option<Arc<dyn Connector>>,
}

impl Dialer {
    /// Opens the sockets itself.
    pub(crate) fn new(security: Security) -> Self {
        Self { security, connector: None }
    }

    /// Has the byte stream of every address opened by `connector`.
    pub(crate) fn with_connector(mut self, connector: Arc<dyn Connector>) -> Self {
        self.connector = Some(connector);
        self
    }

    /// Whether connections are unprotected.
    pub(crate) fn is_plaintext(&self) -> bool {
        matches!(self.security, Security::Plaintext)
    }

    /// How well connections to `address` are protected (gRFC L62). A Unix socket does not leave the machine.
    pub(crate) fn security_level(&self, address: &Address) -> SecurityLevel {
        match (&self.security, &self.connector) {
            #[cfg(feature = "tls")]
            (Security::Tls(_), _) => SecurityLevel::PrivacyAndIntegrity,
            (Security::Plaintext, Some(connector)) => connector.security_level(address),
            (Security::Plaintext, None) => match address {
                Address::Unix(_) | Address::UnixAbstract(_) => SecurityLevel::PrivacyAndIntegrity,
                Address::Tcp(_) | Address::Custom(_) => SecurityLevel::None,
            },
        }
    }

    /// Connects to `address`, of which a connector is told the `attributes`. `authority` is the channel's `:authority`, whose host names the
    /// server to TLS unless the user chose another name.
    ///
    /// Takes as long as the network does: the caller bounds it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the socket; a connection is returned complete or not at all.
    pub(crate) async fn connect(
        &self,
        address: &Address,
        attributes: &Attributes,
        #[cfg_attr(
            not(feature = "tls"),
            expect(unused_variables, reason = "only TLS has a name to verify")
        )]
        authority: &str,
    ) -> Result<Io, ConnectError> {
        let socket = self
            .open(address, attributes)
            .await
            .map_err(|source| ConnectError::socket(address, self.connector.is_some(), source))?;
        match &self.security {
            Security::Plaintext => Ok(Io::Plain(socket)),
            #[cfg(feature = "tls")]
            Security::Tls(tls) => super::tls::handshake(tls, address, authority, socket).await,
        }
    }

    async fn open(&self, address: &Address, attributes: &Attributes) -> io::Result<Socket> {
        if let Some(connector) = &self.connector {
            return connector.connect_with(address, attributes).await.map(Socket::Boxed);
        }
        match address {
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                // A call leaves in one write already; waiting for more to send (RFC 896) would
                // only delay it.
                stream.set_nodelay(true)?;
                Ok(Socket::Tcp(stream))
            }
            Address::Unix(path) => open_unix(path).await,
            Address::UnixAbstract(name) => open_abstract(name).await,
            Address::Custom(_) => Err(unsupported("no built-in connector knows custom addresses")),
        }
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer")
            .field("security", &self.security)
            .field("connector", &self.connector.as_ref().map(|_| "..."))
            .finish()
    }
}

#[cfg(unix)]
async fn open_unix(path: &Path) -> io::Result<Socket> {
    Ok(Socket::Unix(UnixStream::connect(path).await?))
}

#[cfg(not(unix))]
async fn open_unix(_: &Path) -> io::Result<Socket> {
    Err(unsupported("Unix domain sockets are not available on this platform"))
}

/// The kernel marks an abstract name by a leading NUL byte (`unix(7)`).
#[cfg(any(target_os = "linux", target_os = "android"))]
async fn open_abstract(name: &[u8]) -> io::Result<Socket> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let name = [b"\0", name].concat();
    open_unix(Path::new(OsStr::from_bytes(&name))).await
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
async fn open_abstract(_: &[u8]) -> io::Result<Socket> {
    Err(unsupported("abstract Unix sockets exist only on Linux"))
}

fn unsupported(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, what)
}
