//! Hedging: several attempts of a call at a time, of which the first answer counts (gRFC A6).
//!
//! Told by the engine what happens to each attempt and when its one timer is due, it hands out what to do. It holds no
//! stream and no timer, and does not know what was sent: that is `buffer`. Retries are in `machine`; a call has the one
//! or the other.

mod action;
mod call;
mod open;

use std::sync::Arc;

pub(crate) use self::action::{Action, AttemptId};
use self::call::Call;
use self::open::Open;
use crate::retry::attempts::AttemptCap;
use crate::retry::failure::{CommittedBy, Failure, GaveUp};
use crate::retry::throttle::Throttle;
use crate::retry::tokens::Tokens;
use crate::service_config::HedgingPolicy;

/// The attempts of one call with a hedging policy.
///
/// After each event, [`poll_action`](Hedge::poll_action) is asked until there is none. The first attempt starts at once
/// and the others one hedging delay after the other, or all at once where that is zero, up to `max_attempts` or the
/// channel's cap. A failure is covered when its code is non-fatal, or when the attempt took longer than one may. "Token"
/// is what the target's [`Throttle`] loses or wins.
///
/// | what happens | what is done | token |
/// |---|---|---|
/// | the timer is due | the next attempt starts, and the timer for the one after it | |
/// | it is due, and too few tokens are left | no more attempts start | |
/// | an attempt brings response headers | it is committed to; the others are cancelled | |
/// | an attempt succeeds without them | the same, and the call is over | + ratio |
/// | an attempt never left this process, or is refused unseen for the first time in this call | it starts over under another name | |
/// | an attempt is dropped by the load-balancing policy | no more attempts start | |
/// | an attempt fails, not covered | the others are cancelled; the call ends with its status | |
/// | an attempt fails, covered | the next starts now, and the timer over | - 1 |
/// | .. and the server named a pause | the next starts after that pause, those after it by the hedging delay | - 1 |
/// | .. and the server said not to try again, or too few tokens are left | no more attempts start | - 1 |
/// | what is sent is more than is kept | the attempt that has sent most is committed to; the others are cancelled | |
/// | the last attempt has failed, and no more are to start | the call ends with its status | |
/// | the attempt committed to succeeds, or fails | the call ends with its status | + ratio, or - 1 where covered |
///
/// A server that says not to try again costs a token in any line. Attempts that start over are not counted and take no
/// token (RT-07). When no more start, those under way go on.
#[derive(Debug)]
pub(crate) struct Hedge {
    call: Call,
    state: State,
}

/// ```text
///   OPEN --- headers, buffer ---> COMMITTED
///     |                               | its end, interrupted
///     +-------------------------------+--> ENDED
///       success without headers, fatal failure, none left, interrupted
/// ```
#[derive(Debug)]
enum State {
    /// Any attempt may be the one that counts.
    Open(Open),
    /// This attempt counts, and is the only one under way.
    Committed { attempt: AttemptId, by: CommittedBy },
    /// What is told after this changes nothing.
    Ended,
}

impl Hedge {
    /// The call is about to start: there are actions at once.
    pub(crate) fn new(
        policy: &HedgingPolicy,
        cap: AttemptCap,
        throttle: Option<Arc<Throttle>>,
    ) -> Self {
        let mut call = Call::new(policy, cap, throttle);
        let open = Open::start(&mut call);
        Self { call, state: State::Open(open) }
    }

    /// What to do next; None when everything is said until the next event.
    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        self.call.poll_action()
    }

    /// The timer is due.
    pub(crate) fn on_timer(&mut self) {
        let next = match &mut self.state {
            State::Open(open) => open.on_timer(&mut self.call),
            State::Committed { .. } | State::Ended => None,
        };
        self.enter(next);
    }

    /// Response headers of this attempt arrived, or the program was given something of it.
    pub(crate) fn on_commit(&mut self, attempt: AttemptId, by: CommittedBy) {
        let next = match &mut self.state {
            State::Open(open) => open.on_commit(attempt, by, &mut self.call),
            State::Committed { .. } | State::Ended => None,
        };
        self.enter(next);
    }

    /// What is to be sent is more than is kept. `sent` says how many messages an attempt has sent.
    pub(crate) fn on_buffer_full(&mut self, sent: impl Fn(AttemptId) -> usize) {
        let next = match &mut self.state {
            State::Open(open) => open.on_buffer_full(sent, &mut self.call),
            State::Committed { .. } | State::Ended => None,
        };
        self.enter(next);
    }

    /// This attempt ended with OK, with response headers before that or without.
    pub(crate) fn on_succeeded(&mut self, attempt: AttemptId) {
        let next = match &mut self.state {
            State::Open(open) => open.on_succeeded(attempt, &mut self.call),
            State::Committed { attempt: kept, .. } if *kept == attempt => Some(State::Ended),
            State::Committed { .. } | State::Ended => None,
        };
        if let Some(State::Ended) = next {
            self.call.win_tokens();
        }
        self.enter(next);
    }

    /// This attempt failed. There is nothing left of it to cancel.
    pub(crate) fn on_failed(&mut self, attempt: AttemptId, failure: Failure) {
        let next = match &mut self.state {
            State::Open(open) => open.on_failed(attempt, failure, &mut self.call),
            State::Committed { attempt: kept, by } if *kept == attempt => {
                self.call.take_token(failure);
                let gave_up = match self.call.covers(failure) {
                    true => GaveUp::Committed(*by),
                    false => GaveUp::Final,
                };
                self.call.act(Action::Finish { attempt, gave_up });
                Some(State::Ended)
            }
            State::Committed { .. } | State::Ended => None,
        };
        self.enter(next);
    }

    /// The call is ended from this side, with a status of its own: everything is cancelled.
    pub(crate) fn on_interrupted(&mut self) {
        match &mut self.state {
            State::Open(open) => open.cancel_all(&mut self.call),
            State::Committed { attempt, .. } => self.call.act(Action::Cancel(*attempt)),
            State::Ended => {}
        }
        self.state = State::Ended;
    }

    /// What the end of the call is told, when it is bound to an attempt and the target has tokens.
    pub(crate) fn tokens(&self) -> Option<Tokens> {
        self.call.tokens()
    }

    /// How many attempts were started as the policy wants it, the first included: for metrics (gRFC A96).
    pub(crate) fn attempts(&self) -> u32 {
        self.call.attempts()
    }

    /// How many times an attempt was started over without a policy's leave.
    pub(crate) fn transparent_retries(&self) -> u32 {
        self.call.transparent_retries()
    }

    #[cfg(test)]
    pub(super) fn is_open(&self) -> bool {
        match self.state {
            State::Open(_) => true,
            State::Committed { .. } | State::Ended => false,
        }
    }

    fn enter(&mut self, next: Option<State>) {
        if let Some(next) = next {
            self.state = next;
        }
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
