//! From "there is a channel" to "there is a connection with room for one more stream".
//!
//! The ready path takes no lock and does not wait. The other waits for the subchannel's next state, or for a
//! stream slot, until the deadline.

use std::sync::Arc;
use std::time::Instant;

use crate::rt;
use crate::status::{Delivery, Origin, Status};
use crate::subchannel::{State, Subchannel};
use crate::transport::h2::{Connection, Slot};

/// A connection and a place on it.
pub(super) type Picked = (Arc<Connection>, Slot);

/// What can be had without waiting. Takes no lock.
pub(super) fn ready(subchannel: &Subchannel) -> Option<Picked> {
    let state = subchannel.state();
    let State::Ready(connection) = &**state else { return None };
    let slot = connection.try_slot()?;
    (!connection.is_leaving()).then(|| (Arc::clone(connection), slot))
}

/// Waits for a connection with room.
///
/// # Errors
/// UNAVAILABLE when the server cannot be reached and the call does not wait for it; DEADLINE_EXCEEDED, which says
/// what the call was waiting for.
pub(super) async fn pick(
    subchannel: &Subchannel,
    wait_for_ready: bool,
    deadline: Option<Instant>,
) -> Result<Picked, Status> {
    let waiting = wait(subchannel, wait_for_ready);
    match deadline {
        None => waiting.await,
        Some(deadline) => match rt::until(deadline, waiting).await {
            Some(picked) => picked,
            None => Err(too_late(subchannel)),
        },
    }
}

async fn wait(subchannel: &Subchannel, wait_for_ready: bool) -> Result<Picked, Status> {
    let mut changes = subchannel.changes();
    // A failure from before this call does not speak for the attempt that the call waits for.
    let known = subchannel.state().last_failure().cloned();
    loop {
        // Marked as seen before the state is read: a change after that ends the wait below.
        changes.borrow_and_update();
        let state = subchannel.state().clone();
        // After an attempt that outlasted its backoff the next begins at once, and the state between the two is
        // mostly missed: the failure is found in what comes after it.
        if let Some(failure) = state.last_failure()
            && !wait_for_ready
            && known.as_ref().is_none_or(|known| !known.is_same(failure))
        {
            subchannel.note_wanted();
            return Err(failure.status());
        }
        match &*state {
            State::Ready(connection) if !connection.is_leaving() => {
                if let Some(slot) = connection.slot().await {
                    return Ok((Arc::clone(connection), slot));
                }
                // It left while we queued for a slot: nothing was sent, so the next state decides.
                continue;
            }
            // It left and the subchannel is about to say so.
            State::Ready(_) | State::Connecting { .. } => {}
            State::Idle { .. } => {
                subchannel.connect();
                continue;
            }
            State::TransientFailure(failure) => {
                subchannel.note_wanted();
                if !wait_for_ready {
                    return Err(failure.status());
                }
            }
        }
        if changes.changed().await.is_err() {
            return Err(Status::unavailable("the channel was dropped"));
        }
    }
}

fn too_late(subchannel: &Subchannel) -> Status {
    let state = subchannel.state();
    if let Some(failure) = state.last_failure() {
        return failure.status_too_late();
    }
    let waited_for = match &**state {
        State::Ready(connection) => format!(
            "a free stream on the connection to {}, whose limit of concurrent calls is reached",
            connection.peer()
        ),
        State::Idle { .. } | State::Connecting { .. } | State::TransientFailure(_) => {
            format!("a connection to {}", subchannel.target())
        }
    };
    Status::deadline_exceeded(format!("the deadline passed while waiting for {waited_for}"))
        .with_origin(Origin::Transport)
        .with_delivery(Delivery::NotSent)
}
