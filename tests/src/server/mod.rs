//! A real gRPC server of another make (tonic) for `helloworld.Greeter`, on a thread of its own.
//!
//! ```no_run
//! # async fn example() {
//! use tests::server::{Behaviour, Server};
//!
//! let mut server = Server::start();
//! server.behave(Behaviour::new().stall_after_headers());
//! // .. call `server.target()` with a deadline ..
//! let call = server.started().await;
//! assert_eq!(call.path, "/helloworld.Greeter/SayHello");
//! server.cancelled().await;
//! # }
//! ```

mod behaviour;
mod compression;
mod counts;
mod events;
mod greeter;
mod listening;
mod programmed;
mod relay;
mod running;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tonic::transport::{Identity, ServerTlsConfig};

use crate::certificates::Certificates;
use crate::wait::{PATIENCE, within};

pub use behaviour::Behaviour;
pub use compression::Compression;
pub use counts::Counts;
pub use events::{CallStart, Event};
pub use relay::Relay;

use greeter::Host;
use listening::{Bound, Listening};
use programmed::{Program, Programmed};
use running::Running;

/// Server stubs by tonic's generator.
#[expect(unreachable_pub, unused_qualifications, reason = "tonic writes them")]
#[allow(
    clippy::allow_attributes_without_reason,
    reason = "tonic writes them; only clippy could fulfil an `expect`"
)]
mod stubs {
    include!(concat!(env!("OUT_DIR"), "/helloworld.rs"));
}

/// A running greeter; dropping it ends it and every connection.
#[derive(Debug)]
pub struct Server {
    listening: Listening,
    certificates: Option<(Certificates, ClientCertificate)>,
    compression: Compression,
    connection_age: Option<Duration>,
    program: Arc<Program>,
    events: mpsc::UnboundedReceiver<Event>,
    running: Option<Running>,
}

/// Whether a TLS server asks its clients who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificate {
    /// Clients stay anonymous.
    NotAsked,
    /// Only a certificate of the same authority gets in.
    Required,
}

impl Server {
    /// Serves plaintext on a free port of `127.0.0.1`.
    ///
    /// # Panics
    ///
    /// When the machine has no loopback interface; so do the other constructors.
    pub fn start() -> Self {
        Self::launch(Listening::free_port(), None, Compression::default())
    }

    /// Serves plaintext on a free port of `127.0.0.1`, and compresses.
    pub fn start_compressing(compression: Compression) -> Self {
        Self::launch(Listening::free_port(), None, compression)
    }

    /// Serves TLS on a free port of `127.0.0.1` with the server leaf of `certificates`.
    pub fn start_tls(certificates: &Certificates, client: ClientCertificate) -> Self {
        Self::launch(
            Listening::free_port(),
            Some((certificates.clone(), client)),
            Compression::default(),
        )
    }

    /// Serves plaintext on a Unix socket in a fresh folder.
    #[cfg(unix)]
    pub fn start_unix() -> Self {
        Self::launch(Listening::unix(), None, Compression::default())
    }

    /// Serves plaintext at this address.
    pub fn start_at(address: SocketAddr) -> Self {
        Self::launch(Listening::port(address), None, Compression::default())
    }

    /// The same without [events](Event), for tests of so many calls that they would pile up; [`counts`](Self::counts)
    /// go on.
    pub fn without_events(mut self) -> Self {
        self.events.close();
        self
    }

    /// From the next [`restart`](Self::restart) on, says farewell on each connection that is this old (GOAWAY), as
    /// servers do for the sake of balance.
    pub fn set_connection_age(&mut self, age: Duration) {
        self.connection_age = Some(age);
    }

    /// Changes what later calls meet.
    pub fn behave(&self, behaviour: Behaviour) {
        self.program.behave(behaviour);
    }

    /// Has one later call fail with this status, and the one after it be answered as before. Several add up.
    pub fn fail_next(&self, status: tonic::Status) {
        self.program.fail_next(status);
    }

    /// Where to connect: `http://127.0.0.1:PORT`, `https://localhost:PORT` or `unix:PATH`.
    pub fn target(&self) -> String {
        match (&self.listening, &self.certificates) {
            (Listening::Tcp(address), None) => format!("http://{address}"),
            (Listening::Tcp(address), Some(_)) => format!("https://localhost:{}", address.port()),
            #[cfg(unix)]
            (Listening::Unix(folder), _) => format!("unix:{}", listening::socket(folder).display()),
        }
    }

    /// The TCP address.
    ///
    /// # Panics
    ///
    /// On a server that listens on a Unix socket.
    pub fn address(&self) -> SocketAddr {
        match self.listening {
            Listening::Tcp(address) => address,
            #[cfg(unix)]
            Listening::Unix(..) => panic!("a Unix socket has no TCP address"),
        }
    }

