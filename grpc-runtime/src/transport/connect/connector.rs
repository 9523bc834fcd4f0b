//! `Connector`: where programs bring their own byte streams.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::address::Address;
use crate::attributes::Attributes;
use crate::credentials::SecurityLevel;

/// A byte stream in both directions that HTTP/2 can run on.
///
/// Implemented for everything that qualifies: `TcpStream`, `UnixStream`, `DuplexStream`, and
/// streams of one's own. `is_write_vectored` and `poll_write_vectored` are made use of.
pub trait IoStream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> IoStream for S {}

impl fmt::Debug for dyn IoStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IoStream")
    }
}

/// What a [`Connector`] returns: the opening of one byte stream.
pub type ConnectFuture<'a> =
    Pin<Box<dyn Future<Output = io::Result<Box<dyn IoStream>>> + Send + 'a>>;

/// Opens byte streams in place of the built-in TCP and Unix sockets: through a proxy or a tunnel,
/// over vsock, or in memory for tests.
///
/// # Who calls, when, on which task
///
/// A channel with a connector calls it for *every* address, one call per connection attempt, from
/// the task that drives the attempt. Attempts to different addresses may overlap. The channel
/// bounds each attempt, TLS included, and drops the future when its time is over or nobody wants
/// the connection any more; a dropped future must close what it opened. The channel backs off and
/// tries again after an error, so a connector should not.
///
/// Where the channel uses TLS, the handshake runs *on* the returned stream: a connector always
/// returns the plain one.
///
/// # Errors
///
/// The error becomes the source of a [`ConnectError`](crate::ConnectError), and its
/// [kind](io::Error::kind) chooses the advice in its message. [`io::Error::other`] takes any error.
///
/// # Examples
///
/// A function is a connector:
///
/// ```
/// use std::io;
///
/// use grpc_runtime::{Address, Connector};
/// use tokio::net::TcpStream;
///
/// async fn by_way_of_the_sidecar(address: Address) -> io::Result<TcpStream> {
///     match address {
///         Address::Tcp(_) => TcpStream::connect(("127.0.0.1", 15001)).await,
///         other => Err(io::Error::other(format!("the sidecar cannot reach {other}"))),
///     }
/// }
///
/// fn takes_a_connector(connector: impl Connector) {}
/// takes_a_connector(by_way_of_the_sidecar);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not open byte streams for a channel",
    note = "implement `Connector`, or pass an `async fn(Address) -> io::Result<S>` whose `S` \
            implements tokio's `AsyncRead` and `AsyncWrite`"
)]
pub trait Connector: Send + Sync + 'static {
    /// Opens a byte stream to `address`.
    fn connect<'a>(&'a self, address: &'a Address) -> ConnectFuture<'a>;

    /// The same, with what the resolver attached to the endpoint for whoever makes the connection
    /// ([`Endpoint::with_connection_attributes`](crate::lb::Endpoint::with_connection_attributes)): which tunnel to
    /// take, say. This is what a channel calls. Default: [`connect`](Connector::connect).
    fn connect_with<'a>(
        &'a self,
        address: &'a Address,
        attributes: &'a Attributes,
    ) -> ConnectFuture<'a> {
        let _ = attributes;
        self.connect(address)
    }

    /// How well the streams to `address` are protected by themselves, where the channel does not use TLS on them: call
    /// credentials ask for it. One that encrypts, or that does not leave the process, may say so. Default:
    /// [`SecurityLevel::None`].
    fn security_level(&self, address: &Address) -> SecurityLevel {
        let _ = address;
        SecurityLevel::None
    }
}

impl<F, Fut, S> Connector for F
where
    F: Fn(Address) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = io::Result<S>> + Send + 'static,
    S: IoStream,
{
    fn connect<'a>(&'a self, address: &'a Address) -> ConnectFuture<'a> {
        let connecting = self(address.clone());
        Box::pin(async move { Ok(Box::new(connecting.await?) as Box<dyn IoStream>) })
    }
}

/// Channels hold connectors as objects.
const _: fn(&dyn Connector) = |_| {};
