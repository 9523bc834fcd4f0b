//! The states of a channel, one after the other, for whoever follows them.
//!
//! Told by whoever publishes a snapshot; not what a call waits for.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use crate::connectivity::ConnectivityState;
use crate::status::Status;

/// A channel came into a state.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StateChange {
    /// The state it is in now.
    pub state: ConnectivityState,
    /// What brought it there, where that is known: the attempt that failed, the connection that was lost.
    pub reason: Option<Status>,
}

impl StateChange {
    pub(super) fn new(state: ConnectivityState, reason: Option<Status>) -> Self {
        Self { state, reason }
    }
}

impl fmt::Display for StateChange {
    /// `READY`, or `TRANSIENT_FAILURE: ` and the reason.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.state, formatter)?;
        match &self.reason {
            Some(reason) => write!(formatter, ": {reason}"),
            None => Ok(()),
        }
    }
}

/// The states of a channel, in order and none twice in a row: first the one it is in, then each that it comes to.
///
/// Made by [`Channel::state_changes`](crate::Channel::state_changes). It does not keep the channel open; it ends after
/// SHUTDOWN, and when the last handle on the channel is gone. Changes wait here until they are read; of more than 256 the
/// oldest are let go.
///
/// ```no_run
/// # async fn example(channel: grpc_runtime::Channel) {
/// let mut changes = channel.state_changes();
/// while let Some(change) = changes.next().await {
///     println!("{change}");
/// }
/// # }
/// ```
#[must_use = "changes are not told unless they are read"]
pub struct StateChanges(Arc<Inbox>);

impl StateChanges {
    /// The next state; `None` after the last.
    ///
    /// # Cancel safety
    /// Cancel safe: a dropped future has taken nothing.
    pub async fn next(&mut self) -> Option<StateChange> {
        poll_fn(|context| self.0.poll(context)).await
    }
}

impl Stream for StateChanges {
    type Item = StateChange;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<StateChange>> {
        self.0.poll(context)
    }
}

impl fmt::Debug for StateChanges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StateChanges").finish_non_exhaustive()
    }
}

/// Everyone who follows one channel. Dropping it ends their streams.
#[derive(Debug, Default)]
pub(super) struct Subscribers(Vec<Weak<Inbox>>);

impl Subscribers {
    pub(super) fn add(&mut self, first: StateChange) -> StateChanges {
        let inbox = Arc::new(Inbox::default());
        inbox.put(&first);
        self.0.retain(|inbox| inbox.strong_count() > 0);
        self.0.push(Arc::downgrade(&inbox));
        StateChanges(inbox)
    }

    pub(super) fn tell(&mut self, change: &StateChange) {
        self.0.retain(|inbox| inbox.upgrade().is_some_and(|inbox| inbox.put(change)));
    }
}

impl Drop for Subscribers {
    fn drop(&mut self) {
        self.0.iter().filter_map(Weak::upgrade).for_each(|inbox| inbox.close());
    }
}

/// What one of them has not read yet.
#[derive(Debug, Default)]
struct Inbox(Mutex<Letters>);

#[derive(Debug, Default)]
struct Letters {
    unread: VecDeque<StateChange>,
    is_closed: bool,
    reader: Option<Waker>,
}

impl Inbox {
    /// Says whether more can come.
    fn put(&self, change: &StateChange) -> bool {
        let mut letters = self.lock();
        if letters.unread.len() >= MOST_UNREAD {
            letters.unread.pop_front();
        }
        letters.unread.push_back(change.clone());
        letters.is_closed |= change.state == ConnectivityState::Shutdown;
        letters.reader.take().into_iter().for_each(Waker::wake);
        !letters.is_closed
    }

    fn close(&self) {
        let mut letters = self.lock();
        letters.is_closed = true;
        letters.reader.take().into_iter().for_each(Waker::wake);
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<StateChange>> {
        let mut letters = self.lock();
        match letters.unread.pop_front() {
            Some(change) => Poll::Ready(Some(change)),
            None if letters.is_closed => Poll::Ready(None),
            None => {
                letters.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Held for a moment; nests in the lock of the subscribers.
    fn lock(&self) -> MutexGuard<'_, Letters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const MOST_UNREAD: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn change(state: ConnectivityState) -> StateChange {
        StateChange::new(state, None)
    }

    #[tokio::test]
    async fn changes_come_in_order_and_end_with_shutdown() {
        use ConnectivityState::{Connecting, Idle, Shutdown};
        let mut subscribers = Subscribers::default();
        let mut early = subscribers.add(change(Idle));
        subscribers.tell(&change(Connecting));
        let mut late = subscribers.add(change(Connecting));
        subscribers.tell(&change(Shutdown));
        for (changes, expected) in
            [(&mut early, &[Idle, Connecting, Shutdown][..]), (&mut late, &[Connecting, Shutdown])]
        {
            for state in expected {
                assert_eq!(changes.next().await.unwrap().state, *state);
            }
            assert!(changes.next().await.is_none());
        }
    }

    #[tokio::test]
    async fn nobody_can_fill_the_memory_by_not_reading() {
        let mut subscribers = Subscribers::default();
        let mut changes = subscribers.add(change(ConnectivityState::Idle));
        for _ in 0..1000 {
            subscribers.tell(&change(ConnectivityState::Connecting));
        }
        subscribers.tell(&change(ConnectivityState::Ready));
        drop(subscribers);
        let mut read = Vec::new();
        while let Some(change) = changes.next().await {
            read.push(change.state);
        }
        assert_eq!(read.len(), MOST_UNREAD);
        assert_eq!(read.last(), Some(&ConnectivityState::Ready));
    }
}
