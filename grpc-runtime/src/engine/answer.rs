//! What comes back of one attempt after the other: headers, messages, trailers, and the one status at the end, under
//! the call's deadline.
//!
//! One state machine for all four kinds of call. It polls the HTTP/2 stream in the caller's task; there is no
//! task behind it. Dropping it before the end resets the stream with CANCEL. Attempts side by side have one each, and
//! `hedging` above them.

mod body;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::client::ResponseFuture;

use crate::compression::Decompression;
use crate::engine::SingleReply;
use crate::engine::again::{Next, OnFailure, Restart, failure_of};
use crate::engine::ending::Ending;
use crate::engine::outcome;
use crate::engine::timer::Timer;
use crate::engine::upload::Upload;
use crate::framing::Deframer;
use crate::metadata::Metadata;
use crate::retry::{Failure, Pushback, Tokens};
use crate::status::{Origin, Status};
use crate::transport::h2::{Connection, Slot, TransportError};

use self::body::Body;

/// The response side of a call with one attempt at a time.
#[derive(Debug)]
pub(super) struct Answer {
    state: State,
    upload: Upload,
    timer: Timer,
    decompression: Decompression,
    /// The message of a call that has one, until its end is known.
    single: Option<Bytes>,
    headers: Metadata,
    connection: Arc<Connection>,
    /// Freed with the stream.
    slot: Option<Slot>,
    /// What follows a failure, until the server has begun to answer.
    on_failure: OnFailure,
    /// Once the call is bound to this attempt: what its end does to the target's tokens for retries.
    tokens: Option<Tokens>,
    /// How often the call was put on a connection.
    attempts: u32,
    /// What the picker is owed.
    ending: Ending,
}

/// A stream with the request on it, or on its way, for its response side.
pub(super) struct Opened {
    pub(super) connection: Arc<Connection>,
    pub(super) slot: Slot,
    pub(super) response: ResponseFuture,
    pub(super) ending: Ending,
    pub(super) upload: Upload,
    pub(super) timer: Timer,
    pub(super) decompression: Decompression,
}

#[derive(Debug)]
enum State {
    /// Waiting for the response's head.
    Head(ResponseFuture),
    /// The attempt failed, and there is to be another.
    Again(Restart),
    /// A gRPC response: messages, then trailers.
    Messages { body: Body, deframer: Deframer },
    /// Something else answered: a piece of its body goes into the error.
    NotGrpc { body: Body, answer: outcome::NotGrpc },
    /// Over. The status stays, and so do the trailers until they are taken.
    Ended(Result<Metadata, Status>),
}

impl Answer {
    #[inline]
    pub(super) fn new(opened: Opened, on_failure: OnFailure, attempts: u32) -> Self {
        let Opened { connection, slot, response, ending, upload, timer, decompression } = opened;
        Self {
            state: State::Head(response),
            upload,
            timer,
            decompression,
            single: None,
            headers: Metadata::new(),
            connection,
            slot: Some(slot),
            on_failure,
            tokens: None,
            attempts,
            ending,
        }
    }

    /// Waits for the head of the response.
    pub(super) fn poll_headers(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        match self.poll_until_headers(context) {
            Poll::Pending => self.poll_interrupted(context).map(Err),
            ready => ready,
        }
    }

    fn poll_until_headers(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        loop {
            match &mut self.state {
                State::Head(_) => ready!(self.poll_head(context))?,
                State::Again(_) => ready!(self.poll_again(context))?,
                State::Messages { .. } => return Poll::Ready(Ok(())),
                State::NotGrpc { .. } => ready!(self.poll_not_grpc(context))?,
                State::Ended(result) => return Poll::Ready(told(result)),
            }
        }
    }

