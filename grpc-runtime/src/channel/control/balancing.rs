//! The load-balancing policy of a channel that is not idle, its panics caught. What it asks for is handed back, to be
//! carried out by the task.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::engine::panicked;
use crate::lb::{Action, Context, GracefulSwitch, Ids};
use crate::rt;
use crate::status::Status;

/// The policy, until it breaks.
pub(super) struct Balancing {
    policy: Option<GracefulSwitch>,
    ids: Ids,
}

impl Balancing {
    /// A policy that has seen nothing yet.
    pub(super) fn new() -> Self {
        Self { policy: Some(GracefulSwitch::new()), ids: Ids::new() }
    }

    /// Starts over where the policy broke. Names go on, so that none is given twice.
    pub(super) fn ensure(&mut self) {
        self.policy.get_or_insert_with(GracefulSwitch::new);
    }

    /// Runs the policy. `None` where there is none any more.
    ///
    /// # Errors
    /// It panicked, and is gone with all that it asked for in this run.
    pub(super) fn run<R>(
        &mut self,
        event: impl FnOnce(&mut GracefulSwitch, &mut Context<'_>) -> R,
    ) -> Result<Option<(R, Vec<Action>)>, Status> {
        let Some(policy) = &mut self.policy else { return Ok(None) };
        let mut random = rt::random;
        let mut context = Context::new(rt::now(), &mut random, &mut self.ids);
        match catch_unwind(AssertUnwindSafe(|| event(policy, &mut context))) {
            Ok(result) => Ok(Some((result, context.into_actions()))),
            Err(panic) => {
                let policy = self.policy.take();
                // What panicked once may do so again when it is dropped.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(policy)));
                Err(panicked("the load-balancing policy", &*panic))
            }
        }
    }
}