    /// The next event; panics when none comes within [`PATIENCE`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses no event.
    pub async fn event(&mut self) -> Event {
        within("an event of the server", self.events.recv())
            .await
            .expect("the program keeps a sender")
    }

    /// The head of the next call, passing over other events.
    ///
    /// # Cancel safety
    ///
    /// Events passed over so far are gone.
    pub async fn started(&mut self) -> CallStart {
        loop {
            if let Event::Started(start) = self.event().await {
                return start;
            }
        }
    }

    /// The path of the next call that the client ended early, passing over other events.
    ///
    /// # Cancel safety
    ///
    /// Events passed over so far are gone.
    pub async fn cancelled(&mut self) -> String {
        loop {
            if let Event::Cancelled(path) = self.event().await {
                return path;
            }
        }
    }

    /// Everything that happened and was not yet asked for, without waiting.
    pub fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    /// What there was until now.
    pub fn counts(&self) -> Counts {
        *self.program.counts().borrow()
    }

    /// Waits until there was as much as `enough` wants; `what` names it where it does not come within [`PATIENCE`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn counted(&self, what: &str, mut enough: impl FnMut(&Counts) -> bool) -> Counts {
        let mut counts = self.program.counts();
        let counted = within(what, counts.wait_for(|counts| enough(counts))).await;
        *counted.expect("the program is ours")
    }

    /// Ends gracefully: GOAWAY, calls in flight run to their end, the port closes.
    ///
    /// # Panics
    ///
    /// When calls are still in flight after [`PATIENCE`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends the server abruptly.
    pub async fn shut_down(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.signal_graceful();
            // Ended either way: the thread drops its sender when it is through.
            let _ = within("calls in flight to end", &mut running.ended).await;
        }
    }

    /// Ends abruptly: every connection and the port close now, whatever is in flight.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Listens again on the same port or path after [`shut_down`](Self::shut_down) or [`kill`](Self::kill).
    ///
    /// # Panics
    ///
    /// When something else has taken the port meanwhile.
    pub fn restart(&mut self) {
        self.kill();
        self.running = Some(self.run(self.listening.bind_again()));
    }

    fn launch(
        (listening, bound): (Listening, Bound),
        certificates: Option<(Certificates, ClientCertificate)>,
        compression: Compression,
    ) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let program = Arc::new(Program::new(Behaviour::new(), sender));
        let mut server = Server {
            listening,
            certificates,
            compression,
            connection_age: None,
            program,
            events,
            running: None,
        };
        server.running = Some(server.run(bound));
        server
    }

    fn run(&self, bound: Bound) -> Running {
        let (graceful, graceful_asked) = oneshot::channel::<()>();
        let (abrupt, abrupt_asked) = oneshot::channel::<()>();
        let (ending, ended) = oneshot::channel();
        let program = Arc::clone(&self.program);
        let (compression, connection_age) = (self.compression, self.connection_age);
        let tls =
            self.certificates.as_ref().map(|(certificates, client)| tls(certificates, *client));
        let body = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a thread may have a runtime");
            runtime.block_on(async move {
                let host = Host { program: Arc::clone(&program) };
                let inner = compression.of(stubs::greeter_server::GreeterServer::new(host));
                let service = Programmed { inner, program: Arc::clone(&program) };
                let mut builder = tonic::transport::Server::builder();
                if let Some(tls) = tls {
                    builder = builder.tls_config(tls).expect("the certificates are valid");
                }
                if let Some(age) = connection_age {
                    builder = builder.max_connection_age(age);
                }
                let stop = async { drop(graceful_asked.await) };
                tokio::select! {
                    served = bound.serve(builder, service, program, stop) => served.expect("the listener works"),
                    _ = abrupt_asked => {}
                }
            });
            // Connections are tasks of the runtime and end with it.
            runtime.shutdown_timeout(PATIENCE);
            drop(ending);
        };
        let thread = thread::Builder::new().name("greeter".to_owned()).spawn(body);
        Running {
            graceful: Some(graceful),
            abrupt: Some(abrupt),
            ended,
            thread: Some(thread.expect("a process may have one more thread")),
        }
    }
}

fn tls(certificates: &Certificates, client: ClientCertificate) -> ServerTlsConfig {
    let leaf = &certificates.server;
    let config = ServerTlsConfig::new().identity(Identity::from_pem(&leaf.certificate, &leaf.key));
    match client {
        ClientCertificate::NotAsked => config,
        ClientCertificate::Required => {
            config.client_ca_root(tonic::transport::Certificate::from_pem(&certificates.authority))
        }
    }
}
