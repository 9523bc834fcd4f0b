//! One attempt: opens a stream and puts the request on it.
//!
//! A unary request is queued whole before the connection's task runs, so that it leaves in one write.

use std::sync::Arc;

use bytes::Bytes;

use crate::engine::again::Again;
use crate::engine::ending::Ending;
use crate::engine::incoming::{Incoming, Opened};
use crate::engine::outcome;
use crate::engine::outgoing::{Outgoing, RequestBody};
use crate::engine::pick::Picked;
use crate::engine::replay::Replay;
use crate::engine::terms::Terms;
use crate::engine::timer::Timer;
use crate::engine::upload::Upload;
use crate::engine::{Engine, Settled};
use crate::lb::{PickArgs, SubchannelId};
use crate::retry::{Retry, previous_attempts};
use crate::rt;
use crate::status::Status;
use crate::transport::h2::{Connection, OpenStream};

/// A call with everything decided but the connection.
pub(crate) struct Waiting {
    pub(super) call: Outgoing,
    pub(super) settled: Settled,
    /// What decides about further attempts.
    pub(super) retry: Retry,
    /// The request stream, once there is an attempt that reads it.
    pub(super) replay: Option<Replay>,
    /// Where earlier attempts went.
    pub(super) tried: Vec<SubchannelId>,
}

/// Why an attempt did not start.
pub(crate) enum NotStarted {
    /// There is no connection to start it on, or none any more: nothing was sent.
    Waits(Box<Waiting>),
    /// It cannot start at all.
    Failed(Status),
}

impl Waiting {
    pub(super) fn new(call: Outgoing, settled: Settled, retry: Retry) -> Self {
        Self { call, settled, retry, replay: None, tried: Vec::new() }
    }

    /// Makes the request what it was before the attempt that failed.
    pub(super) fn rewind(&mut self) {
        if let Some(replay) = &self.replay {
            self.call.body = RequestBody::Stream(replay.attempt());
        }
    }

    /// Sends the request, or as much of it as there is; the rest goes on by itself.
    pub(super) fn start_on(self, picked: Picked, engine: &Engine) -> Result<Incoming, NotStarted> {
        let Picked { connection, slot, subchannel, metadata, mut ending } = picked;
        let remaining = match self.settled.terms.deadline {
            None => None,
            Some(deadline) => {
                Some(outcome::remaining(deadline, rt::now()).map_err(|status| self.fail(status))?)
            }
        };
        let Settled { template, compression, .. } = &self.settled;
        let options = &self.call.options;
        if let Some(authority) = options.authority()
            && !template.has_authority(authority)
            && let Err(error) = connection.check_authority(authority)
        {
            let status = outcome::wrong_authority(authority, error, &connection);
            ending.end(Err(&status), None);
            return Err(self.fail(status));
        }
        let mut head = template.request(remaining, compression.as_ref(), options);
        if let Some(metadata) = metadata {
            metadata.append_to(head.headers_mut());
        }
        if let Some((name, number)) = previous_attempts(self.retry.previous_attempts()) {
            head.headers_mut().insert(name, number);
        }
        match connection.open(head, slot) {
            Ok(stream) => {
                ending.sent();
                Ok(self.send_body(connection, stream, subchannel, ending, engine))
            }
            Err(error) if connection.leaves_by(&error) => {
                tracing::debug!(%error, peer = %connection.peer(), "connection left before the request");
                Err(NotStarted::Waits(Box::new(self)))
            }
            Err(error) => {
                let status = outcome::not_opened(error, &connection);
                ending.end(Err(&status), None);
                Err(self.fail(status))
            }
        }
    }

    /// What a picker may know of the call.
    pub(super) fn pick_args(&self) -> PickArgs<'_> {
        let options = &self.call.options;
        PickArgs::new(&self.call.method, &options.metadata)
            .with_attributes(&options.attributes)
            .with_tried(&self.tried)
    }

    pub(super) fn fail(&self, status: Status) -> NotStarted {
        NotStarted::Failed(self.call.fail(status))
    }

    fn send_body(
        mut self,
        connection: Arc<Connection>,
        stream: OpenStream,
        subchannel: SubchannelId,
        ending: Ending,
        engine: &Engine,
    ) -> Incoming {
        let OpenStream { response, mut request, slot } = stream;
        let Terms { deadline, max_response_bytes, .. } = self.settled.terms;
        let timer = Timer::new(deadline);
        let decompression =
            engine.decompression(self.settled.compression.clone(), max_response_bytes);
        let upload = match self.call.body {
            RequestBody::Message(message) => {
                let leaves_at_once = message.len() <= LEAVES_AT_ONCE;
                self.call.body = RequestBody::Message(message.clone());
                // A refusal means that the stream was reset in this moment; the response says by whom.
                let _ = request.send_data(message, true);
                if leaves_at_once { Upload::done() } else { Upload::buffered(request) }
            }
            RequestBody::Stream(stream) => {
                let stream = match &self.replay {
                    Some(_) => stream,
                    None => {
                        let buffer = engine.replay_buffer(&self.call.options);
                        let replay = Replay::new(stream, buffer, self.retry.follows_policy());
                        self.replay.insert(replay).attempt()
                    }
                };
                self.call.body = RequestBody::Message(Bytes::new());
                Upload::spawn(request, stream, deadline)
            }
        };
        let again = Again::new(engine.clone(), self, subchannel);
        let opened = Opened { connection, slot, response, ending };
        Incoming::new(opened, upload, timer, decompression, Some(again))
    }
}

/// A message up to this size has left by the time a response can come; a larger one may still be waiting for the
/// server's flow-control window, and is taken back when the server answers early.
const LEAVES_AT_ONCE: usize = 8 << 10;
