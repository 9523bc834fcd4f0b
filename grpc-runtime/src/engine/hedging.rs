//! The attempts of a hedged call side by side, until one of them is answered (gRFC A6).
//!
//! When attempts start and which one counts is decided in `retry::hedge`, whose words are carried out here. Each attempt
//! has a pick, a stream and an [`Answer`] of its own; dropping them resets the stream. All is polled in the caller's task.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::engine::again::{OnFailure, told};
use crate::engine::answer::Answer;
use crate::engine::attempt::{Begun, NotOpened, Waiting};
use crate::engine::options::CallOptions;
use crate::engine::outcome;
use crate::engine::outgoing::{Outgoing, RequestBody};
use crate::engine::per_attempt::{self, Starting};
use crate::engine::pick::{self, NotPicked};
use crate::engine::replay::{ReaderId, Replay};
use crate::engine::timer::Timer;
use crate::engine::{Engine, Settled};
use crate::lb::SubchannelId;
use crate::method::MethodRef;
use crate::retry::{Action, AttemptId, CommittedBy, Failure, Hedge};
use crate::rt;
use crate::status::{Delivery, Status};

/// A call whose attempts are under way. Dropping it resets them all.
pub(super) struct Hedging {
    engine: Engine,
    call: Arc<Call>,
    body: Body,
    hedge: Box<Hedge>,
    live: Vec<Live>,
    /// Where attempts went.
    tried: Vec<SubchannelId>,
    timer: Pause,
    /// Of the whole call: for the time when no attempt is there to look at it.
    deadline: Timer,
    /// How often the call was put on a connection.
    attempts: u32,
    /// How the last attempt failed that did.
    failed: Option<Status>,
    /// The attempt that the call is bound to before it is answered.
    bound_to: Option<AttemptId>,
    /// Whether the machine knows that more was sent than is kept.
    is_over_limit: bool,
}

/// What all attempts have in common.
struct Call {
    method: MethodRef,
    options: CallOptions,
    settled: Settled,
}

/// The request, for as many attempts as it takes.
enum Body {
    Message(Bytes),
    Stream(Replay),
}

struct Live {
    attempt: AttemptId,
    stage: Stage,
}

enum Stage {
    /// Not looked at yet: where it goes depends on where the others went.
    New { previous_attempts: u32 },
    /// Waits for a connection.
    Picking(Pin<Box<dyn Future<Output = Result<Begun, NotPicked>> + Send>>),
    /// Waits for response headers.
    Asking { answer: Box<Answer>, reader: Option<ReaderId> },
}

/// The one timer of the policy.
enum Pause {
    None,
    /// It begins when the first attempt is on a connection: hedges are against slow servers, and before that there is
    /// none. Else all of them would leave together when a connection is there.
    Later(Duration),
    Running(Pin<Box<dyn Future<Output = ()> + Send>>),
}

/// What became of an attempt.
enum News {
    Begun(Begun),
    NotBegun(NotPicked),
    /// Response headers, or the end without them.
    Answered(Result<(), Status>),
}

impl Hedging {
    pub(super) fn new(engine: Engine, call: Box<Waiting>, hedge: Box<Hedge>) -> Self {
        let Waiting { call: Outgoing { method, options, body, .. }, settled, .. } = *call;
        let body = match body {
            RequestBody::Message(message) => Body::Message(message),
            RequestBody::Stream(stream) => {
                Body::Stream(Replay::for_hedging(stream, engine.replay_buffer(&options)))
            }
        };
        Self {
            engine,
            deadline: Timer::new(settled.terms.deadline),
            call: Arc::new(Call { method, options, settled }),
            body,
            hedge,
            live: Vec::new(),
            tried: Vec::new(),
            timer: Pause::None,
            attempts: 0,
            failed: None,
            bound_to: None,
            is_over_limit: false,
        }
    }

