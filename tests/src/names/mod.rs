//! A DNS server of our own, whose records change whenever a test says so.
//!
//! ```no_run
//! use tests::names::Names;
//!
//! let names = Names::start();
//! names.host("greeter.test", ["127.0.0.1", "127.0.0.2"]);
//! let target = names.target("greeter.test", 50051); // dns://127.0.0.1:PORT/greeter.test.:50051
//! ```
//!
//! Messages are read and written by hickory-proto. It answers over UDP and TCP, on a thread of its own, and says that
//! every record may be kept for an hour, as real ones do. What is not in its table does not exist.

mod answer;
mod serve;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::wait::within;

use serve::Serving;

/// A running server; dropping it ends it.
#[derive(Debug)]
pub struct Names {
    shared: Arc<Shared>,
    serving: Serving,
}

/// How often it was asked so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queries {
    /// For IPv4 addresses (A).
    pub v4: usize,
    /// For IPv6 addresses (AAAA).
    pub v6: usize,
    /// For TXT.
    pub text: usize,
}

#[derive(Debug, Default)]
struct Shared {
    /// Held for a look or a change only.
    table: Mutex<BTreeMap<String, Entry>>,
    queries: watch::Sender<Queries>,
}

/// What is known of a name.
#[derive(Debug, Clone)]
enum Entry {
    Host(Vec<IpAddr>),
    Text(String),
    Broken,
}

impl Names {
    /// Listens on a free port of `127.0.0.1`.
    ///
    /// # Panics
    ///
    /// When the machine has no loopback interface.
    pub fn start() -> Self {
        let shared = Arc::new(Shared::default());
        Names { serving: Serving::start(Arc::clone(&shared)), shared }
    }

    /// Where it listens, for UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// A target that has this name looked up here: `dns://127.0.0.1:PORT/host.:port`.
    pub fn target(&self, host: &str, port: u16) -> String {
        // The dot at the end keeps the machine's search list out of it.
        format!("dns://{}/{host}.:{port}", self.address())
    }

    /// From now on the name has these addresses and no others, of whichever family.
    ///
    /// # Panics
    ///
    /// When one is no IP address.
    pub fn host<const N: usize>(&self, host: &str, addresses: [&str; N]) {
        let addresses = addresses.map(|one| one.parse().expect("it is an IP address"));
        self.set(host, Entry::Host(addresses.into()));
    }

    /// From now on this is the list of service configs of the name (gRFC A2): the TXT record of `_grpc_config.`
    /// in front of the name, without `grpc_config=`.
    pub fn service_config(&self, host: &str, choices: &str) {
        self.set(&format!("_grpc_config.{host}"), Entry::Text(format!("grpc_config={choices}")));
    }

    /// From now on there is no such list.
    pub fn no_service_config(&self, host: &str) {
        self.forget(&format!("_grpc_config.{host}"));
    }

    /// From now on there is no such name.
    pub fn forget(&self, host: &str) {
        self.shared.lock().remove(host);
    }

    /// From now on the server has a problem of its own with this name (SERVFAIL).
    pub fn break_down(&self, host: &str) {
        self.set(host, Entry::Broken);
    }

    /// How often it was asked so far.
    pub fn queries(&self) -> Queries {
        *self.shared.queries.borrow()
    }

    /// Waits until it was asked as often as `enough` wants.
    ///
    /// # Panics
    ///
    /// When it is not within [`PATIENCE`](crate::PATIENCE).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn asked(&self, enough: impl FnMut(&Queries) -> bool) -> Queries {
        let mut queries = self.shared.queries.subscribe();
        let asked = within("a question to the DNS server", queries.wait_for(enough)).await;
        *asked.expect("the sender is ours")
    }

    fn set(&self, name: &str, entry: Entry) {
        self.shared.lock().insert(name.to_owned(), entry);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
