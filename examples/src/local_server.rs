//! A server inside the process of an example. It knows nothing of any lesson.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::{fmt, io};

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::service::interceptor::ResponseBody;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Status};
use tower::util::MapResponse;

use crate::certificates::{Authority, Certificate};
use crate::greeter::Greeting;
use crate::route_guide::Guide;
use crate::stubs::helloworld::greeter_server::GreeterServer;
use crate::stubs::routeguide::route_guide_server::RouteGuideServer;

/// A server on a free port of `127.0.0.1`. Dropping it ends it.
pub struct LocalServer {
    address: SocketAddr,
    is_tls: bool,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Result<(), tonic::transport::Error>>,
}

/// What can be served: every server that tonic generates, with or without its interceptors.
pub trait Implementation:
    Service<
        http::Request<Body>,
        Response = http::Response<Body>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + 'static
{
}

impl<S> Implementation for S where
    S: Service<
            http::Request<Body>,
            Response = http::Response<Body>,
            Error = Infallible,
            Future: Send + 'static,
        > + Clone
        + Send
        + 'static
{
}

impl LocalServer {
    /// Serves [`Greeting`] without encryption.
    ///
    /// # Errors
    ///
    /// Where the loopback interface has no free port.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves nothing behind.
    pub async fn greeter() -> io::Result<Self> {
        Self::plaintext(GreeterServer::new(Greeting)).await
    }

    /// Serves [`Greeting`] without encryption, to whoever sends this as `authorization`.
    ///
    /// # Errors
    ///
    /// Where the loopback interface has no free port.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves nothing behind.
    pub async fn guarded_greeter(authorization: &'static str) -> io::Result<Self> {
        let check = move |request: Request<()>| match request.metadata().get("authorization") {
            Some(value) if value == authorization => Ok(request),
            Some(_) | None => Err(Status::unauthenticated("say the word")),
        };
        let guarded = GreeterServer::with_interceptor(Greeting, check);
        let rebody = |answer: http::Response<ResponseBody<Body>>| answer.map(Body::new);
        Self::plaintext(MapResponse::new(guarded, rebody)).await
    }

    /// Serves a [`Guide`] without encryption.
    ///
    /// # Errors
    ///
    /// Where the loopback interface has no free port.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves nothing behind.
    pub async fn route_guide(guide: Guide) -> io::Result<Self> {
        Self::plaintext(RouteGuideServer::new(guide)).await
    }

    /// Serves `implementation` without encryption.
    ///
    /// # Errors
    ///
    /// Where the loopback interface has no free port.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves nothing behind.
    pub async fn plaintext(implementation: impl Implementation) -> io::Result<Self> {
        Self::serve(Server::builder(), false, implementation).await
    }

    /// Serves [`Greeting`] without encryption at this address, where port 0 is any free port. Every answer says in the
    /// header `x-server` which address that was.
    ///
    /// # Errors
    ///
    /// Where the machine has no such address, or it is taken.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves nothing behind.
    pub async fn greeter_at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let name = listener.local_addr()?.to_string();
        let name = http::HeaderValue::try_from(name).map_err(io::Error::other)?;
        let sign = move |mut answer: http::Response<Body>| {
            answer.headers_mut().insert("x-server", name.clone());
            answer
        };
        let greeter = MapResponse::new(GreeterServer::new(Greeting), sign);
        Self::serve_on(listener, Server::builder(), false, greeter)
    }

    /// Serves [`Greeting`] with TLS, as the host that `certificate` names. Where `clients` is given, callers have
    /// to show a certificate of that authority.
    ///
    /// # Errors
    ///
    /// Where the certificate or the key is none, or the loopback interface has no free port.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves nothing behind.
    pub async fn greeter_tls(
        certificate: &Certificate,
        clients: Option<&Authority>,
    ) -> io::Result<Self> {
        let identity = Identity::from_pem(&certificate.certificate, &certificate.key);
        let mut tls = ServerTlsConfig::new().identity(identity);
        if let Some(authority) = clients {
            tls = tls.client_ca_root(tonic::transport::Certificate::from_pem(authority.pem()));
        }
        let server = Server::builder().tls_config(tls).map_err(io::Error::other)?;
        Self::serve(server, true, GreeterServer::new(Greeting)).await
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to give to `Channel::builder`: `http://127.0.0.1:40125`, or `https://localhost:40125` with TLS.
    pub fn target(&self) -> String {
        match self.is_tls {
            true => format!("https://localhost:{}", self.address.port()),
            false => format!("http://{}", self.address),
        }
    }

    /// Takes no new calls, and waits for those in flight.
    ///
    /// # Errors
    ///
    /// Where serving had failed before.
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends the server at once.
    pub async fn stop(mut self) -> io::Result<()> {
        // Dropping the sender is the signal.
        self.stop.take();
        let served = (&mut self.serving).await.map_err(io::Error::other)?;
        served.map_err(io::Error::other)
    }

    async fn serve(
        server: Server,
        is_tls: bool,
        implementation: impl Implementation,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        Self::serve_on(listener, server, is_tls, implementation)
    }

    fn serve_on(
        listener: TcpListener,
        server: Server,
        is_tls: bool,
        implementation: impl Implementation,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let incoming = TcpListenerStream::new(listener);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            server.serve_with_incoming_shutdown(implementation, incoming, stopped).await
        });
        Ok(LocalServer { address, is_tls, stop: Some(stop), serving })
    }
}

impl fmt::Debug for LocalServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalServer").field("target", &self.target()).finish_non_exhaustive()
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