    /// How often the call was put on a connection.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The attempt that counts, as soon as it is known; or the status of the call, when all is over without.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Answer, Status>> {
        loop {
            while let Some(action) = self.hedge.poll_action() {
                if let Some(status) = self.act(action) {
                    return Poll::Ready(Err(self.end(status)));
                }
            }
            if self.poll_over_limit(context) {
                continue;
            }
            if let Pause::Running(timer) = &mut self.timer
                && timer.as_mut().poll(context).is_ready()
            {
                self.timer = Pause::None;
                self.hedge.on_timer();
                continue;
            }
            let Some((index, news)) = self.poll_live(context) else {
                if self.live.is_empty() && Pin::new(&mut self.deadline).poll(context).is_ready() {
                    let status = self.deadline_passed();
                    return Poll::Ready(Err(self.end(status)));
                }
                return Poll::Pending;
            };
            if let Some(ended) = self.take_in(index, news) {
                return Poll::Ready(ended);
            }
        }
    }

    /// Does what the machine wants; gives the status where that is the end of the call.
    fn act(&mut self, action: Action) -> Option<Status> {
        match action {
            Action::Start { attempt, previous_attempts, kind } => {
                tracing::debug!(previous_attempts, ?kind, "attempt of a hedged call");
                self.live.push(Live { attempt, stage: Stage::New { previous_attempts } });
            }
            Action::SetTimer { after } if self.attempts == 0 => self.timer = Pause::Later(after),
            Action::SetTimer { after } => self.start_timer(after),
            Action::CancelTimer => self.timer = Pause::None,
            // Dropped, its stream is reset.
            Action::Cancel(attempt) => self.live.retain(|live| live.attempt != attempt),
            Action::Commit(attempt) => {
                self.bound_to = Some(attempt);
                if let Body::Stream(replay) = &self.body
                    && let Some(reader) = self.reader_of(attempt)
                {
                    replay.commit_to(reader);
                }
            }
            // Of the attempts that failed it is the last.
            Action::Finish { gave_up, .. } => {
                return Some(told(self.failed.take().unwrap_or_else(nobody_left), gave_up));
            }
        }
        None
    }

    fn start_timer(&mut self, after: Duration) {
        self.timer = match rt::now().checked_add(after) {
            Some(due) => {
                let engine = self.engine.clone();
                Pause::Running(Box::pin(async move { pick::pause(engine.0.shared(), due).await }))
            }
            None => Pause::None,
        };
    }

    /// The first of the attempts that has something to say.
    fn poll_live(&mut self, context: &mut Context<'_>) -> Option<(usize, News)> {
        self.live.iter_mut().enumerate().find_map(|(index, live)| {
            if let Stage::New { previous_attempts } = live.stage {
                let (engine, call) = (self.engine.clone(), Arc::clone(&self.call));
                let begin = begin(engine, call, self.tried.clone(), previous_attempts);
                live.stage = Stage::Picking(Box::pin(begin));
            }
            let news = match &mut live.stage {
                Stage::New { .. } => return None,
                Stage::Picking(begin) => match begin.as_mut().poll(context) {
                    Poll::Ready(Ok(begun)) => News::Begun(begun),
                    Poll::Ready(Err(not_picked)) => News::NotBegun(not_picked),
                    Poll::Pending => return None,
                },
                Stage::Asking { answer, .. } => match answer.poll_headers(context) {
                    Poll::Ready(answered) => News::Answered(answered),
                    Poll::Pending => return None,
                },
            };
            Some((index, news))
        })
    }

    /// Tells the machine; gives the answer, or the status, where that is it.
    fn take_in(&mut self, index: usize, news: News) -> Option<Result<Answer, Status>> {
        let attempt = self.live[index].attempt;
        match news {
            News::Begun(begun) => {
                self.live[index].stage = self.ask(attempt, begun);
                if let Pause::Later(after) = self.timer {
                    self.start_timer(after);
                }
                None
            }
            News::NotBegun(NotPicked { status, failure }) => {
                self.live.swap_remove(index);
                let Some(failure) = failure else { return Some(Err(self.end(status))) };
                self.failed = Some(status);
                self.hedge.on_failed(attempt, failure);
                None
            }
            News::Answered(Ok(())) => Some(self.win(index)),
            News::Answered(Err(status)) => {
                let Stage::Asking { answer, .. } = self.live.swap_remove(index).stage else {
                    return Some(Err(self.end(status)));
                };
                let Some(failure) = answer.failure() else { return Some(Err(self.end(status))) };
                self.failed = Some(status);
                self.hedge.on_failed(attempt, failure);
                None
            }
        }
    }

    /// Sends the request on a stream that was opened for an attempt.
    fn ask(&mut self, attempt: AttemptId, begun: Begun) -> Stage {
        self.attempts = self.attempts.saturating_add(1);
        self.tried.push(begun.subchannel);
        let (body, reader) = match &self.body {
            Body::Message(message) => (RequestBody::Message(message.clone()), None),
            Body::Stream(replay) => {
                let (stream, reader) = replay.attempt_beside();
                if self.bound_to == Some(attempt) {
                    replay.commit_to(reader);
                }
                (RequestBody::Stream(stream), Some(reader))
            }
        };
        let opened = begun.send(body, &self.call.settled, &self.engine);
        let answer = Answer::new(opened, OnFailure::Report, self.attempts);
        Stage::Asking { answer: Box::new(answer), reader }
    }

    /// The call is bound to this attempt, and the others are cancelled.
    fn win(&mut self, index: usize) -> Result<Answer, Status> {
        let Live { attempt, stage } = self.live.swap_remove(index);
        let Stage::Asking { mut answer, reader } = stage else { return Err(nobody_left()) };
        if let (Body::Stream(replay), Some(reader)) = (&self.body, reader) {
            replay.commit_to(reader);
        }
        self.live.clear();
        let tokens = match answer.has_succeeded() {
            true => {
                self.hedge.on_succeeded(attempt);
                None
            }
            false => {
                self.hedge.on_commit(attempt, CommittedBy::Headers);
                self.hedge.tokens()
            }
        };
        tracing::debug!(
            attempts = self.hedge.attempts(),
            started_over = self.hedge.transparent_retries(),
            peer = answer.peer().map(|peer| &**peer),
            "a hedged call has its answer"
        );
        answer.bind(tokens, self.attempts);
        Ok(*answer)
    }

    /// Whether more was sent than is kept, and nobody has said so yet.
    fn poll_over_limit(&mut self, context: &Context<'_>) -> bool {
        let Body::Stream(replay) = &self.body else { return false };
        if self.is_over_limit || !replay.poll_over_limit(context) {
            return false;
        }
        self.is_over_limit = true;
        let sent = |attempt| self.reader_of(attempt).map_or(0, |reader| replay.sent_by(reader));
        let sent: Vec<_> =
            self.live.iter().map(|live| (live.attempt, sent(live.attempt))).collect();
        self.hedge.on_buffer_full(|attempt| {
            sent.iter().find(|(sender, _)| *sender == attempt).map_or(0, |(_, sent)| *sent)
        });
        true
    }

    /// The call ends without an answer: whoever sends on it learns that.
    fn end(&mut self, status: Status) -> Status {
        self.hedge.on_interrupted();
        self.live.clear();
        let status = status.with_attempts(self.attempts);
        if let Body::Stream(replay) = &self.body {
            replay.end(&status);
        }
        status
    }

    /// In a pause that the server asked for.
    fn deadline_passed(&mut self) -> Status {
        outcome::deadline_passed_between_attempts(self.failed.take().as_ref())
    }

    fn reader_of(&self, attempt: AttemptId) -> Option<ReaderId> {
        let live = self.live.iter().find(|live| live.attempt == attempt)?;
        match live.stage {
            Stage::Asking { reader, .. } => reader,
            Stage::New { .. } | Stage::Picking(_) => None,
        }
    }
}

/// Opens a stream for an attempt, as soon as there is a connection with room for it.
async fn begin(
    engine: Engine,
    call: Arc<Call>,
    tried: Vec<SubchannelId>,
    previous_attempts: u32,
) -> Result<Begun, NotPicked> {
    let Call { method, options, settled } = &*call;
    let starting = Starting { method, options, settled, tried: &tried, previous_attempts };
    let picked = per_attempt::pick(engine.0.shared(), &starting).await?;
    settled.open(picked, options, previous_attempts).map_err(|not_opened| match not_opened {
        NotOpened::Gone => NotPicked { status: gone(), failure: Some(Failure::NotSent) },
        NotOpened::Failed(status) => NotPicked { status, failure: None },
    })
}

fn gone() -> Status {
    Status::unavailable("the connection went away before the request was sent")
        .with_delivery(Delivery::NotSent)
}

/// Does not happen: a call ends with the status of an attempt.
fn nobody_left() -> Status {
    Status::internal("the call ended, and none of its attempts did")
}

impl fmt::Debug for Hedging {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Hedging")
            .field("attempts", &self.attempts)
            .field("under_way", &self.live.len())
            .finish_non_exhaustive()
    }
}
