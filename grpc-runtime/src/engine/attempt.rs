//! One attempt: opens a stream and puts the request on it.
//!
//! A unary request is queued whole before the connection's task runs, so that it leaves in one write.

use std::sync::Arc;

use bytes::Bytes;

use crate::engine::again::{Again, OnFailure};
use crate::engine::answer::{Answer, Opened};
use crate::engine::ending::Ending;
use crate::engine::options::CallOptions;
use crate::engine::outcome;
use crate::engine::outgoing::{Outgoing, RequestBody};
use crate::engine::per_attempt::Starting;
use crate::engine::pick::{NotPicked, Picked};
use crate::engine::replay::Replay;
use crate::engine::terms::Terms;
use crate::engine::timer::Timer;
use crate::engine::upload::Upload;
use crate::engine::{Engine, Further, Settled};
use crate::lb::SubchannelId;
use crate::retry;
use crate::rt;
use crate::status::Status;
use crate::transport::h2::{Connection, OpenStream};

/// A call with everything decided but the connection.
pub(crate) struct Waiting {
    pub(super) call: Outgoing,
    pub(super) settled: Settled,
    /// What decides about further attempts.
    pub(super) further: Further,
    /// The request stream, once there is an attempt that reads it.
    pub(super) replay: Option<Replay>,
    /// Where earlier attempts went.
    pub(super) tried: Vec<SubchannelId>,
    /// How often it was put on a connection.
    pub(super) attempts: u32,
    /// How an attempt failed that nobody has looked at yet.
    pub(super) refused: Option<Box<NotPicked>>,
}

/// A stream with the request's head on it.
pub(super) struct Begun {
    connection: Arc<Connection>,
    stream: OpenStream,
    pub(super) subchannel: SubchannelId,
    ending: Ending,
}

/// Why a stream was not opened.
pub(super) enum NotOpened {
    /// The connection has just gone: another has to be picked.
    Gone,
    /// It cannot be at all.
    Failed(Status),
}

/// Why an attempt did not start.
pub(crate) enum NotStarted {
    /// There is no connection to start it on, or none any more: nothing was sent.
    Waits(Box<Waiting>),
    /// It cannot start at all.
    Failed(Status),
}

impl Waiting {
    pub(super) fn new(call: Outgoing, settled: Settled, further: Further) -> Self {
        Self { call, settled, further, replay: None, tried: Vec::new(), attempts: 0, refused: None }
    }

    /// Makes the request what it was before the attempt that failed.
    pub(super) fn rewind(&mut self) {
        if let Some(replay) = &self.replay {
            self.call.body = RequestBody::Stream(replay.attempt());
        }
    }

    /// Sends the request, or as much of it as there is; the rest goes on by itself. What is made of the answer is made
    /// in here, because it is large, and moving it is a good part of what a call costs.
    pub(super) fn start_on<T>(
        mut self: Box<Self>,
        picked: Picked,
        engine: &Engine,
        make: impl FnOnce(Answer) -> T,
    ) -> Result<T, NotStarted> {
        match self.settled.open(picked, &self.call.options, self.further.retry.previous_attempts())
        {
            Ok(begun) => {
                self.attempts = self.attempts.saturating_add(1);
                let body = self.body_of_attempt(engine);
                let (subchannel, attempts) = (begun.subchannel, self.attempts);
                let opened = begun.send(body, &self.settled, engine);
                let again = Again::new(engine.clone(), self, subchannel);
                Ok(make(Answer::new(opened, OnFailure::Retry(again), attempts)))
            }
            Err(NotOpened::Gone) => Err(NotStarted::Waits(self)),
            Err(NotOpened::Failed(status)) => Err(NotStarted::Failed(self.fail(status))),
        }
    }

