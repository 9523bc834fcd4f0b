//! A network in memory, for tests in virtual time: named servers, what they do with whoever connects, and a record of it
//! by tokio's clock.
//!
//! It is a [`Connector`]; its servers run on the test's own runtime, speak HTTP/2 by the h2 crate over in-memory pipes,
//! and touch no socket. So with a paused clock (`#[tokio::test(start_paused = true)]`) a test of an hour takes no time,
//! and every attempt begins at an exact instant.
//!
//! ```no_run
//! # use std::time::Duration;
//! use grpc_runtime::Channel;
//! use tests::network::{Door, Network};
//!
//! let network = Network::new();
//! let one = network.server("one");
//! one.door(Door::Refuses);
//! let channel = Channel::builder("passthrough:///one").connector(network.clone()).plaintext();
//! // .. calls ..
//! assert_eq!(one.attempts(), [Duration::ZERO, Duration::from_secs(1)]);
//! ```
//!
//! For frames that no honest server sends, use [`peer`](crate::peer); for a real server, [`server`](crate::server).

mod door;
mod serve;
mod state;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use grpc_runtime::lb::Endpoint;
use grpc_runtime::{Address, ConnectFuture, Connector};
use h2::Reason;
use tokio::time::Instant;

pub use door::{Answer, Door};
pub use state::Seen;

use state::Place;

/// All servers of a test. Clones are the same network.
#[derive(Clone)]
pub struct Network(Arc<Shared>);

struct Shared {
    start: Instant,
    places: Mutex<HashMap<Address, Arc<Place>>>,
}

impl Network {
    /// Without any server: whoever connects is refused.
    pub fn new() -> Self {
        Self(Arc::new(Shared { start: Instant::now(), places: Mutex::default() }))
    }

    /// How much time has passed since the network was made.
    pub fn now(&self) -> Duration {
        since(self.0.start)
    }

    /// The server of that name ([`Address::Custom`]); a new one is open and answers.
    pub fn server(&self, name: &str) -> Server {
        self.server_at(Address::Custom(name.to_owned()))
    }

    /// The server at this address; a new one is open and answers.
    pub fn server_at(&self, address: Address) -> Server {
        let mut places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places
            .entry(address)
            .or_insert_with_key(|address| Arc::new(Place::new(address.clone(), self.0.start)));
        Server(Arc::clone(place))
    }

    /// When attempts began, and to whom, in their order.
    pub fn attempts(&self) -> Vec<(Duration, String)> {
        let mut attempts: Vec<(Duration, String)> = self
            .servers()
            .flat_map(|server| {
                let name = server.address().to_string();
                server.attempts().into_iter().map(move |at| (at, name.clone()))
            })
            .collect();
        attempts.sort();
        attempts
    }

    /// How many connections were ever made.
    pub fn opened(&self) -> usize {
        self.servers().map(|server| server.opened()).sum()
    }

    /// How many connections there are, attempts that go on included.
    pub fn open(&self) -> usize {
        self.servers().map(|server| server.open() + server.pending()).sum()
    }

    fn servers(&self) -> impl Iterator<Item = Server> {
        let places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        let servers: Vec<Server> = places.values().map(|place| Server(Arc::clone(place))).collect();
        servers.into_iter()
    }
}

impl Connector for Network {
    fn connect<'a>(&'a self, address: &'a Address) -> ConnectFuture<'a> {
        let places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.get(address).cloned();
        drop(places);
        Box::pin(async move {
            match place {
                Some(place) => serve::knock(place).await,
                None => Err(std::io::ErrorKind::ConnectionRefused.into()),
            }
        })
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.servers()).finish()
    }
}

/// One server of a [`Network`].
#[derive(Clone)]
pub struct Server(Arc<Place>);

impl Server {
    /// Where it is.
    pub fn address(&self) -> &Address {
        self.0.address()
    }

    /// The server as a resolver finds it.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.address().clone())
    }

    /// What becomes of whoever connects from now on. Connections that there are stay.
    pub fn door(&self, door: Door) -> &Self {
        self.0.lock().door = door;
        self
    }

    /// How calls are answered from now on.
    pub fn answer(&self, answer: Answer) -> &Self {
        self.0.lock().answer = answer;
        self
    }

    /// How many calls at once a connection takes that is made from now on. Default: any number.
    pub fn most_calls(&self, most: u32) -> &Self {
        self.0.lock().most_calls = Some(most);
        self
    }

    /// Refuses whoever connects, and ends all connections.
    pub fn down(&self) -> &Self {
        self.door(Door::Refuses).cut()
    }

    /// Ends all connections, without a word.
    pub fn cut(&self) -> &Self {
        self.0.order(|orders| &orders.cut);
        self
    }

    /// Says GOAWAY on all connections; calls on them may end.
    pub fn goaway(&self) -> &Self {
        self.0.order(|orders| &orders.goaway);
        self
    }

    /// When attempts to connect began.
    pub fn attempts(&self) -> Vec<Duration> {
        self.0.lock().attempts.iter().map(|(at, _)| *at).collect()
    }

    /// When attempts began, and what they met.
    pub fn met(&self) -> Vec<(Duration, Door)> {
        self.0.lock().attempts.clone()
    }

    /// How many attempts go on: neither a connection nor refused nor given up.
    pub fn pending(&self) -> usize {
        self.0.lock().pending
    }

    /// How many connections were ever made.
    pub fn opened(&self) -> usize {
        self.0.lock().opened
    }

    /// How many connections there are.
    pub fn open(&self) -> usize {
        let state = self.0.lock();
        state.opened - state.closed
    }

    /// When calls were reset by the client before they were answered, and how.
    pub fn resets(&self) -> Vec<(Duration, Reason)> {
        self.0.lock().resets.clone()
    }

    /// The calls that came, in order.
    pub fn calls(&self) -> Vec<Seen> {
        self.0.lock().calls.clone()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

/// Time since `start`, in whole milliseconds, which is how fine tokio's timers are.
fn since(start: Instant) -> Duration {
    let passed = Instant::now().saturating_duration_since(start);
    Duration::from_millis(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX))
}
