//! The deadline of a call as something to poll: one sleep, made only when somebody really has to wait.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::rt;

/// Ready when the deadline has passed; never, without one.
#[derive(Debug)]
pub(crate) struct Timer {
    deadline: Option<Instant>,
    sleep: Option<Pin<Box<rt::Sleep>>>,
}

impl Timer {
    pub(crate) fn new(deadline: Option<Instant>) -> Self {
        Self { deadline, sleep: None }
    }

    pub(crate) fn at(deadline: Instant) -> Self {
        Self::new(Some(deadline))
    }

    pub(crate) fn never() -> Self {
        Self::new(None)
    }

    /// Whether the deadline is behind us, by the clock: for loops that never have to wait.
    pub(crate) fn has_passed(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= rt::now())
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline else { return Poll::Pending };
        self.sleep.get_or_insert_with(|| Box::pin(rt::sleep_until(deadline))).as_mut().poll(context)
    }
}
