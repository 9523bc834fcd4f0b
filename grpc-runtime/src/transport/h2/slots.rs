//! How many streams may be open at once on a connection, and the queue for one.
//!
//! The peer's SETTINGS_MAX_CONCURRENT_STREAMS is the limit and may change at any time (RFC 9113 §5.1.2). `h2`
//! would queue streams beyond it itself, but a stream queued there is bound to its connection; a call queued
//! here has sent nothing and can go elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::rt;

/// The slots of one connection.
#[derive(Debug)]
pub(super) struct Slots {
    limit: AtomicUsize,
    taken: AtomicUsize,
    waiting: AtomicUsize,
    closed: AtomicBool,
    freed: Notify,
    made: Instant,
    /// When the last of the taken slots was freed: nanoseconds since `made`, plus one; zero before that.
    quiet_since: AtomicU64,
}

/// When a connection had a stream last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastUse {
    /// It has never had one.
    Never,
    /// It has one.
    Now,
    /// The last ended then.
    Ended(Instant),
}

/// A taken slot; dropping it frees it.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Slots>);

/// Tells when a connection had a stream last, also when the connection is gone.
#[derive(Debug, Clone)]
pub(crate) struct Usage(Arc<Slots>);

impl Usage {
    pub(super) fn of(slots: &Arc<Slots>) -> Self {
        Self(Arc::clone(slots))
    }

    pub(crate) fn last_use(&self) -> LastUse {
        self.0.last_use()
    }
}

impl Slots {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit: AtomicUsize::new(limit),
            taken: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            freed: Notify::new(),
            made: rt::now(),
            quiet_since: AtomicU64::new(0),
        })
    }

    /// A slot at once, unless there is none or others wait for one.
    pub(super) fn try_take(self: &Arc<Self>) -> Option<Slot> {
        (self.waiting.load(Ordering::Acquire) == 0).then(|| self.take_free()).flatten()
    }

    /// A slot, in the order of asking; `None` when the connection takes no more calls.
    ///
    /// Cancel safe: a caller that goes away leaves the queue and passes its turn on.
    pub(super) async fn take(self: &Arc<Self>) -> Option<Slot> {
        let _queued = Queued::new(self);
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            if self.closed.load(Ordering::Acquire) {
                return None;
            }
            if let Some(slot) = self.take_free() {
                return Some(slot);
            }
            freed.await;
        }
    }

    /// Follows the peer's SETTINGS. Taken slots stay taken when the limit falls below their number.
    pub(super) fn set_limit(&self, limit: usize) {
        let previous = self.limit.swap(limit, Ordering::AcqRel);
        if limit > previous {
            self.freed.notify_waiters();
        }
    }

    /// When a slot was taken last.
    pub(super) fn last_use(&self) -> LastUse {
        if self.taken.load(Ordering::Acquire) > 0 || self.waiting.load(Ordering::Acquire) > 0 {
            return LastUse::Now;
        }
        match self.quiet_since.load(Ordering::Acquire).checked_sub(1) {
            Some(nanoseconds) => LastUse::Ended(self.made + Duration::from_nanos(nanoseconds)),
            None => LastUse::Never,
        }
    }

    /// Sends everyone in the queue away.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.freed.notify_waiters();
    }

    fn take_free(self: &Arc<Self>) -> Option<Slot> {
        let limit = self.limit.load(Ordering::Acquire);
        self.taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| {
                (taken < limit).then_some(taken + 1)
            })
            .is_ok()
            .then(|| Slot(Arc::clone(self)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Only the last one looks at the clock. Whoever asks between these two steps is told of the time before, which is
        // not far off the truth either.
        if self.0.taken.fetch_sub(1, Ordering::AcqRel) == 1 {
            let passed = rt::now().saturating_duration_since(self.0.made).as_nanos();
            let passed = u64::try_from(passed).unwrap_or(u64::MAX - 1);
            self.0.quiet_since.store(passed.saturating_add(1), Ordering::Release);
        }
        if self.0.waiting.load(Ordering::Acquire) > 0 {
            self.0.freed.notify_one();
        }
    }
}

/// One place in the queue.
struct Queued<'a>(&'a Slots);

impl<'a> Queued<'a> {
    fn new(slots: &'a Slots) -> Self {
        slots.waiting.fetch_add(1, Ordering::AcqRel);
        Self(slots)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_freed_slot_goes_to_the_first_in_the_queue() {
        let slots = Slots::new(1);
        let first = slots.try_take().expect("one is free");
        assert!(slots.try_take().is_none());

        let queued = tokio_task(&slots);
        tokio::task::yield_now().await;
        assert!(slots.try_take().is_none(), "nobody overtakes the queue");
        drop(first);
        assert!(queued.await.expect("no panic").is_some());
    }

    #[tokio::test]
    async fn a_raised_limit_and_a_closed_connection_wake_the_queue() {
        let slots = Slots::new(0);
        let queued = tokio_task(&slots);
        tokio::task::yield_now().await;
        slots.set_limit(1);
        let slot = queued.await.expect("no panic");
        assert!(slot.is_some());

        let queued = tokio_task(&slots);
        tokio::task::yield_now().await;
        slots.close();
        assert!(queued.await.expect("no panic").is_none());
    }

    #[tokio::test]
    async fn a_caller_who_leaves_passes_the_turn_on() {
        let slots = Slots::new(1);
        let taken = slots.try_take();
        let leaver = tokio_task(&slots);
        tokio::task::yield_now().await;
        let stayer = tokio_task(&slots);
        tokio::task::yield_now().await;
        leaver.abort();
        tokio::task::yield_now().await;
        drop(taken);
        assert!(stayer.await.expect("no panic").is_some());
    }

    #[tokio::test]
    async fn a_lowered_limit_takes_nothing_away() {
        let slots = Slots::new(2);
        let (first, second) = (slots.try_take(), slots.try_take());
        slots.set_limit(1);
        drop(first);
        assert!(slots.try_take().is_none(), "one is still taken of one");
        drop(second);
        assert!(slots.try_take().is_some());
    }

    #[expect(clippy::disallowed_methods, reason = "a test may spawn")]
    fn tokio_task(slots: &Arc<Slots>) -> tokio::task::JoinHandle<Option<Slot>> {
        let slots = Arc::clone(slots);
        tokio::spawn(async move { slots.take().await })
    }
}
