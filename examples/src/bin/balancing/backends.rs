//! The servers of the lesson: one port, and an address of this machine for each.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use examples::LocalServer;

/// Those that run, by their addresses.
pub(crate) struct Backends(BTreeMap<SocketAddr, LocalServer>);

impl Backends {
    /// Servers at `127.0.0.1`, `127.0.0.2` and so on, all with the same port.
    ///
    /// # Errors
    ///
    /// Where the machine has only `127.0.0.1`, as macOS does unless it is told to have more.
    pub(crate) async fn on_one_port(count: u8) -> io::Result<Self> {
        let mut error = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..TRIES {
            let mut backends = Backends(BTreeMap::new());
            let port = backends.start((Ipv4Addr::LOCALHOST, 0).into()).await?.port();
            let mut others = 2..=count;
            loop {
                let Some(last) = others.next() else { return Ok(backends) };
                // Somebody else may have this port there.
                if let Err(taken) = backends.start((host(last), port).into()).await {
                    error = taken;
                    break;
                }
            }
        }
        Err(error)
    }

    /// Servers at `127.0.0.1`, each with a port of its own.
    pub(crate) async fn on_one_address(count: u8) -> io::Result<Self> {
        let mut backends = Backends(BTreeMap::new());
        for _ in 0..count {
            backends.start((Ipv4Addr::LOCALHOST, 0).into()).await?;
        }
        Ok(backends)
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.0.keys().copied().collect()
    }

    /// Starts one more.
    pub(crate) async fn start(&mut self, address: SocketAddr) -> io::Result<SocketAddr> {
        let server = LocalServer::greeter_at(address).await?;
        let address = server.address();
        self.0.insert(address, server);
        Ok(address)
    }

    /// Tells clients to go elsewhere (GOAWAY), and waits until the calls in flight have ended.
    pub(crate) async fn stop(&mut self, address: SocketAddr) -> io::Result<()> {
        match self.0.remove(&address) {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }
}

pub(crate) fn host(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, last)
}

const TRIES: usize = 10;
