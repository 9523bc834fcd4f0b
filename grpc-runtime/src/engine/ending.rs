//! The word that a picker, and whoever else saw an attempt begin, wants about its end: given exactly once, whatever
//! becomes of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::lb::{CallResult, OnEnd};
use crate::metadata::Metadata;
use crate::status::Status;

/// Owed by whoever holds the attempt; dropping it says that the call was cancelled.
#[derive(Debug, Default)]
pub(super) struct Ending {
    on_end: Option<OnEnd>,
    is_sent: bool,
    is_received: bool,
}

impl Ending {
    pub(super) fn new(on_end: Option<OnEnd>) -> Self {
        Self { on_end, is_sent: false, is_received: false }
    }

    /// One more wants to be told, after those before it.
    pub(super) fn add(&mut self, hook: impl FnOnce(&CallResult<'_>) + Send + 'static) {
        self.on_end = Some(match self.on_end.take() {
            None => OnEnd::new(hook),
            Some(before) => OnEnd::new(move |result| {
                tell(before, result);
                hook(result);
            }),
        });
    }

    /// Something of the request was handed to the connection.
    pub(super) fn sent(&mut self) {
        self.is_sent = true;
    }

    /// Something of a response arrived.
    pub(super) fn received(&mut self) {
        self.is_received = true;
    }

    /// The attempt is over.
    pub(super) fn end(&mut self, outcome: Result<(), &Status>, trailers: Option<&Metadata>) {
        let Some(on_end) = self.on_end.take() else { return };
        let mut result = CallResult::new(outcome);
        result.is_sent = self.is_sent;
        result.is_received = self.is_received;
        result.trailers = trailers;
        tell(on_end, &result);
    }
}

/// It is the program's, and may run while a call is dropped in another panic. The call's own end stands.
fn tell(on_end: OnEnd, result: &CallResult<'_>) {
    if catch_unwind(AssertUnwindSafe(|| on_end.call(result))).is_err() {
        tracing::error!("what a program wanted called at the end of an attempt panicked");
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if self.on_end.is_some() {
            let status = Status::cancelled("the call was dropped, or found no connection there");
            self.end(Err(&status), None);
        }
    }
}
