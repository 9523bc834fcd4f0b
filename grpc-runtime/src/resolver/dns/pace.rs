//! When to resolve: at once, then only when asked and not too often, and with growing pauses while it fails.
//!
//! Pure: time and randomness are arguments. It is driven by [`DnsResolver`](super::DnsResolver).
//!
//! ```text
//!            on_started              on_found
//!   Due ───────────────► Resolving ──────────► Resting ── asked, and long enough ago ──► Due
//!    ▲                       │                    │
//!    │                       │ on_failed          │ on_outcome(Rejected)
//!    └──── pause over ── BackingOff ◄─────────────┘
//! ```

use std::time::{Duration, Instant};

use crate::backoff::ConnectionBackoff;
use crate::resolver::UpdateOutcome;

/// When one resolver resolves.
#[derive(Debug)]
pub(super) struct Pace {
    stage: Stage,
    /// Whether somebody asked for a resolution that has not begun since.
    requested: bool,
    backoff: ConnectionBackoff,
    minimum_interval: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It is time.
    Due,
    /// A resolution is under way.
    Resolving,
    /// One has succeeded, then.
    Resting { since: Instant },
    /// One has failed, or what it found was rejected.
    BackingOff { until: Instant },
}

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Resolve, and say so with [`Pace::on_started`].
    Resolve,
    /// Go on with the resolution under way.
    GoOn,
    /// Nothing before this moment.
    WaitUntil(Instant),
    /// Nothing before somebody asks.
    WaitForRequest,
}

impl Pace {
    /// `minimum_interval` is from the end of one resolution to the start of the next, where it is not for a failure.
    pub(super) fn new(minimum_interval: Duration) -> Self {
        Self {
            stage: Stage::Due,
            requested: false,
            backoff: ConnectionBackoff::after_first(),
            minimum_interval,
        }
    }

    /// What there is to do at `now`.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        let due = match self.stage {
            Stage::Due => None,
            Stage::Resolving => return Step::GoOn,
            Stage::Resting { .. } if !self.requested => return Step::WaitForRequest,
            // A time that no clock reaches: somebody wants one resolution only.
            Stage::Resting { since } => match since.checked_add(self.minimum_interval) {
                Some(due) => Some(due),
                None => return Step::WaitForRequest,
            },
            // Being asked does not cut a pause short: what failed a moment ago would fail again.
            Stage::BackingOff { until } => Some(until),
        };
        match due {
            Some(due) if due > now => Step::WaitUntil(due),
            Some(_) | None => {
                self.stage = Stage::Due;
                Step::Resolve
            }
        }
    }

    /// A resolution has begun; it serves all who asked before.
    pub(super) fn on_started(&mut self) {
        self.stage = Stage::Resolving;
        self.requested = false;
    }

    /// The resolution has succeeded, if only in finding that there is nothing.
    pub(super) fn on_found(&mut self, now: Instant) {
        self.stage = Stage::Resting { since: now };
    }

    /// The resolution has failed. `random` is evenly spread over `0.0..1.0`.
    pub(super) fn on_failed(&mut self, now: Instant, random: f64) {
        let until = now + self.backoff.next(random);
        self.stage = Stage::BackingOff { until };
    }

    /// What became of what was found. A failure is no less one for how it is taken, and during a resolution the news
    /// is old.
    pub(super) fn on_outcome(&mut self, outcome: UpdateOutcome, now: Instant, random: f64) {
        match (self.stage, outcome) {
            (Stage::Resting { .. }, UpdateOutcome::Accepted) => {
                self.backoff = ConnectionBackoff::after_first();
            }
            (Stage::Resting { .. }, UpdateOutcome::Rejected) => self.on_failed(now, random),
            (Stage::Due | Stage::Resolving | Stage::BackingOff { .. }, _) => {}
        }
    }

    /// Somebody asks for a new resolution. Those who ask while one is under way get another, as what it finds may
    /// be from before they had reason to ask.
    pub(super) fn on_request(&mut self) {
        self.requested = true;
    }
}

#[cfg(test)]
mod tests;
