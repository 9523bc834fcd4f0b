//! The further attempts of a call (gRFC A6): what it takes to make them, and the pause before.
//!
//! Whether there is one is decided in `retry::machine`, whose words are translated here. A call that was not sent at all is
//! started over before it comes to this (`Engine::start`).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::engine::Engine;
use crate::engine::attempt::Waiting;
use crate::engine::incoming::Incoming;
use crate::engine::pick::NotPicked;
use crate::engine::timer::Timer;
use crate::lb::SubchannelId;
use crate::retry::{CommittedBy, Decision, Failure, GaveUp, Pushback, Retry};
use crate::rt;
use crate::status::Status;

/// A call that may be made once more. Its messages are kept as bytes, shared with the attempt under way.
pub(super) struct Again {
    engine: Engine,
    call: Waiting,
    /// Where the attempt under way went.
    subchannel: SubchannelId,
    /// When the attempt under way has taken too long.
    timer: Timer,
}

/// What follows a failure.
pub(super) enum Next {
    Attempt(Restart),
    /// It is the end of the call.
    End(Status),
}

impl Again {
    pub(super) fn new(engine: Engine, call: Waiting, subchannel: SubchannelId) -> Self {
        let limit = call.settled.attempt_timeout;
        let timer = Timer::new(limit.and_then(|limit| rt::now().checked_add(limit)));
        Self { engine, call, subchannel, timer }
    }

    /// Ready when the attempt under way has taken too long.
    pub(super) fn poll_timed_out(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.timer).poll(context)
    }

    /// The attempt under way failed before response headers came.
    pub(super) fn on_failed(mut self, failure: Failure, status: Status) -> Next {
        match self.call.on_failed(failure, status) {
            Ok(after) => {
                self.call.tried.push(self.subchannel);
                Next::Attempt(self.start(after))
            }
            Err(status) => Next::End(status),
        }
    }

    /// The attempt under way is the last: gives what is still to be told of it.
    pub(super) fn commit(self) -> Option<Box<Retry>> {
        let Waiting { mut retry, replay, .. } = self.call;
        retry.on_commit(CommittedBy::Headers);
        if let Some(replay) = replay {
            replay.commit();
        }
        retry.counts_tokens().then(|| Box::new(retry))
    }

    /// The attempt under way ended well, without response headers.
    pub(super) fn on_succeeded(mut self) {
        self.call.retry.on_succeeded();
    }

    fn start(self, after: Duration) -> Restart {
        let Self { engine, mut call, .. } = self;
        call.rewind();
        Restart(Box::pin(async move {
            if !after.is_zero() {
                rt::sleep_until(rt::now() + after).await;
            }
            engine.start(Box::new(call)).await
        }))
    }
}

impl Waiting {
    /// There is no connection for it. As [`on_failed`](Waiting::on_failed); pauses do not go on after the deadline.
    pub(super) fn on_not_picked(&mut self, not_picked: NotPicked) -> Result<Duration, Status> {
        let NotPicked { status, failure } = not_picked;
        let Some(failure) = failure else { return Err(status) };
        let after = self.on_failed(failure, status.clone())?;
        match self.settled.terms.deadline {
            Some(deadline) if deadline <= rt::now() + after => {
                Err(status.context("the deadline comes before the next attempt"))
            }
            Some(_) | None => Ok(after),
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
            self.retry.on_commit(CommittedBy::BufferLimit);
        }
        match self.retry.on_failed(failure, rt::random()) {
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
fn told(status: Status, why: GaveUp) -> Status {
    if why.is_worth_telling() { status.context(why) } else { status }
}

/// How an attempt failed that ended with this status, after response headers or without the server.
pub(super) fn failure_of(status: &Status) -> Failure {
    Failure::Status { code: status.code(), pushback: Pushback::Absent }
}

/// The call on its way to another connection.
pub(super) struct Restart(Pin<Box<dyn Future<Output = Result<Incoming, Status>> + Send>>);

impl Future for Restart {
    type Output = Result<Incoming, Status>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Again {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Again").finish_non_exhaustive()
    }
}

impl fmt::Debug for Restart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Restart").finish_non_exhaustive()
    }
}
