//! The response side of a call, as the typed edge reads it: of one attempt at a time, or of several.
//!
//! Decides nothing: what comes back is read in `answer`, and which of several attempts counts is found in `hedging`.

use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::engine::SingleReply;
use crate::engine::answer::Answer;
use crate::engine::hedging::Hedging;
use crate::metadata::Metadata;
use crate::status::Status;

/// The response side of one call. Dropping it before the end resets what is under way with CANCEL.
#[derive(Debug)]
pub struct Incoming(Attempts);

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every call is the large one")]
enum Attempts {
    One(Answer),
    /// Side by side, until one of them is answered.
    Several(Box<Hedging>),
    /// None was answered.
    Failed(Status),
}

impl Incoming {
    #[inline]
    pub(super) fn of(answer: Answer) -> Self {
        Self(Attempts::One(answer))
    }

    pub(super) fn of_several(hedging: Hedging) -> Self {
        Self(Attempts::Several(Box::new(hedging)))
    }

    /// Waits for the head of the response.
    pub(crate) fn poll_headers(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        ready!(self.poll_answer(context))?.poll_headers(context)
    }

    /// The next message, undecoded; `None` after the server ended the call with OK.
    pub(crate) fn poll_message(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Status>> {
        ready!(self.poll_answer(context))?.poll_message(context)
    }

    /// Exactly one message and an OK.
    pub(crate) fn poll_single(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(Bytes, SingleReply), Status>> {
        ready!(self.poll_answer(context))?.poll_single(context)
    }

    /// The head of the response; empty before it came, and when there was none.
    pub(crate) fn headers(&self) -> &Metadata {
        match &self.0 {
            Attempts::One(answer) => answer.headers(),
            Attempts::Several(_) | Attempts::Failed(_) => empty(),
        }
    }

    /// The address that answers; `None` until it does, for the call may be made once more elsewhere.
    pub(crate) fn peer(&self) -> Option<&Arc<str>> {
        match &self.0 {
            Attempts::One(answer) => answer.peer(),
            Attempts::Several(_) | Attempts::Failed(_) => None,
        }
    }

    /// How often the call was put on a connection so far.
    pub(crate) fn attempts(&self) -> u32 {
        match &self.0 {
            Attempts::One(answer) => answer.attempts(),
            Attempts::Several(hedging) => hedging.attempts(),
            Attempts::Failed(status) => status.attempts(),
        }
    }

    /// Headers and trailers, for whoever outlives this.
    pub(crate) fn take_metadata(&mut self) -> (Metadata, Metadata) {
        match &mut self.0 {
            Attempts::One(answer) => answer.take_metadata(),
            Attempts::Several(_) | Attempts::Failed(_) => <(Metadata, Metadata)>::default(),
        }
    }

    /// The attempt that counts.
    #[inline]
    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Result<&mut Answer, Status>> {
        if let Attempts::Several(hedging) = &mut self.0 {
            self.0 = match ready!(hedging.poll(context)) {
                Ok(answer) => Attempts::One(answer),
                Err(status) => Attempts::Failed(status),
            };
        }
        match &mut self.0 {
            Attempts::One(answer) => Poll::Ready(Ok(answer)),
            Attempts::Failed(status) => Poll::Ready(Err(status.clone())),
            Attempts::Several(_) => Poll::Pending,
        }
    }
}

fn empty() -> &'static Metadata {
    static EMPTY: LazyLock<Metadata> = LazyLock::new(Metadata::new);
    &EMPTY
}
