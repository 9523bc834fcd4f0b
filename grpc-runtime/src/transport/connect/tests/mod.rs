//! Connection attempts against real sockets: plain ones here, TLS in `tls`.

#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
mod tls;

use std::error::Error as _;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::io::Io;
use super::io::Socket;
use super::{ConnectPhase, Connector, Dialer, MemoryConnector};
use crate::address::Address;
use crate::attributes::Attributes;
use crate::credentials::Security;

/// No attributes.
static NONE: &Attributes = &Attributes::new();

/// Longer than anything on loopback takes, on however busy a machine.
const LIMIT: Duration = Duration::from_secs(20);

#[expect(clippy::disallowed_methods, reason = "the bound of a test is real time")]
async fn bounded<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.expect("the test hangs")
}

fn plaintext() -> Dialer {
    Dialer::new(Security::Plaintext)
}

async fn listener() -> (TcpListener, Address) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().into();
    (listener, address)
}

/// Sends a few bytes each way.
async fn exchange(
    client: &mut Io,
    server: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> io::Result<()> {
    let mut received = [0; 4];
    client.write_all(b"ping").await?;
    client.flush().await?;
    server.read_exact(&mut received).await?;
    assert_eq!(&received, b"ping");
    server.write_all(b"pong").await?;
    server.flush().await?;
    client.read_exact(&mut received).await?;
    assert_eq!(&received, b"pong");
    Ok(())
}

#[tokio::test]
async fn tcp_without_delay_and_with_vectored_writes() {
    bounded(async {
        let (listener, address) = listener().await;
        let dialer = plaintext();
        let mut client = dialer.connect(&address, NONE, "ignored").await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();

        let Io::Plain(Socket::Tcp(stream)) = &client else { panic!("{client:?}") };
        assert!(stream.nodelay().unwrap());
        assert!(client.is_write_vectored());
        exchange(&mut client, &mut server).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_refused_connection_says_where_and_what_to_check() {
    bounded(async {
        let (listener, address) = listener().await;
        drop(listener);
        let error = plaintext().connect(&address, NONE, "ignored").await.unwrap_err();

        assert_eq!(error.phase(), ConnectPhase::Connect);
        assert_eq!(error.address(), &address);
        let shown = error.to_string();
        assert!(shown.contains(&address.to_string()), "{shown}");
        assert!(shown.contains("is the server running"), "{shown}");
        let source: &io::Error = error.source().unwrap().downcast_ref().unwrap();
        assert_eq!(source.kind(), io::ErrorKind::ConnectionRefused);
    })
    .await;
}

#[cfg(unix)]
#[tokio::test]
async fn unix_sockets() {
    bounded(async {
        let directory = Directory::new("unix_sockets");
        let path = directory.0.join("server.sock");
        let address = Address::Unix(path.clone());

        let missing = plaintext().connect(&address, NONE, "localhost").await.unwrap_err();
        assert!(missing.hint().unwrap().contains("no such socket"), "{missing}");

        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let mut client = plaintext().connect(&address, NONE, "localhost").await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        assert!(client.is_write_vectored());
        exchange(&mut client, &mut server).await.unwrap();
        drop(listener);

        let refused = plaintext().connect(&address, NONE, "localhost").await.unwrap_err();
        assert!(refused.hint().unwrap().contains("is the server running"), "{refused}");
    })
    .await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn abstract_unix_sockets() {
    bounded(async {
        let name = format!("grpc-runtime-test-{}", std::process::id());
        let listener = tokio::net::UnixListener::bind(format!("\0{name}")).unwrap();
        let address = Address::UnixAbstract(name.into_bytes());
        let mut client = plaintext().connect(&address, NONE, "localhost").await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        exchange(&mut client, &mut server).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn custom_addresses_need_a_connector() {
    bounded(async {
        let address = Address::Custom("greeter".into());
        let error = plaintext().connect(&address, NONE, "greeter").await.unwrap_err();
        assert!(error.hint().unwrap().contains("connector"), "{error}");

        let (connector, mut listener) = MemoryConnector::pair();
        let dialer = plaintext().with_connector(Arc::new(connector));
        let mut client = dialer.connect(&address, NONE, "greeter").await.unwrap();
        let mut server = listener.accept().await.unwrap();
        assert!(matches!(client, Io::Plain(Socket::Boxed(_))));
        exchange(&mut client, &mut server).await.unwrap();

        drop(listener);
        let error = dialer.connect(&address, NONE, "greeter").await.unwrap_err();
        assert_eq!(error.phase(), ConnectPhase::Connect);
        drop(dialer);
    })
    .await;
}

#[tokio::test]
async fn a_memory_listener_ends_with_its_last_connector() {
    bounded(async {
        let (connector, mut listener) = MemoryConnector::pair();
        drop(connector.clone());
        drop(connector);
        assert!(listener.accept().await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_function_is_a_connector_for_every_address() {
    /// A type of one's own is one too, beside the functions.
    struct Refusing;
    impl Connector for Refusing {
        fn connect<'a>(&'a self, _: &'a Address) -> super::ConnectFuture<'a> {
            Box::pin(async { Err(io::Error::other("not today")) })
        }
    }

    bounded(async {
        let (listener, address) = listener().await;
        let Address::Tcp(elsewhere) = address else { panic!("{address:?}") };
        let dialer = plaintext().with_connector(Arc::new(move |asked: Address| async move {
            assert_eq!(asked, Address::Unix("/nowhere".into()));
            TcpStream::connect(elsewhere).await
        }));
        let address = Address::Unix("/nowhere".into());
        let mut client = dialer.connect(&address, NONE, "localhost").await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        exchange(&mut client, &mut server).await.unwrap();

        let dialer = plaintext().with_connector(Arc::new(Refusing));
        let error = dialer.connect(&address, NONE, "localhost").await.unwrap_err();
        assert_eq!(error.hint(), None);
        assert_eq!(error.source().unwrap().to_string(), "not today");
    })
    .await;
}

/// A directory of one test, removed with it.
#[cfg(unix)]
struct Directory(std::path::PathBuf);

#[cfg(unix)]
impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("grpc-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

#[cfg(unix)]
impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
