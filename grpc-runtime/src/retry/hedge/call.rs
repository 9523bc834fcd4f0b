//! What a hedged call has in every state: its policy, its counts, and what is to be done.
//!
//! Decides nothing about attempts; `open` and `mod.rs` do.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::retry::attempts::AttemptCap;
use crate::retry::failure::Failure;
use crate::retry::hedge::action::{Action, AttemptId, StartKind};
use crate::retry::pushback::Pushback;
use crate::retry::throttle::{Allowance, Throttle};
use crate::retry::tokens::Tokens;
use crate::service_config::{CodeSet, HedgingPolicy};

#[derive(Debug)]
pub(super) struct Call {
    throttle: Option<Arc<Throttle>>,
    non_fatal: CodeSet,
    delay: Duration,
    max_attempts: u32,
    /// Attempts that were started, but for those that started over.
    attempts: u32,
    transparent: u32,
    /// For the next attempt.
    next_id: AttemptId,
    actions: VecDeque<Action>,
}

impl Call {
    pub(super) fn new(
        policy: &HedgingPolicy,
        cap: AttemptCap,
        throttle: Option<Arc<Throttle>>,
    ) -> Self {
        Self {
            throttle,
            non_fatal: policy.non_fatal_status_codes(),
            delay: policy.hedging_delay(),
            max_attempts: cap.apply(policy.max_attempts()),
            attempts: 0,
            transparent: 0,
            next_id: AttemptId(0),
            actions: VecDeque::new(),
        }
    }

    pub(super) fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub(super) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Starts an attempt that counts. Returns its name, and how many came before it.
    pub(super) fn start(&mut self) -> (AttemptId, u32) {
        let previous_attempts = self.attempts;
        self.attempts += 1;
        let kind = if previous_attempts == 0 { StartKind::First } else { StartKind::Hedge };
        (self.start_as(previous_attempts, kind), previous_attempts)
    }

    /// Starts an attempt over. Returns its new name.
    pub(super) fn start_over(&mut self, previous_attempts: u32) -> AttemptId {
        self.transparent = self.transparent.saturating_add(1);
        self.start_as(previous_attempts, StartKind::Transparent)
    }

    /// Whether the policy and the cap leave room for another attempt.
    pub(super) fn has_room(&self) -> bool {
        self.attempts < self.max_attempts
    }

    pub(super) fn delay(&self) -> Duration {
        self.delay
    }

    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) fn transparent_retries(&self) -> u32 {
        self.transparent
    }

    pub(super) fn covers(&self, failure: Failure) -> bool {
        failure.is_covered(self.non_fatal)
    }

    /// RT-03: for what the policy covers, and for a server that says not to try again.
    pub(super) fn take_token(&self, failure: Failure) -> Allowance {
        match &self.throttle {
            Some(throttle) if self.covers(failure) || failure.pushback() == Pushback::Stop => {
                throttle.on_failure()
            }
            Some(_) | None => Allowance::Allowed,
        }
    }

    pub(super) fn tokens(&self) -> Option<Tokens> {
        Some(Tokens::new(self.throttle.clone()?, self.non_fatal))
    }

    pub(super) fn win_tokens(&self) {
        if let Some(throttle) = &self.throttle {
            throttle.on_success();
        }
    }

    pub(super) fn allowance(&self) -> Allowance {
        self.throttle.as_ref().map_or(Allowance::Allowed, |throttle| throttle.allowance())
    }

    fn start_as(&mut self, previous_attempts: u32, kind: StartKind) -> AttemptId {
        let attempt = self.next_id;
        // Wraps after four thousand million attempts that no server saw; the first is long gone then.
        self.next_id = AttemptId(attempt.0.wrapping_add(1));
        self.act(Action::Start { attempt, previous_attempts, kind });
        attempt
    }
}
