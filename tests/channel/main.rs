//! A channel over real sockets: backends that stop, restart, refuse and fall silent, resolvers that change their
//! minds, idleness, and the end.
//!
//! What a test of grpc-go holds, too, is named after it, and says so. The same in virtual time, with every edge of
//! timing, belongs to the crate's own tests.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod balancing;
mod closing;
mod configs;
mod idleness;
mod names;
mod pick_first;
mod policies;
mod resolvers;
mod rolling;
mod states;
mod turmoil;
mod updates;

use std::time::Duration;

use grpc_runtime::{Channel, ConnectivityState, StateChange, StateChanges};
use tests::within;

/// The next state, with its reason.
async fn next(changes: &mut StateChanges) -> StateChange {
    within("a change of state", changes.next()).await.expect("the channel is open")
}

/// Asserts that these are the next states, in order and with nothing in between.
async fn expect<const N: usize>(changes: &mut StateChanges, states: [ConnectivityState; N]) {
    for (index, state) in states.into_iter().enumerate() {
        let change = next(changes).await;
        assert_eq!(change.state, state, "state {index} of {states:?}: {change}");
    }
}

/// Reads changes up to one to this state, and gives it.
async fn until(changes: &mut StateChanges, state: ConnectivityState) -> StateChange {
    loop {
        let change = next(changes).await;
        if change.state == state {
            return change;
        }
    }
}

async fn ready(channel: &Channel) {
    channel.wait_ready(PATIENCE).await.expect("a server is there");
}

const PATIENCE: Duration = tests::PATIENCE;
