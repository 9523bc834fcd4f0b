//! [`Backend`]: one server of a cluster, in one of four conditions.

use std::net::SocketAddr;
use std::time::Duration;

use grpc_runtime::Address;
use grpc_runtime::lb::Endpoint;

use crate::cluster::black_hole::BlackHole;
use crate::cluster::port::Port;
use crate::server::{Behaviour, Counts, Server};

/// A greeter that says its own name, at an address that stays the same.
///
/// | after | to connect | connections of before |
/// |---|---|---|
/// | the start, [`restart`](Backend::restart) | succeeds | |
/// | [`shut_down`](Backend::shut_down) | is refused | got GOAWAY, and went on to the end of their calls |
/// | [`kill`](Backend::kill) | is refused | were cut |
/// | [`black_hole`](Backend::black_hole) | succeeds, but no SETTINGS come | were cut |
#[derive(Debug)]
pub struct Backend {
    name: String,
    // Before the port, so that it stops listening first.
    server: Server,
    black_hole: Option<BlackHole>,
    port: Port,
}

impl Backend {
    pub(super) fn start(name: &str, port: Port) -> Self {
        let server = Server::start_at(port.address()).without_events();
        let backend = Backend { name: name.to_owned(), server, black_hole: None, port };
        backend.behave(Behaviour::new());
        backend
    }

    /// What it says.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens, or would.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The same as a resolver gives it.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(Address::Tcp(self.address()))
    }

    /// Only this one: `http://127.0.0.1:PORT`.
    pub fn target(&self) -> String {
        self.server.target()
    }

    /// Changes what later calls meet; replies still say its name.
    pub fn behave(&self, behaviour: Behaviour) {
        self.server.behave(behaviour.say(&self.name));
    }

    /// What the greeter there saw until now, over all restarts.
    pub fn counts(&self) -> Counts {
        self.server.counts()
    }

    /// Waits until the greeter there saw as much as `enough` wants; see [`Server::counted`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn counted(&self, what: &str, enough: impl FnMut(&Counts) -> bool) -> Counts {
        self.server.counted(what, enough).await
    }

    /// Ends it gracefully; see [`Server::shut_down`].
    ///
    /// # Panics
    ///
    /// When calls are still in flight after [`PATIENCE`](crate::PATIENCE).
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends the server abruptly.
    pub async fn shut_down(&mut self) {
        self.black_hole = None;
        self.server.shut_down().await;
    }

    /// Ends it abruptly: all its connections and its port close now.
    pub fn kill(&mut self) {
        self.black_hole = None;
        self.server.kill();
    }

    /// Serves again, at the same address.
    pub fn restart(&mut self) {
        self.kill();
        self.server.restart();
    }

    /// Serves again, at the same address, and says farewell on each connection that is this old.
    pub fn restart_with_connection_age(&mut self, age: Duration) {
        self.server.set_connection_age(age);
        self.restart();
    }

    /// Accepts connections from now on, and is silent on them.
    pub fn black_hole(&mut self) {
        self.kill();
        self.black_hole = Some(BlackHole::start(self.address()));
    }

    /// Waits until a connection fell into the [black hole](Self::black_hole); each is told once.
    ///
    /// # Panics
    ///
    /// When there is no black hole, or none came within [`PATIENCE`](crate::PATIENCE).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn swallowed(&mut self) {
        self.black_hole.as_mut().expect("it is a black hole").swallowed().await;
    }
}
