//! What the hedging machine asks for.
//!
//! Values only; the engine carries them out.

use std::time::Duration;

use crate::retry::failure::GaveUp;

/// The name of an attempt, for one call. None is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AttemptId(pub(super) u32);

/// What is to be done, in the order in which it is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Start an attempt, with a pick and credentials of its own, and tell the server how many came before it.
    Start { attempt: AttemptId, previous_attempts: u32, kind: StartKind },
    /// Tell [`on_timer`](super::Hedge::on_timer) when this much time has passed. Replaces the timer that is set.
    SetTimer { after: Duration },
    /// The timer that is set is not wanted any more.
    CancelTimer,
    /// Cancel an attempt under way. Nothing that is still told of it changes anything.
    Cancel(AttemptId),
    /// Stay with this attempt. What was kept is needed no more once it is sent.
    Commit(AttemptId),
    /// The call ends with the status of this attempt, which may have been over for a while.
    Finish { attempt: AttemptId, gave_up: GaveUp },
}

/// Why an attempt starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartKind {
    /// It is the call's first.
    First,
    /// The policy wants another.
    Hedge,
    /// It takes the place of one that no server looked at.
    Transparent,
}
