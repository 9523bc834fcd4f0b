//! What a server of the network is told and what it has seen.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use grpc_runtime::Address;
use h2::Reason;
use http::HeaderMap;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::network::door::{Answer, Door};
use crate::network::since;

/// A call that reached a server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Seen {
    /// When.
    pub at: Duration,
    /// Such as `/helloworld.Greeter/SayHello`.
    pub path: String,
    /// Its headers, without those of HTTP/2 itself.
    pub headers: HeaderMap,
    /// How it was answered.
    pub answer: Answer,
}

/// What a connection of a server is told.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// To say GOAWAY.
    pub(super) goaway: Notify,
    /// To end at once.
    pub(super) cut: Notify,
}

/// One server.
pub(super) struct Place {
    address: Address,
    start: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) door: Door,
    pub(super) answer: Answer,
    pub(super) most_calls: Option<u32>,
    pub(super) attempts: Vec<(Duration, Door)>,
    pub(super) pending: usize,
    pub(super) opened: usize,
    pub(super) closed: usize,
    pub(super) calls: Vec<Seen>,
    pub(super) resets: Vec<(Duration, Reason)>,
    connections: Vec<Weak<Orders>>,
}

impl Place {
    pub(super) fn new(address: Address, start: Instant) -> Self {
        let state = Mutex::new(State {
            door: Door::Opens,
            answer: Answer::Address,
            most_calls: None,
            attempts: Vec::new(),
            pending: 0,
            opened: 0,
            closed: 0,
            calls: Vec::new(),
            resets: Vec::new(),
            connections: Vec::new(),
        });
        Self { address, start, state }
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Held for a moment.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells all connections.
    pub(super) fn order(&self, which: fn(&Orders) -> &Notify) {
        self.lock().connections.retain(|connection| {
            let connection = connection.upgrade();
            connection.iter().for_each(|orders| which(orders).notify_one());
            connection.is_some()
        });
    }

    /// Somebody wants to connect. It is an attempt that goes on until the guard is dropped.
    pub(super) fn attempted(self: &Arc<Self>) -> (Door, Count) {
        let now = since(self.start);
        let mut state = self.lock();
        let same = state.attempts.iter().rev().take_while(|(at, _)| *at == now).count();
        // Whoever knocks in a loop, while no time passes, would do so for ever, and a test would hang rather than fail.
        let door = if same < MOST_AT_ONCE { state.door } else { Door::Silent };
        state.attempts.push((now, door));
        state.pending += 1;
        (door, Count { place: Arc::clone(self), ends: |state| state.pending -= 1 })
    }

    /// A connection was made. It is open until the guard is dropped.
    pub(super) fn opened(self: &Arc<Self>) -> (Arc<Orders>, Count) {
        let orders = Arc::new(Orders::default());
        let mut state = self.lock();
        state.opened += 1;
        state.connections.push(Arc::downgrade(&orders));
        (orders, Count { place: Arc::clone(self), ends: |state| state.closed += 1 })
    }

    /// A call came. Gives how to answer it.
    pub(super) fn called(&self, path: &str, headers: HeaderMap) -> Answer {
        let mut state = self.lock();
        let (at, answer) = (since(self.start), state.answer);
        state.calls.push(Seen { at, path: path.to_owned(), headers, answer });
        answer
    }

    /// The client reset a call.
    pub(super) fn was_reset(&self, reason: Reason) {
        let at = since(self.start);
        self.lock().resets.push((at, reason));
    }
}

/// Something that is counted while it goes on.
pub(super) struct Count {
    place: Arc<Place>,
    ends: fn(&mut State),
}

impl Drop for Count {
    fn drop(&mut self) {
        (self.ends)(&mut self.place.lock());
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Place").field(&self.address).field(&*self.lock()).finish()
    }
}

/// So many attempts in one millisecond are a loop.
const MOST_AT_ONCE: usize = 100;
