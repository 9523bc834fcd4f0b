//! Retries: one attempt of a call after the other (gRFC A6).
//!
//! Told by the engine what happens to the attempt under way, it says what to do. It holds no stream and no timer, and
//! does not know what was sent: that is `buffer`. A call with a hedging policy has `hedge` instead.

use std::sync::Arc;
use std::time::Duration;

use crate::retry::attempts::AttemptCap;
use crate::retry::backoff::Backoff;
use crate::retry::failure::{CommittedBy, Failure, GaveUp};
use crate::retry::pushback::Pushback;
use crate::retry::throttle::{Allowance, Throttle};
use crate::retry::tokens::Tokens;
use crate::service_config::{CodeSet, RetryPolicy};

/// The attempts of one call, of any kind, with a retry policy or without.
///
/// What becomes of an attempt, and what then; the first line that applies. A failure is covered when its code is in the
/// policy, or when the attempt took longer than one may. "Token" is what the target's [`Throttle`] loses or wins.
///
/// | the attempt | call | answer | token |
/// |---|---|---|---|
/// | brought response headers, or sent more than is kept | open | `Commit` | |
/// | succeeded | open, committed | none: it is over | + ratio |
/// | failed, covered | committed | `Fail(Committed)` | - 1 |
/// | failed otherwise | committed | `Fail(Final)` | |
/// | never left this process | open | `RetryTransparently`, however often | |
/// | was refused unseen, for the first time in this call | open | `RetryTransparently` | |
/// | was dropped by the load-balancing policy | open | `Fail(Dropped)` | |
/// | failed, not covered | open | `Fail(Final)` | |
/// | failed, covered; the server said not to try again | open | `Fail(PushedBack)` | - 1 |
/// | failed, covered; too few tokens are left | open | `Fail(Throttled)` | - 1 |
/// | failed, covered; it was the last that is allowed | open | `Fail(Exhausted)` | - 1 |
/// | failed, covered; the server named a pause | open | `Retry` after it; the next backoff is the first again | - 1 |
/// | failed, covered | open | `Retry` after the backoff | - 1 |
/// | anything | ended | none | |
///
/// A server that says not to try again costs a token in any line. A refusal after the first is a failure with
/// UNAVAILABLE. Without a policy nothing is covered, and the transparent retries remain (RT-07, RT-10): they take no
/// token, have no pause and are not counted.
///
/// A committed call counts for the tokens as others do: A6 counts failures, not what could have been done about them.
#[derive(Debug)]
pub(crate) struct Retry {
    throttle: Option<Arc<Throttle>>,
    /// What the policy covers; none without one.
    codes: Option<CodeSet>,
    /// Attempts by policy that were started, or are to start when their pause is over; at least one.
    attempts: u32,
    transparent: u32,
    state: State,
}

/// ```text
///   +------+ failed, and tried again
///   |      v
///   +---- OPEN -----------------> COMMITTED ---> ENDED
///           |   headers, buffer               ^
///           +---------------------------------+
///             over without headers
/// ```
#[derive(Debug)]
enum State {
    /// There may be another attempt. One is under way, or is to start when its pause is over.
    Open(Open),
    /// The attempt under way is the last.
    Committed(CommittedBy),
    /// What is told after this changes nothing.
    Ended,
}

#[derive(Debug)]
struct Open {
    /// What is left of the policy. Boxed, as most calls have none and all have room for one.
    plan: Option<Box<Plan>>,
    /// Whether the transparent retry after a refusal is used up.
    was_refused: bool,
}

#[derive(Debug)]
struct Plan {
    max_attempts: u32,
    backoff: Backoff,
}

/// What is to happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Start another attempt when this much time has passed, with the number of
    /// [`previous_attempts`](Retry::previous_attempts), and a pick and credentials of its own.
    Retry { after: Duration, reason: RetryReason },
    /// Start the attempt over at once, with a pick of its own.
    RetryTransparently,
    /// Stay with this attempt. What was kept is needed no more once it is sent.
    Commit,
    /// The call ends as its attempt did.
    Fail(GaveUp),
}

/// Where the pause before a retry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryReason {
    /// The policy's backoff.
    Backoff,
    /// The server named it.
    Pushback,
}

impl Retry {
    /// The first attempt is about to start. Without a policy, only transparent retries are left.
    pub(crate) fn new(
        policy: Option<&RetryPolicy>,
        cap: AttemptCap,
        throttle: Option<Arc<Throttle>>,
    ) -> Self {
        let plan = policy.map(|policy| {
            Box::new(Plan {
                max_attempts: cap.apply(policy.max_attempts()),
                backoff: Backoff::new(policy),
            })
        });
        Self {
            throttle,
            codes: policy.map(RetryPolicy::retryable_status_codes),
            attempts: 1,
            transparent: 0,
            state: State::Open(Open { plan, was_refused: false }),
        }
    }

