//! How many calls succeeded and failed of late. Pure: time is an argument.

use std::time::{Duration, Instant};

/// Counts over a window of time, in slices of it: what falls out leaves a slice at a time.
#[derive(Debug, Clone)]
pub(super) struct Window {
    slice: Duration,
    /// When the slice began that is counted into.
    began: Instant,
    /// A ring; `now` is counted into.
    slices: [Counts; SLICES],
    now: usize,
}

/// Ends of calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) calls: u32,
    pub(super) failures: u32,
}

impl Window {
    /// An empty window that reaches `length` back.
    pub(super) fn new(length: Duration, now: Instant) -> Self {
        let slice = (length / SLICES as u32).max(SHORTEST_SLICE);
        Self { slice, began: now, slices: [Counts::default(); SLICES], now: 0 }
    }

    /// Counts the end of a call.
    pub(super) fn count(&mut self, now: Instant, failed: bool) {
        self.advance(now);
        let counts = &mut self.slices[self.now];
        counts.calls = counts.calls.saturating_add(1);
        counts.failures = counts.failures.saturating_add(u32::from(failed));
    }

    /// What the window holds.
    pub(super) fn counts(&mut self, now: Instant) -> Counts {
        self.advance(now);
        self.slices.iter().fold(Counts::default(), |sum, slice| Counts {
            calls: sum.calls.saturating_add(slice.calls),
            failures: sum.failures.saturating_add(slice.failures),
        })
    }

    fn advance(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.began).as_nanos() / self.slice.as_nanos();
        if passed >= SLICES as u128 {
            *self = Self { slices: [Counts::default(); SLICES], began: now, ..*self };
            return;
        }
        for _ in 0..passed {
            self.now = (self.now + 1) % SLICES;
            self.slices[self.now] = Counts::default();
            self.began += self.slice;
        }
    }
}

const SLICES: usize = 10;
const SHORTEST_SLICE: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a list of all ends: the window holds those of the last nine slices at least, and none that is
        /// older than its length.
        #[test]
        fn it_holds_what_is_recent(steps in prop::collection::vec((0_u64..400, any::<bool>()), 1..80)) {
            let start = crate::rt::now();
            let mut window = Window::new(Duration::from_millis(1000), start);
            let (mut now, mut all) = (start, Vec::new());
            for (pause, failed) in steps {
                now += Duration::from_millis(pause);
                window.count(now, failed);
                all.push((now, failed));
                let counts = window.counts(now);
                let within = |millis| {
                    let recent = all.iter().filter(|(at, _)| now - *at < Duration::from_millis(millis));
                    let failures = recent.clone().filter(|(_, failed)| *failed).count();
                    (recent.count() as u32, failures as u32)
                };
                let (least, most) = (within(900), within(1001));
                prop_assert!(least.0 <= counts.calls && counts.calls <= most.0, "{least:?} {counts:?} {most:?}");
                prop_assert!(least.1 <= counts.failures && counts.failures <= most.1);
            }
        }
    }
}
