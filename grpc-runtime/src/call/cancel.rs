//! [`CancelHandle`]: ends calls from outside, on any thread.
//!
//! It knows of the calls only that they can be taken away (`guard` is what holds them); it runs no call and has no task.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use crate::status::{Delivery, Status};

/// Cancels calls: any number of them, from any thread, at once.
///
/// Calls get it by [`Call::cancel_on`](crate::Call::cancel_on) or from a [`CallContext`](crate::CallContext). Clones
/// are the same handle. Dropping it cancels nothing; [`cancel_on_drop`](CancelHandle::cancel_on_drop) makes something
/// that does.
///
/// A cancelled call ends with CANCELLED of [`Origin::Local`](crate::Origin::Local), whatever the server may have said
/// in the meantime: also while it waits for a connection or in a layer, and in the middle of a stream, for both its
/// sides. If the server has heard of the call, it is told in the moment of [`cancel`](CancelHandle::cancel)
/// (RST_STREAM with CANCEL), even where nobody waits for the call just then.
///
/// ```
/// # async fn example<M: grpc_runtime::Method<Error = grpc_runtime::Status>>(call: grpc_runtime::Call<grpc_runtime::Channel, M>) {
/// use grpc_runtime::{CancelHandle, Code};
///
/// let handle = CancelHandle::new();
/// let button = handle.clone();
/// std::thread::spawn(move || button.cancel());
/// if let Err(status) = call.cancel_on(&handle).await {
///     assert_eq!(status.code(), Code::Cancelled);
/// }
/// # }
/// ```
#[derive(Clone, Default)]
pub struct CancelHandle(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Held to note calls and to take them out; no call ends under it.
    calls: Mutex<Calls>,
    cancelled: Notify,
}

#[derive(Default)]
struct Calls {
    is_cancelled: bool,
    next: u64,
    open: HashMap<u64, Weak<dyn Cancel>>,
}

/// Something that a handle can end.
pub(super) trait Cancel: Send + Sync {
    /// Ends it. Comes once, on the thread that cancels.
    fn cancel(&self);
}

impl CancelHandle {
    /// A handle that no call has yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends all calls that have this handle, and every one that gets it later. Once is enough; again does nothing.
    ///
    /// What the calls hold is dropped on this thread, and who waits for them is woken.
    pub fn cancel(&self) {
        let open = {
            let mut calls = self.0.calls();
            calls.is_cancelled = true;
            std::mem::take(&mut calls.open)
        };
        for call in open.into_values().filter_map(|call| call.upgrade()) {
            call.cancel();
        }
        self.0.cancelled.notify_waiters();
    }

    /// Whether [`cancel`](CancelHandle::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.calls().is_cancelled
    }

    /// Waits for [`cancel`](CancelHandle::cancel), for work beside the calls that shall end with them.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn cancelled(&self) {
        // Made before the question is asked: it hears of everything from then on.
        let notified = self.0.cancelled.notified();
        if !self.is_cancelled() {
            notified.await;
        }
    }

    /// Cancels when the result is dropped, at the latest: for calls that shall not outlive a scope, though other tasks
    /// make them.
    #[must_use = "it cancels when it is dropped"]
    pub fn cancel_on_drop(self) -> CancelOnDrop {
        CancelOnDrop(self)
    }

    /// Notes a call until the result is dropped; `None` where it is too late, and the call must not be made.
    pub(super) fn watch(&self, call: Weak<dyn Cancel>) -> Option<Watch> {
        let mut calls = self.0.calls();
        if calls.is_cancelled {
            return None;
        }
        let key = calls.next;
        calls.next += 1;
        calls.open.insert(key, call);
        Some(Watch { handle: self.clone(), key })
    }
}

impl Shared {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CancelHandle")
            .field("is_cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

/// Cancels its [`CancelHandle`] when it is dropped.
#[derive(Debug)]
pub struct CancelOnDrop(CancelHandle);

impl CancelOnDrop {
    /// The handle.
    pub fn handle(&self) -> &CancelHandle {
        &self.0
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// A call's place among those of a handle.
pub(super) struct Watch {
    handle: CancelHandle,
    key: u64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let call = self.handle.0.calls().open.remove(&self.key);
        // Outside the lock, though a weak reference runs no foreign code.
        drop(call);
    }
}

/// The end of a cancelled call.
pub(super) fn cancelled() -> Status {
    Status::cancelled("the program cancelled the call")
}

/// The end of a call whose handle was cancelled before it began.
pub(super) fn cancelled_before() -> Status {
    Status::cancelled("the program had cancelled the call before it was made")
        .with_delivery(Delivery::NotSent)
}

#[cfg(test)]
impl CancelHandle {
    /// How many calls it knows of.
    pub(super) fn open(&self) -> usize {
        self.0.calls().open.len()
    }
}