    /// The attempt under way failed. `random`, for the pause, is evenly spread over `0.0..1.0`.
    ///
    /// None when the call has ended already.
    pub(crate) fn on_failed(&mut self, failure: Failure, random: f64) -> Option<Decision> {
        let decision = match &mut self.state {
            State::Open(open) => match open.retry_transparently(failure) {
                true => {
                    self.transparent = self.transparent.saturating_add(1);
                    Decision::RetryTransparently
                }
                false => self.follow_policy(failure, random),
            },
            &mut State::Committed(by) => {
                self.take_token(failure);
                Decision::Fail(match self.covers(failure) {
                    true => GaveUp::Committed(by),
                    false => GaveUp::Final,
                })
            }
            State::Ended => return None,
        };
        if let Decision::Fail(_) = decision {
            self.state = State::Ended;
        }
        Some(decision)
    }

    /// The call is bound to the attempt under way, or to the one that starts when the pause is over.
    ///
    /// `Commit` the first time, None later.
    pub(crate) fn on_commit(&mut self, by: CommittedBy) -> Option<Decision> {
        match self.state {
            State::Open(_) => {
                self.state = State::Committed(by);
                Some(Decision::Commit)
            }
            State::Committed(_) | State::Ended => None,
        }
    }

    /// The call ended with OK, with response headers before that or without.
    pub(crate) fn on_succeeded(&mut self) {
        match self.state {
            State::Open(_) | State::Committed(_) => {
                if let Some(throttle) = &self.throttle {
                    throttle.on_success();
                }
                self.state = State::Ended;
            }
            State::Ended => {}
        }
    }

    /// How many attempts by policy came before the one under way: for the server, and for metrics (gRFC A96).
    pub(crate) fn previous_attempts(&self) -> u32 {
        self.attempts - 1
    }

    #[cfg(test)]
    /// How many times an attempt was started over without a policy's leave.
    pub(crate) fn transparent_retries(&self) -> u32 {
        self.transparent
    }

    /// Whether there is a policy, and not only what is repeated of itself.
    pub(crate) fn follows_policy(&self) -> bool {
        self.codes.is_some()
    }

    /// What the end of the call is told, when it is bound to an attempt and the target has tokens.
    pub(crate) fn tokens(&self) -> Option<Tokens> {
        let throttle = self.throttle.clone()?;
        Some(Tokens::new(throttle, self.codes.unwrap_or_default()))
    }

    #[cfg(test)]
    pub(super) fn is_open(&self) -> bool {
        match self.state {
            State::Open(_) => true,
            State::Committed(_) | State::Ended => false,
        }
    }

    /// What to do about a failure that is not repeated of itself.
    fn follow_policy(&mut self, failure: Failure, random: f64) -> Decision {
        let allowance = self.take_token(failure);
        let is_covered = self.covers(failure);
        let (State::Open(Open { plan: Some(plan), .. }), true) = (&mut self.state, is_covered)
        else {
            return Decision::Fail(failure.without_policy());
        };
        let (after, reason) = match (failure.pushback(), allowance) {
            (Pushback::Stop, _) => return Decision::Fail(GaveUp::PushedBack),
            (_, Allowance::Throttled) => return Decision::Fail(GaveUp::Throttled),
            _ if self.attempts >= plan.max_attempts => {
                return Decision::Fail(GaveUp::Exhausted { attempts: self.attempts });
            }
            // RT-04: exactly this long, and the backoff starts over after it.
            (Pushback::After(pause), Allowance::Allowed) => {
                plan.backoff.reset();
                (pause, RetryReason::Pushback)
            }
            (Pushback::Absent, Allowance::Allowed) => {
                (plan.backoff.next(random), RetryReason::Backoff)
            }
        };
        self.attempts += 1;
        Decision::Retry { after, reason }
    }

    fn covers(&self, failure: Failure) -> bool {
        self.codes.is_some_and(|codes| failure.is_covered(codes))
    }

    /// RT-03: for what the policy covers, and for a server that says not to try again.
    fn take_token(&self, failure: Failure) -> Allowance {
        match &self.throttle {
            Some(throttle) if self.covers(failure) || failure.pushback() == Pushback::Stop => {
                throttle.on_failure()
            }
            Some(_) | None => Allowance::Allowed,
        }
    }
}

impl Open {
    /// RT-07: however often where nothing left, once where the server said that it did not look.
    fn retry_transparently(&mut self, failure: Failure) -> bool {
        match failure {
            Failure::NotSent => true,
            Failure::Refused => !std::mem::replace(&mut self.was_refused, true),
            Failure::Dropped | Failure::TimedOut | Failure::Status { .. } => false,
        }
    }
}

#[cfg(test)]
pub(super) mod model;
#[cfg(test)]
mod tests;
