//! Many timers as one: what is due, and when the next is. Pure; the task has the one sleep.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Instant;

/// Timers by name, each at most once.
#[derive(Debug)]
pub(super) struct Timers<K> {
    order: BTreeSet<(Instant, K)>,
    due: HashMap<K, Instant>,
}

impl<K: Copy + Ord + Hash> Timers<K> {
    pub(super) fn new() -> Self {
        Self { order: BTreeSet::new(), due: HashMap::new() }
    }

    /// Starts the timer, in place of one of the same name.
    pub(super) fn start(&mut self, name: K, due: Instant) {
        self.cancel(name);
        self.order.insert((due, name));
        self.due.insert(name, due);
    }

    pub(super) fn cancel(&mut self, name: K) {
        if let Some(due) = self.due.remove(&name) {
            self.order.remove(&(due, name));
        }
    }

    /// Takes the earliest timer that is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<K> {
        let &(due, name) = self.order.first()?;
        if due > now {
            return None;
        }
        self.cancel(name);
        Some(name)
    }

    /// When the earliest is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(due, _)| *due)
    }

    /// Cancels those that `is_over` names.
    pub(super) fn cancel_all(&mut self, is_over: impl Fn(K) -> bool) {
        self.order.retain(|(_, name)| !is_over(*name));
        self.due.retain(|name, _| !is_over(*name));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::rt;

    proptest! {
        /// Against a list: the earliest comes first, a name at most once, a cancelled one never.
        #[test]
        fn the_earliest_comes_first(operations in prop::collection::vec((0..3_u8, 0..5_u8, 0..20_u64), 0..80)) {
            let start = rt::now();
            let mut timers = Timers::new();
            let mut model: Vec<(u64, u8)> = Vec::new();
            for (operation, name, time) in operations {
                let due = start + Duration::from_millis(time);
                match operation {
                    0 => {
                        timers.start(name, due);
                        model.retain(|(_, other)| *other != name);
                        model.push((time, name));
                    }
                    1 => {
                        timers.cancel(name);
                        model.retain(|(_, other)| *other != name);
                    }
                    _ => {
                        model.sort_unstable();
                        let first = model.first().filter(|(at, _)| *at <= time).copied();
                        model.retain(|timer| Some(*timer) != first);
                        prop_assert_eq!(timers.take_due(due), first.map(|(_, name)| name));
                    }
                }
                let next = model.iter().map(|(at, _)| start + Duration::from_millis(*at)).min();
                prop_assert_eq!(timers.next(), next);
            }
            timers.cancel_all(|name| name > 1);
            prop_assert_eq!(timers.next().is_some(), model.iter().any(|(_, name)| *name <= 1));
        }
    }
}
