//! The pickers of `round_robin`. Called by every call; made by the policy beside.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::lb::picker::{Pick, PickArgs, Picked, Picker};
use crate::status::Status;

/// Asks one picker after the other. Lock-free: one atomic step a call.
#[derive(Debug)]
pub(super) struct RotatingPicker {
    pickers: Box<[Arc<dyn Picker>]>,
    /// Whose turn it is, counted on without end.
    next: AtomicUsize,
}

impl RotatingPicker {
    /// Begins at `start`.
    pub(super) fn new(pickers: Box<[Arc<dyn Picker>]>, start: usize) -> RotatingPicker {
        RotatingPicker { pickers, next: AtomicUsize::new(start) }
    }

    /// Whether it asks these very pickers, in this order.
    #[expect(single_use_lifetimes, reason = "an anonymous one is not stable here")]
    pub(super) fn is_of<'a>(&self, mut pickers: impl Iterator<Item = &'a Arc<dyn Picker>>) -> bool {
        let mut own = self.pickers.iter();
        pickers.all(|other| own.next().is_some_and(|own| Arc::ptr_eq(own, other)))
            && own.next().is_none()
    }
}

impl Picker for RotatingPicker {
    fn pick(&self, call: &PickArgs<'_>) -> Pick {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(turn) = turn.checked_rem(self.pickers.len()) else { return Pick::Queue };
        match self.pickers[turn].pick(call) {
            Pick::Complete(picked) if call.has_tried(picked.subchannel()) => {
                self.pick_elsewhere(turn, picked, call)
            }
            pick => pick,
        }
    }
}

impl RotatingPicker {
    /// A subchannel that no earlier attempt of the call went to, of those whose turn comes next; `tried` where there is
    /// none. Only calls with several attempts come here.
    fn pick_elsewhere(&self, turn: usize, tried: Picked, call: &PickArgs<'_>) -> Pick {
        let (before, after) = self.pickers.split_at(turn);
        // Each of those that were tried is passed by once.
        let others = after.iter().skip(1).chain(before).take(call.tried().len());
        for picker in others {
            match picker.pick(call) {
                Pick::Complete(other) if call.has_tried(other.subchannel()) => other.decline(),
                Pick::Complete(other) => {
                    tried.decline();
                    return Pick::Complete(other);
                }
                Pick::Queue | Pick::Fail(_) | Pick::Drop(_) => {}
            }
        }
        Pick::Complete(tried)
    }
}

/// Fails as the child that failed last, and says of how many it is one.
#[derive(Debug)]
pub(super) struct FailingPicker {
    child: Arc<dyn Picker>,
    around: Option<String>,
}

impl FailingPicker {
    pub(super) fn new(child: Arc<dyn Picker>, around: Option<String>) -> FailingPicker {
        FailingPicker { child, around }
    }

    fn told(&self, status: Status) -> Status {
        match &self.around {
            Some(around) => status.context(around),
            None => status,
        }
    }
}

impl Picker for FailingPicker {
    fn pick(&self, call: &PickArgs<'_>) -> Pick {
        match self.child.pick(call) {
            Pick::Fail(status) => Pick::Fail(self.told(status)),
            other @ (Pick::Complete(_) | Pick::Queue | Pick::Drop(_)) => other,
        }
    }

    fn last_failure(&self) -> Option<Status> {
        self.child.last_failure().map(|status| self.told(status))
    }
}
