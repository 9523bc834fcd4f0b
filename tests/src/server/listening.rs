//! Where a [`Server`](super::Server) listens, and the listener itself while it is open.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{Stream, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_stream::wrappers::TcpListenerStream;
#[cfg(unix)]
use tokio_stream::wrappers::UnixListenerStream;
use tonic::body::Body;
use tonic::transport::server::Connected;
use tower::Service;

use crate::server::counts::Counted;
use crate::server::events::Event;
use crate::server::programmed::Program;

#[derive(Debug)]
pub(super) enum Listening {
    Tcp(SocketAddr),
    #[cfg(unix)]
    /// The folder of the socket, which goes with it.
    Unix(tempfile::TempDir),
}

#[derive(Debug)]
pub(super) enum Bound {
    Tcp(std::net::TcpListener),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

impl Listening {
    pub(super) fn free_port() -> (Self, Bound) {
        Self::port(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    pub(super) fn port(address: SocketAddr) -> (Self, Bound) {
        let bound = tcp(address);
        let address = bound.local_addr().expect("a bound listener has an address");
        (Listening::Tcp(address), Bound::Tcp(bound))
    }

    #[cfg(unix)]
    pub(super) fn unix() -> (Self, Bound) {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        let bound = unix(&socket(&folder));
        (Listening::Unix(folder), Bound::Unix(bound))
    }

    pub(super) fn bind_again(&self) -> Bound {
        match self {
            Listening::Tcp(address) => Bound::Tcp(tcp(*address)),
            #[cfg(unix)]
            Listening::Unix(folder) => {
                // The file outlives its listener; that it may be gone is no error.
                let _ = std::fs::remove_file(socket(folder));
                Bound::Unix(unix(&socket(folder)))
            }
        }
    }
}

impl Bound {
    pub(super) async fn serve<S>(
        self,
        builder: tonic::transport::Server,
        service: S,
        program: Arc<Program>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), tonic::transport::Error>
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send,
    {
        match self {
            Bound::Tcp(listener) => {
                let listener =
                    tokio::net::TcpListener::from_std(listener).expect("it is non-blocking");
                let incoming = TcpListenerStream::new(listener).inspect(|accepted| {
                    // Small answers go out at once, whatever was sent before.
                    if let Ok(stream) = accepted {
                        let _ = stream.set_nodelay(true);
                    }
                });
                serve(builder, service, counted(incoming, program), stop).await
            }
            #[cfg(unix)]
            Bound::Unix(listener) => {
                let listener =
                    tokio::net::UnixListener::from_std(listener).expect("it is non-blocking");
                let incoming = UnixListenerStream::new(listener);
                serve(builder, service, counted(incoming, program), stop).await
            }
        }
    }
}

async fn serve<S, Io>(
    mut builder: tonic::transport::Server,
    service: S,
    incoming: impl Stream<Item = std::io::Result<Io>>,
    stop: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    Io: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
{
    builder = builder.http2_max_header_list_size(64 * 1024);
    builder.serve_with_incoming_shutdown(service, incoming, stop).await
}

fn counted<Io>(
    incoming: impl Stream<Item = std::io::Result<Io>>,
    program: Arc<Program>,
) -> impl Stream<Item = std::io::Result<Counted<Io>>> {
    incoming.map(move |accepted| {
        accepted.map(|io| {
            program.report(Event::Connected);
            Counted::new(io, Arc::clone(&program))
        })
    })
}

fn tcp(address: SocketAddr) -> std::net::TcpListener {
    let listener = std::net::TcpListener::bind(address).expect("loopback has the port");
    listener.set_nonblocking(true).expect("a socket can be non-blocking");
    listener
}

#[cfg(unix)]
pub(super) fn socket(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("greeter.sock")
}

#[cfg(unix)]
fn unix(path: &std::path::Path) -> std::os::unix::net::UnixListener {
    let listener = std::os::unix::net::UnixListener::bind(path).expect("the folder is ours");
    listener.set_nonblocking(true).expect("a socket can be non-blocking");
    listener
}