    /// What is to be known of it before an attempt begins.
    pub(super) fn starting(&self) -> Starting<'_> {
        Starting {
            method: &self.call.method,
            options: &self.call.options,
            settled: &self.settled,
            tried: &self.tried,
            previous_attempts: self.further.retry.previous_attempts(),
        }
    }

    /// The call ends before there is an answer.
    pub(super) fn fail(&self, status: Status) -> Status {
        self.call.fail(status.with_attempts(self.attempts))
    }

    /// The request for the attempt that begins, and what is needed for another.
    fn body_of_attempt(&mut self, engine: &Engine) -> RequestBody {
        match std::mem::replace(&mut self.call.body, RequestBody::Message(Bytes::new())) {
            RequestBody::Message(message) => {
                self.call.body = RequestBody::Message(message.clone());
                RequestBody::Message(message)
            }
            RequestBody::Stream(stream) if self.replay.is_some() => RequestBody::Stream(stream),
            RequestBody::Stream(stream) => {
                let buffer = engine.replay_buffer(&self.call.options);
                let replay = Replay::new(stream, buffer, self.further.retry.follows_policy());
                RequestBody::Stream(self.replay.insert(replay).attempt())
            }
        }
    }
}

impl Settled {
    /// Opens a stream and writes the request's head.
    pub(super) fn open(
        &self,
        picked: Picked,
        options: &CallOptions,
        previous_attempts: u32,
    ) -> Result<Begun, NotOpened> {
        let Picked { connection, slot, subchannel, metadata, mut ending } = picked;
        let remaining = match self.terms.deadline {
            None => None,
            Some(deadline) => {
                Some(outcome::remaining(deadline, rt::now()).map_err(NotOpened::Failed)?)
            }
        };
        let Self { template, compression, .. } = self;
        if let Some(authority) = options.authority()
            && !template.has_authority(authority)
            && let Err(error) = connection.check_authority(authority)
        {
            let status = outcome::wrong_authority(authority, error, &connection);
            ending.end(Err(&status), None);
            return Err(NotOpened::Failed(status));
        }
        let mut head = template.request(remaining, compression.as_ref(), options);
        if let Some(metadata) = metadata {
            metadata.append_to(head.headers_mut());
        }
        if let Some((name, number)) = retry::previous_attempts(previous_attempts) {
            head.headers_mut().insert(name, number);
        }
        if let Err(status) = outcome::check_request_size(&head, &connection) {
            ending.end(Err(&status), None);
            return Err(NotOpened::Failed(status));
        }
        match connection.open(head, slot) {
            Ok(stream) => {
                ending.sent();
                Ok(Begun { connection, stream, subchannel, ending })
            }
            Err(error) if connection.leaves_by(&error) => {
                tracing::debug!(%error, peer = %connection.peer(), "connection left before the request");
                Err(NotOpened::Gone)
            }
            Err(error) => {
                let status = outcome::not_opened(error, &connection);
                ending.end(Err(&status), None);
                Err(NotOpened::Failed(status))
            }
        }
    }
}

impl Begun {
    /// Hands the request to the stream: all of it, or to a task that sends it as it comes.
    pub(super) fn send(self, body: RequestBody, settled: &Settled, engine: &Engine) -> Opened {
        let Self { connection, stream, ending, .. } = self;
        let OpenStream { response, mut request, slot } = stream;
        let Terms { deadline, max_response_bytes, .. } = settled.terms;
        let timer = Timer::new(deadline);
        let decompression = engine.decompression(settled.compression.clone(), max_response_bytes);
        let upload = match body {
            RequestBody::Message(message) => {
                let leaves_at_once = message.len() <= LEAVES_AT_ONCE;
                // A refusal means that the stream was reset in this moment; the response says by whom.
                let _ = request.send_data(message, true);
                if leaves_at_once { Upload::done() } else { Upload::buffered(request) }
            }
            RequestBody::Stream(stream) => Upload::spawn(request, stream, deadline),
        };
        Opened { connection, slot, response, ending, upload, timer, decompression }
    }
}

/// A message up to this size has left by the time a response can come; a larger one may still be waiting for the
/// server's flow-control window, and is taken back when the server answers early.
const LEAVES_AT_ONCE: usize = 8 << 10;
