//! Several greeters that are one service, each of which says its own name and may come and go by itself.
//!
//! ```no_run
//! # async fn example() {
//! use tests::cluster::{Cluster, spread};
//! use tests::client::plaintext;
//!
//! let mut cluster = Cluster::start(["ada", "bob", "eve"]);
//! let greeter = plaintext(cluster.target());
//! cluster["bob"].shut_down().await;
//! let said = spread(&greeter, 10).await.unwrap();
//! assert_eq!(said["ada"], 10); // it is the first of the list
//! # }
//! ```
//!
//! One server alone is [`server`](crate::server); a name in DNS for a cluster comes from [`names`](crate::names).

mod backend;
mod black_hole;
mod port;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::ops::{Index, IndexMut};

use grpc_runtime::Status;
use grpc_runtime::lb::Endpoint;

use crate::client::{GreeterClient, hello, said};
use crate::wait::within;

pub use backend::Backend;
use port::Port;

/// Backends by name. Dropping it ends them all.
#[derive(Debug)]
pub struct Cluster {
    backends: Vec<Backend>,
}

impl Cluster {
    /// Starts a backend of each name, on a free port of `127.0.0.1` each.
    pub fn start<const N: usize>(names: [&str; N]) -> Self {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let backends = names.map(|name| Backend::start(name, Port::free(loopback)));
        Cluster { backends: backends.into() }
    }

    /// Starts a backend of each name, on one port of `127.0.0.1`, `127.0.0.2` and so on: what a name in DNS can
    /// stand for, as its records have no port.
    #[cfg(target_os = "linux")]
    pub fn on_one_port<const N: usize>(names: [&str; N]) -> Self {
        let hosts = (1..).map(|host| IpAddr::from([127, 0, 0, host])).take(N);
        let ports = Port::free_on_all(&hosts.collect::<Vec<_>>());
        let backends = names.into_iter().zip(ports).map(|(name, port)| Backend::start(name, port));
        Cluster { backends: backends.collect() }
    }

    /// The backends, in the order of their names at the start.
    pub fn iter(&self) -> impl Iterator<Item = &Backend> {
        self.backends.iter()
    }

    /// The same, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Backend> {
        self.backends.iter_mut()
    }

    /// Where each listens, or would.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.iter().map(Backend::address).collect()
    }

    /// Each as a resolver gives it.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.iter().map(Backend::endpoint).collect()
    }

    /// All of them in one target: `ipv4:127.0.0.1:1,127.0.0.1:2`.
    pub fn target(&self) -> String {
        let addresses = self.addresses().iter().map(SocketAddr::to_string).collect::<Vec<_>>();
        format!("ipv4:{}", addresses.join(","))
    }

    fn position(&self, name: &str) -> usize {
        let found = self.iter().position(|backend| backend.name() == name);
        found.unwrap_or_else(|| panic!("there is no backend {name}"))
    }
}

impl Index<&str> for Cluster {
    type Output = Backend;

    fn index(&self, name: &str) -> &Backend {
        &self.backends[self.position(name)]
    }
}

impl IndexMut<&str> for Cluster {
    fn index_mut(&mut self, name: &str) -> &mut Backend {
        let position = self.position(name);
        &mut self.backends[position]
    }
}

/// Makes so many calls, one after the other, and tells which backend had how many.
///
/// # Errors
/// The status of the first call that fails.
pub async fn spread(
    greeter: &GreeterClient,
    calls: usize,
) -> Result<BTreeMap<String, usize>, Status> {
    let mut answers = BTreeMap::new();
    for _ in 0..calls {
        *answers.entry(said(greeter.say_hello(hello(""))).await?).or_default() += 1;
    }
    Ok(answers)
}

/// Calls until each of these backends has answered: then a policy that spreads calls knows them all.
///
/// # Panics
///
/// When they have not all answered within [`PATIENCE`](crate::PATIENCE), or a call fails.
pub async fn until_all_answer<const N: usize>(greeter: &GreeterClient, backends: [&str; N]) {
    let mut missing = BTreeSet::from(backends.map(str::to_owned));
    let calls = async {
        while !missing.is_empty() {
            let name = said(greeter.say_hello(hello(""))).await.expect("some backend answers");
            missing.remove(&name);
        }
    };
    within("an answer from each backend", calls).await;
}

/// So many calls at each of these.
pub fn shares<const N: usize>(shares: [(&str, usize); N]) -> BTreeMap<String, usize> {
    shares.map(|(name, calls)| (name.to_owned(), calls)).into()
}
