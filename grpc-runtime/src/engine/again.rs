//! The further attempts of a call (gRFC A6): what it takes to make them, and the pause before.
//!
//! Whether there is one is decided in `retry::machine`, whose words are translated here. A call that was not sent at all is
//! started over before it comes to this (`Engine::start`).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::engine::answer::Answer;
use crate::engine::attempt::Waiting;
use crate::engine::outcome;
use crate::engine::outgoing::{CallEnd, RequestBody};
use crate::engine::pick::{self, NotPicked};
use crate::engine::timer::Timer;
use crate::engine::{Engine, Further, Shared};
use crate::lb::SubchannelId;
use crate::retry::{CommittedBy, Decision, Failure, GaveUp, Pushback, Tokens};
use crate::rt;
use crate::status::Status;

/// What follows where an attempt fails before response headers came.
pub(super) enum OnFailure {
    /// The end of the call.
    End,
    /// Maybe another attempt.
    Retry(Again),
    /// It is one of several at a time: whoever drives them is told.
    Report,
    /// It was told.
    Reported(Failure),
}

/// A call that may be made once more. Its messages are kept as bytes, shared with the attempt under way.
pub(super) struct Again {
    engine: Engine,
    /// In a box of its own, because it is let go when the response begins: a stream that goes on holds half as much.
    call: Box<Waiting>,
    /// Where the attempt under way went.
    subchannel: SubchannelId,
    /// When the attempt under way has taken too long, where there is a limit.
    timer: Option<Box<Timer>>,
}

/// What follows a failure.
pub(super) enum Next {
    Attempt(Restart),
    /// Others may take its place.
    Report,
    /// It is the end of the call.
    End(Status),
}

impl OnFailure {
    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::End)
    }

    pub(super) fn on_failed(self, failure: Failure, status: Status) -> Next {
        match self {
            Self::Retry(again) => again.on_failed(failure, status),
            Self::Report => Next::Report,
            Self::End | Self::Reported(_) => Next::End(status),
        }
    }

    /// The attempt under way is the last: gives what is still to be told of it.
    pub(super) fn commit(&mut self) -> Option<Tokens> {
        let tokens = match self {
            Self::Retry(again) => again.commit(),
            Self::End | Self::Report | Self::Reported(_) => None,
        };
        *self = Self::End;
        tokens
    }

    /// The attempt under way ended well, without response headers.
    pub(super) fn on_succeeded(&mut self) {
        if let Self::Retry(again) = self {
            again.call.further.retry.on_succeeded();
        }
        *self = Self::End;
    }
}

impl Again {
    #[inline]
    pub(super) fn new(engine: Engine, call: Box<Waiting>, subchannel: SubchannelId) -> Self {
        let end = |limit| rt::now().checked_add(limit);
        let timer = call.further.attempt_timeout.and_then(end).map(|end| Box::new(Timer::at(end)));
        Self { engine, call, subchannel, timer }
    }

    /// Ready when the attempt under way has taken too long.
    pub(super) fn poll_timed_out(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.timer {
            Some(timer) => Pin::new(timer).poll(context),
            None => Poll::Pending,
        }
    }

    fn on_failed(mut self, failure: Failure, status: Status) -> Next {
        match self.call.on_failed(failure, status.clone()) {
            Ok(after) => {
                self.call.tried.push(self.subchannel);
                Next::Attempt(self.start(after, status))
            }
            Err(status) => Next::End(status),
        }
    }

    fn commit(&mut self) -> Option<Tokens> {
        let Waiting { further: Further { retry, .. }, replay, .. } = &mut *self.call;
        retry.on_commit(CommittedBy::Headers);
        if let Some(replay) = replay {
            replay.commit();
        }
        retry.tokens()
    }

    fn start(self, after: Duration, failed: Status) -> Restart {
        let Self { engine, mut call, .. } = self;
        call.rewind();
        let requests = match &call.call.body {
            RequestBody::Message(_) => None,
            RequestBody::Stream(stream) => Some(stream.end.clone()),
        };
        let next = Box::pin(async move {
            if !after.is_zero() {
                pick::pause(engine.0.shared(), rt::now() + after).await;
            }
            engine.attempt(call).await
        });
        Restart { next, failed, requests }
    }
}

impl Waiting {
    /// There is no connection for it: waits until the next attempt, or for the status that the call ends with.
    pub(super) async fn pause(
        &mut self,
        not_picked: NotPicked,
        shared: &Shared,
    ) -> Result<(), Status> {
        let NotPicked { status, failure } = not_picked;
        let Some(failure) = failure else { return Err(status) };
        let next = rt::now() + self.on_failed(failure, status.clone())?;
        let deadline = self.settled.terms.deadline;
        pick::pause(shared, deadline.map_or(next, |deadline| deadline.min(next))).await;
        match deadline {
            Some(deadline) if deadline <= rt::now() => {
                Err(outcome::deadline_passed_between_attempts(Some(&status)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the call is to be made once more, and after what pause; else the status it ends with.
    pub(super) fn on_failed(
        &mut self,
        failure: Failure,
        status: Status,
    ) -> Result<Duration, Status> {
        if let Some(replay) = &self.replay
            && replay.is_over_limit()
        {
            self.further.retry.on_commit(CommittedBy::BufferLimit);
        }
        match self.further.retry.on_failed(failure, rt::random()) {
            Some(Decision::RetryTransparently) => {
                tracing::debug!(%status, "once more, as the server did not look at the call");
                Ok(Duration::ZERO)
            }
            Some(Decision::Retry { after, reason }) => {
                tracing::debug!(%status, ?after, ?reason, "retry");
                Ok(after)
            }
            Some(Decision::Fail(why)) => Err(told(status, why)),
            Some(Decision::Commit) | None => Err(status),
        }
    }
}

/// The status of the last attempt, and why there was no further one.
pub(super) fn told(status: Status, why: GaveUp) -> Status {
    if why.is_worth_telling() { status.context(why) } else { status }
}

/// How an attempt failed that ended with this status, after response headers or without the server.
pub(super) fn failure_of(status: &Status) -> Failure {
    Failure::Status { code: status.code(), pushback: Pushback::Absent }
}

/// The call on its way to another connection.
pub(super) struct Restart {
    next: Pin<Box<dyn Future<Output = Result<Answer, Status>> + Send>>,
    /// How the attempt before it failed.
    pub(super) failed: Status,
    /// Where whoever sends learns of the end.
    requests: Option<CallEnd>,
}

impl Restart {
    /// The call ends before there is another attempt.
    pub(super) fn cancel(&self, status: &Status) {
        if let Some(requests) = &self.requests {
            requests.set(Err(status.clone()));
        }
    }
}

impl Future for Restart {
    type Output = Result<Answer, Status>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.next.as_mut().poll(context)
    }
}

impl fmt::Debug for OnFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::End => "End",
            Self::Retry(_) => "Retry",
            Self::Report => "Report",
            Self::Reported(_) => "Reported",
        })
    }
}

impl fmt::Debug for Restart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Restart").finish_non_exhaustive()
    }
}
