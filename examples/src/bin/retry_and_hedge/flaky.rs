//! Servers that fail, and are slow, as planned.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use examples::stubs::helloworld::greeter_server::GreeterServer;
use examples::{Greeting, LocalServer};
use tokio::time::sleep;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Service, http};

/// Five servers. Dropping it ends them.
pub(crate) struct Replicas {
    servers: Vec<LocalServer>,
    called: Vec<Arc<AtomicUsize>>,
}

impl Replicas {
    pub(crate) async fn start() -> io::Result<Self> {
        let mut replicas = Self { servers: Vec::new(), called: Vec::new() };
        let fast = Duration::ZERO;
        for delay in [fast, fast, fast, fast, Duration::from_millis(100)] {
            let called = Arc::new(AtomicUsize::new(0));
            let flaky =
                Flaky { greeter: GreeterServer::new(Greeting), delay, called: Arc::clone(&called) };
            replicas.servers.push(LocalServer::plaintext(flaky).await?);
            replicas.called.push(called);
        }
        Ok(replicas)
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(LocalServer::address).collect()
    }

    /// Whether each of them has had calls.
    pub(crate) fn are_all_called(&self) -> bool {
        self.called.iter().all(|called| called.load(Ordering::Relaxed) > 0)
    }
}

/// A greeter that fails three calls of ten before they reach it.
#[derive(Clone)]
struct Flaky {
    greeter: GreeterServer<Greeting>,
    delay: Duration,
    called: Arc<AtomicUsize>,
}

impl Service<http::Request<Body>> for Flaky {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<http::Request<Body>>::poll_ready(&mut self.greeter, context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let number = self.called.fetch_add(1, Ordering::Relaxed);
        // Of the numbers 0 to 9 these are three that do not follow each other.
        let fails = number * 7 % 10 < 3;
        let delay = self.delay;
        let answer = (!fails).then(|| self.greeter.call(request));
        Box::pin(async move {
            sleep(delay).await;
            match answer {
                Some(answer) => answer.await,
                None => Ok(Status::unavailable("out of order").into_http()),
            }
        })
    }
}
