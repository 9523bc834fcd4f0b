//! A hedged call while any of its attempts may be the one that counts.
//!
//! Its methods return the state that follows, where it is another, and leave what is to be done with the call.

use std::time::Duration;

use crate::retry::failure::{CommittedBy, Failure, GaveUp};
use crate::retry::hedge::State;
use crate::retry::hedge::action::{Action, AttemptId};
use crate::retry::hedge::call::Call;
use crate::retry::pushback::Pushback;
use crate::retry::throttle::Allowance;

#[derive(Debug)]
pub(super) struct Open {
    /// Under way, oldest first. Empty only while the timer runs, after a server named a pause.
    live: Vec<Live>,
    further: Further,
    is_timer_set: bool,
    /// Whether the transparent retry after a refusal is used up.
    was_refused: bool,
    /// Whose status the call ends with if nothing better comes.
    last_failed: Option<AttemptId>,
}

#[derive(Debug, Clone, Copy)]
struct Live {
    id: AttemptId,
    previous_attempts: u32,
}

/// What may start beside or after the attempts under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Further {
    /// Attempts, as far as the policy allows.
    Hedges,
    /// One more, which is committed to when it starts: nothing was under way when the buffer was full.
    OnlyOne,
    /// None, for this reason.
    None(GaveUp),
}

impl Open {
    /// Starts the first attempt and, where there is no delay, the others.
    pub(super) fn start(call: &mut Call) -> Self {
        let mut open = Self {
            live: Vec::new(),
            further: Further::Hedges,
            is_timer_set: false,
            was_refused: false,
            last_failed: None,
        };
        open.start_one(call);
        match call.delay() {
            Duration::ZERO => open.start_hedges(call),
            delay => open.set_timer(delay, call),
        }
        open
    }

    pub(super) fn on_timer(&mut self, call: &mut Call) -> Option<State> {
        if !std::mem::take(&mut self.is_timer_set) {
            return None;
        }
        self.start_hedges(call);
        if let (Further::OnlyOne, Some(only)) = (self.further, self.live.first()) {
            return self.commit(only.id, CommittedBy::BufferLimit, call);
        }
        self.finish_if_none_left(call)
    }

    pub(super) fn on_commit(
        &mut self,
        attempt: AttemptId,
        by: CommittedBy,
        call: &mut Call,
    ) -> Option<State> {
        self.position(attempt)?;
        self.commit(attempt, by, call)
    }

    pub(super) fn on_buffer_full(
        &mut self,
        sent: impl Fn(AttemptId) -> usize,
        call: &mut Call,
    ) -> Option<State> {
        // Of several the oldest, which has the best chance to be answered first.
        match self.live.iter().rev().max_by_key(|live| sent(live.id)).copied() {
            Some(most) => self.commit(most.id, CommittedBy::BufferLimit, call),
            None => {
                self.further = Further::OnlyOne;
                None
            }
        }
    }

    pub(super) fn on_succeeded(&mut self, attempt: AttemptId, call: &mut Call) -> Option<State> {
        self.position(attempt)?;
        self.commit(attempt, CommittedBy::Headers, call);
        Some(State::Ended)
    }

    pub(super) fn on_failed(
        &mut self,
        attempt: AttemptId,
        failure: Failure,
        call: &mut Call,
    ) -> Option<State> {
        let at = self.position(attempt)?;
        if self.starts_over(failure) {
            self.live[at].id = call.start_over(self.live[at].previous_attempts);
            return None;
        }
        self.live.remove(at);
        self.last_failed = Some(attempt);
        let allowance = call.take_token(failure);
        if failure == Failure::Dropped {
            self.start_no_more(GaveUp::Dropped, call);
        } else if !call.covers(failure) {
            self.cancel_all(call);
            call.act(Action::Finish { attempt, gave_up: GaveUp::Final });
            return Some(State::Ended);
        } else {
            self.go_on(failure.pushback(), allowance, call);
        }
        self.finish_if_none_left(call)
    }

    /// Cancels the attempts under way and the timer.
    pub(super) fn cancel_all(&mut self, call: &mut Call) {
        self.cancel_timer(call);
        for live in self.live.drain(..) {
            call.act(Action::Cancel(live.id));
        }
    }

    /// RT-07: however often where nothing left, once where the server said that it did not look.
    fn starts_over(&mut self, failure: Failure) -> bool {
        match failure {
            Failure::NotSent => true,
            Failure::Refused => !std::mem::replace(&mut self.was_refused, true),
            Failure::Dropped | Failure::TimedOut | Failure::Status { .. } => false,
        }
    }

    /// HG-01: after a failure that is not fatal.
    fn go_on(&mut self, pushback: Pushback, allowance: Allowance, call: &mut Call) {
        match (pushback, allowance) {
            (Pushback::Stop, _) => self.start_no_more(GaveUp::PushedBack, call),
            (_, Allowance::Throttled) => self.start_no_more(GaveUp::Throttled, call),
            (Pushback::After(pause), Allowance::Allowed) => {
                if self.may_start(call) {
                    self.set_timer(pause, call);
                }
            }
            (Pushback::Absent, Allowance::Allowed) => self.start_hedges(call),
        }
    }

    /// Starts the next attempt and sets the timer for the one after it; without a delay, starts them all.
    fn start_hedges(&mut self, call: &mut Call) {
        while self.may_start(call) {
            if call.allowance() == Allowance::Throttled {
                return self.start_no_more(GaveUp::Throttled, call);
            }
            self.start_one(call);
            if self.further == Further::OnlyOne {
                return;
            }
            if !call.delay().is_zero() {
                break;
            }
        }
        if self.may_start(call) {
            self.set_timer(call.delay(), call);
        } else {
            self.cancel_timer(call);
        }
    }

    fn start_one(&mut self, call: &mut Call) {
        let (id, previous_attempts) = call.start();
        self.live.push(Live { id, previous_attempts });
    }

    fn may_start(&self, call: &Call) -> bool {
        match self.further {
            Further::Hedges | Further::OnlyOne => call.has_room(),
            Further::None(_) => false,
        }
    }

    fn start_no_more(&mut self, reason: GaveUp, call: &mut Call) {
        // The first reason is the one that counts.
        if !matches!(self.further, Further::None(_)) {
            self.further = Further::None(reason);
        }
        self.cancel_timer(call);
    }

    fn finish_if_none_left(&mut self, call: &mut Call) -> Option<State> {
        let attempt = self.last_failed.filter(|_| self.live.is_empty() && !self.is_timer_set)?;
        let gave_up = match self.further {
            Further::None(reason) => reason,
            Further::Hedges | Further::OnlyOne => GaveUp::Exhausted { attempts: call.attempts() },
        };
        call.act(Action::Finish { attempt, gave_up });
        Some(State::Ended)
    }

    fn commit(&mut self, attempt: AttemptId, by: CommittedBy, call: &mut Call) -> Option<State> {
        self.live.retain(|live| live.id != attempt);
        self.cancel_all(call);
        call.act(Action::Commit(attempt));
        Some(State::Committed { attempt, by })
    }

    fn set_timer(&mut self, after: Duration, call: &mut Call) {
        self.is_timer_set = true;
        call.act(Action::SetTimer { after });
    }

    fn cancel_timer(&mut self, call: &mut Call) {
        if std::mem::take(&mut self.is_timer_set) {
            call.act(Action::CancelTimer);
        }
    }

    fn position(&self, attempt: AttemptId) -> Option<usize> {
        self.live.iter().position(|live| live.id == attempt)
    }
}