    /// The next message, undecoded; `None` after the server ended the call with OK.
    pub(super) fn poll_message(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Status>> {
        match self.poll_stream(context) {
            // A server that always has one more message ready must not outrun the deadline.
            Poll::Ready(Ok(Some(_))) if self.timer.has_passed() => {
                let status = self.deadline_passed();
                Poll::Ready(Err(self.cut(status)))
            }
            Poll::Pending => self.poll_interrupted(context).map(Err),
            ready => ready,
        }
    }

    /// The head of the response; empty before it came, and when there was none.
    pub(super) fn headers(&self) -> &Metadata {
        &self.headers
    }

    /// The address that answers; `None` until it does, for the call may be made once more elsewhere.
    pub(super) fn peer(&self) -> Option<&Arc<str>> {
        match self.state {
            State::Head(_) | State::Again(_) => None,
            State::Messages { .. } | State::NotGrpc { .. } | State::Ended(_) => {
                Some(self.connection.peer())
            }
        }
    }

    /// Headers and trailers, for whoever outlives this.
    pub(super) fn take_metadata(&mut self) -> (Metadata, Metadata) {
        let trailers = match &mut self.state {
            State::Ended(Ok(trailers)) => std::mem::take(trailers),
            State::Ended(Err(_))
            | State::Head(_)
            | State::Again(_)
            | State::Messages { .. }
            | State::NotGrpc { .. } => Metadata::new(),
        };
        (std::mem::take(&mut self.headers), trailers)
    }

    /// Exactly one message and an OK (gRPC over HTTP/2; a wrong number is INTERNAL, as in grpc-go and grpc-java).
    pub(super) fn poll_single(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(Bytes, SingleReply), Status>> {
        match self.poll_to_end(context) {
            Poll::Pending => return self.poll_interrupted(context).map(Err),
            Poll::Ready(ended) => ended?,
        }
        let Some(message) = self.single.take() else {
            return Poll::Ready(Err(self.wrong_number("none")));
        };
        let (headers, trailers) = self.take_metadata();
        let peer = Some(Arc::clone(self.connection.peer()));
        let attempts = self.attempts;
        Poll::Ready(Ok((message, SingleReply { headers, trailers, peer, attempts })))
    }

    /// The deadline is not looked at on the way: two messages are too many, so this does not go on for long.
    fn poll_to_end(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        while let Some(message) = ready!(self.poll_stream(context))? {
            if self.single.replace(message).is_some() {
                return Poll::Ready(Err(self.wrong_number("several")));
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_stream(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            match &mut self.state {
                State::Head(_) => ready!(self.poll_head(context))?,
                State::Again(_) => ready!(self.poll_again(context))?,
                State::Messages { .. } => match ready!(self.poll_messages(context)) {
                    Ok(Some(message)) => return Poll::Ready(Ok(Some(message))),
                    Ok(None) => {}
                    Err(status) => self.end(Err(status))?,
                },
                State::NotGrpc { .. } => ready!(self.poll_not_grpc(context))?,
                State::Ended(result) => return Poll::Ready(told(result).map(|()| None)),
            }
        }
    }

    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let State::Head(response) = &mut self.state else { return Poll::Ready(Ok(())) };
        let response = match ready!(Pin::new(response).poll(context)) {
            Ok(response) => response,
            Err(error) => return Poll::Ready(self.without_head(error.into())),
        };
        self.ending.received();
        let (head, stream) = response.into_parts();
        let limit = self.connection.max_header_list_bytes();
        if let Err(status) = outcome::check_size(&head.headers, limit, "response headers") {
            self.on_failure = OnFailure::End;
            return Poll::Ready(self.end(Err(status)));
        }
        if stream.is_end_stream() {
            // Trailers-Only: the head is all there is, and its metadata are trailers.
            let pushback = Pushback::from_trailers(&head.headers);
            let result = outcome::of_trailers_only(head.status, head.headers);
            return Poll::Ready(self.end_attempt(result, pushback));
        }
        let body = Body::new(stream);
        self.state = match outcome::NotGrpc::detect(head.status, &head.headers) {
            Some(answer) => State::NotGrpc { body, answer },
            None => {
                self.tokens = self.on_failure.commit();
                State::Messages { body, deframer: Deframer::new(self.decompression.max_bytes()) }
            }
        };
        self.headers = Metadata::from_headers(head.headers);
        Poll::Ready(Ok(()))
    }

    /// The stream ended before the server answered.
    fn without_head(&mut self, error: TransportError) -> Result<(), Status> {
        let is_unprocessed = error.is_unprocessed();
        if let Some(status) = self.upload.failure() {
            self.on_failure = OnFailure::End;
            return self.end(Err(status));
        }
        let status = self.transport_failure(error);
        let failure = match is_unprocessed {
            true => Failure::Refused,
            false => Failure::Status { code: status.code(), pushback: Pushback::Absent },
        };
        self.fail_attempt(failure, status)
    }

    /// The attempt ended, and no response headers had come.
    fn end_attempt(
        &mut self,
        result: Result<Metadata, Status>,
        pushback: Pushback,
    ) -> Result<(), Status> {
        match result {
            Ok(trailers) => {
                self.on_failure.on_succeeded();
                self.end(Ok(trailers))
            }
            Err(status) => {
                self.fail_attempt(Failure::Status { code: status.code(), pushback }, status)
            }
        }
    }

    /// The attempt failed, and no response headers had come: there is another, or the call ends.
    fn fail_attempt(&mut self, failure: Failure, status: Status) -> Result<(), Status> {
        match self.on_failure.take().on_failed(failure, status.clone()) {
            Next::Attempt(restart) => {
                self.ending.end(Err(&status), Some(status.metadata()));
                self.upload.abandon();
                self.state = State::Again(restart);
                self.slot = None;
                Ok(())
            }
            Next::Report => {
                let status = self.explain(status);
                self.ending.end(Err(&status), Some(status.metadata()));
                self.upload.abandon();
                self.on_failure = OnFailure::Reported(failure);
                self.state = State::Ended(Err(status.clone()));
                self.slot = None;
                Err(status)
            }
            Next::End(status) => self.end(Err(status)),
        }
    }

    /// How the attempt failed, where others may take its place; `None` where the whole call is over.
    pub(super) fn failure(&self) -> Option<Failure> {
        match self.on_failure {
            OnFailure::Reported(failure) => Some(failure),
            OnFailure::End | OnFailure::Retry(_) | OnFailure::Report => None,
        }
    }

    /// Whether the call has ended, and well.
    pub(super) fn has_succeeded(&self) -> bool {
        matches!(self.state, State::Ended(Ok(_)))
    }

    /// Of several attempts this is the one that counts.
    pub(super) fn bind(&mut self, tokens: Option<Tokens>, attempts: u32) {
        self.tokens = tokens;
        self.attempts = attempts;
    }

    /// How often the call was put on a connection so far.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    fn poll_again(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let State::Again(restart) = &mut self.state else { return Poll::Ready(Ok(())) };
        Poll::Ready(match ready!(Pin::new(restart).poll(context)) {
            Ok(answer) => {
                *self = answer;
                Ok(())
            }
            Err(status) => {
                self.close(Err(status.clone()));
                Err(status)
            }
        })
    }

    /// What ends a call from this side while the server is silent: its deadline, or its own request stream.
    fn poll_interrupted(&mut self, context: &mut Context<'_>) -> Poll<Status> {
        if Pin::new(&mut self.timer).poll(context).is_ready() {
            let status = self.deadline_passed();
            return Poll::Ready(self.cut(status));
        }
        if let State::Head(_) = self.state
            && let OnFailure::Retry(again) = &mut self.on_failure
            && again.poll_timed_out(context).is_ready()
        {
            if let Err(status) =
                self.fail_attempt(Failure::TimedOut, outcome::attempt_took_too_long())
            {
                return Poll::Ready(status);
            }
            // What comes next has not been polled yet.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let status = ready!(self.upload.poll_failed(context));
        Poll::Ready(self.cut(status))
    }

    /// Ends the call from this side: dropping the stream resets it with CANCEL.
    fn cut(&mut self, status: Status) -> Status {
        let status = status.with_peer(self.connection.peer()).with_attempts(self.attempts);
        match &self.state {
            State::Again(restart) => restart.cancel(&status),
            State::Head(_) | State::Messages { .. } | State::NotGrpc { .. } | State::Ended(_) => {
                self.upload.cancel(&status);
            }
        }
        self.close(Err(status.clone()));
        status
    }

    /// Ends the call as the server, or what stands between, ended it.
    fn end(&mut self, result: Result<Metadata, Status>) -> Result<(), Status> {
        let result = result.map_err(|status| {
            let is_late = self.timer.has_passed() && outcome::is_cancel_from_afar(&status);
            self.explain(if is_late { self.deadline_passed() } else { status })
        });
        let told = told(&result);
        self.upload.end(&told);
        self.close(result);
        told
    }

    fn explain(&self, status: Status) -> Status {
        let status = self.decompression.explain(status, self.headers.as_headers());
        status.with_peer(self.connection.peer()).with_attempts(self.attempts)
    }

    fn close(&mut self, result: Result<Metadata, Status>) {
        if let Some(tokens) = self.tokens.take() {
            tokens.on_end(match &result {
                Ok(_) => Ok(()),
                Err(status) => Err(failure_of(status)),
            });
        }
        match &result {
            Ok(trailers) => self.ending.end(Ok(()), Some(trailers)),
            Err(status) => {
                // What was made here, or on the way, has no trailers.
                let is_of_server = status.origin() == Origin::Server;
                self.ending.end(Err(status), is_of_server.then(|| status.metadata()));
            }
        }
        self.on_failure = OnFailure::End;
        self.state = State::Ended(result);
        self.slot = None;
    }

    fn transport_failure(&mut self, error: TransportError) -> Status {
        if let Some(status) = self.upload.failure() {
            return status;
        }
        outcome::of_transport(error, &self.connection, self.timer.deadline())
    }

    fn deadline_passed(&self) -> Status {
        match &self.state {
            State::Head(_) => outcome::deadline_passed(true),
            State::Again(restart) => {
                outcome::deadline_passed_between_attempts(Some(&restart.failed))
            }
            State::Messages { .. } | State::NotGrpc { .. } | State::Ended(_) => {
                outcome::deadline_passed(false)
            }
        }
    }

    fn wrong_number(&mut self, number: &str) -> Status {
        self.cut(outcome::wrong_number_of_messages(number))
    }
}

/// How the call ended, without the trailers.
fn told(result: &Result<Metadata, Status>) -> Result<(), Status> {
    match result {
        Ok(_) => Ok(()),
        Err(status) => Err(status.clone()),
    }
}
