//! The request side of a call after its start: nothing left, a message still in HTTP/2's buffer, or a task that
//! sends messages as they come and as the server has room for them.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use h2::{Reason, SendStream};
use tokio::sync::oneshot;

use crate::engine::outcome;
use crate::engine::outgoing::{CallEnd, RequestStream};
use crate::engine::replay::Replay;
use crate::engine::timer::Timer;
use crate::rt;
use crate::status::Status;
use crate::transport::h2::TransportError;

/// Owned by the response side: when that goes, the upload ends with RST_STREAM(CANCEL).
#[derive(Debug)]
pub(super) enum Upload {
    /// Everything is with HTTP/2, and small.
    Done,
    /// Everything is with HTTP/2, but may not have left.
    Buffered(SendStream<Bytes>),
    /// A task sends.
    Running(Running),
}

#[derive(Debug)]
pub(super) struct Running {
    /// Says how to reset the stream; dropping it says CANCEL.
    stop: oneshot::Sender<Reason>,
    /// Tells why the request stream gave up, if it did.
    failed: Option<oneshot::Receiver<Status>>,
    end: CallEnd,
}

impl Upload {
    pub(super) fn done() -> Self {
        Self::Done
    }

    pub(super) fn buffered(stream: SendStream<Bytes>) -> Self {
        Self::Buffered(stream)
    }

    pub(super) fn spawn(
        stream: SendStream<Bytes>,
        requests: RequestStream,
        deadline: Option<Instant>,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (fail, failed) = oneshot::channel();
        let end = requests.end.clone();
        let (timer, fail) = (Timer::new(deadline), Some(fail));
        let task = Task { stream, requests, stopped, timer, pending: None, is_over: false, fail };
        rt::spawn_detached(task.run());
        Self::Running(Running { stop, failed: Some(failed), end })
    }

    /// Ready with a status when the request stream gave the call up.
    pub(super) fn poll_failed(&mut self, context: &mut Context<'_>) -> Poll<Status> {
        let Self::Running(running) = self else { return Poll::Pending };
        let Some(failed) = &mut running.failed else { return Poll::Pending };
        let told = ready!(Pin::new(failed).poll(context));
        running.failed = None;
        // Without a word, the task sent everything.
        told.map_or(Poll::Pending, Poll::Ready)
    }

    /// Why the request stream gave the call up, if it did: asked when the stream is found to be reset, which may
    /// be this side's own doing.
    pub(super) fn failure(&mut self) -> Option<Status> {
        let Self::Running(Running { failed: Some(failed), .. }) = self else { return None };
        failed.try_recv().ok()
    }

    /// The call was given up on this side: the stream is reset with CANCEL.
    pub(super) fn cancel(&mut self, status: &Status) {
        match std::mem::replace(self, Self::Done) {
            Self::Done => {}
            Self::Buffered(mut stream) => stream.send_reset(Reason::CANCEL),
            // Dropped without a word, `stop` says CANCEL.
            Self::Running(running) => running.end.set(Err(status.clone())),
        }
    }

    /// The attempt is over and the call is not: whoever sends goes on with the next one.
    pub(super) fn abandon(&mut self) {
        match std::mem::replace(self, Self::Done) {
            Self::Done => {}
            Self::Buffered(mut stream) => stream.send_reset(Reason::CANCEL),
            // Dropped without a word, `stop` says CANCEL.
            Self::Running(running) => drop(running),
        }
    }

    /// The call is over: the sending side learns how, and a request that the server did not wait for is taken back
    /// without calling it an error (gRPC over HTTP/2; RFC 9113 §8.1: RST_STREAM with NO_ERROR).
    pub(super) fn end(&mut self, result: &Result<(), Status>) {
        match std::mem::replace(self, Self::Done) {
            Self::Done => {}
            Self::Buffered(mut stream) => stream.send_reset(Reason::NO_ERROR),
            Self::Running(running) => {
                running.end.set(result.clone());
                // The task may have ended by itself.
                let _ = running.stop.send(Reason::NO_ERROR);
            }
        }
    }
}

struct Task {
    stream: SendStream<Bytes>,
    requests: RequestStream,
    stopped: oneshot::Receiver<Reason>,
    /// Ends a wait for the server's window though nobody reads the responses.
    timer: Timer,
    /// What is left of the messages being sent.
    pending: Option<Bytes>,
    /// Whether the attempt's stream is over, and messages are only kept for the next.
    is_over: bool,
    fail: Option<oneshot::Sender<Status>>,
}

impl Task {
    async fn run(mut self) {
        let failure = poll_fn(|context| self.poll(context)).await;
        match failure {
            Some(status) => self.give_up(status),
            // Nothing to tell: `Drop` is for ends that are not this one.
            None => self.fail = None,
        }
    }

    /// Ends the call from the request side.
    fn give_up(&mut self, status: Status) {
        if let Some(fail) = self.fail.take() {
            self.requests.end.set(Err(status.clone()));
            // The reason goes first: whoever sees the reset finds it. Nobody listens when the call has just ended.
            let _ = fail.send(status);
            self.stream.send_reset(Reason::CANCEL);
            self.close();
        }
    }

    /// Ready when there is nothing more to do; with a status when the request stream gave the call up.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Status>> {
        if let Poll::Ready(reason) = Pin::new(&mut self.stopped).poll(context) {
            self.stream.send_reset(reason.unwrap_or(Reason::CANCEL));
            return Poll::Ready(None);
        }
        if let Poll::Ready(failure) = self.poll_transfer(context) {
            return Poll::Ready(failure);
        }
        ready!(Pin::new(&mut self.timer).poll(context));
        Poll::Ready(Some(outcome::deadline_passed_sending()))
    }

    fn poll_transfer(&mut self, context: &mut Context<'_>) -> Poll<Option<Status>> {
        loop {
            if self.is_over {
                return self.poll_keep(context);
            }
            if !ready!(self.poll_send(context)) {
                self.is_over = true;
                if !self.may_go_on(context) {
                    self.close();
                    return Poll::Ready(None);
                }
                continue;
            }
            match ready!(self.requests.messages.as_mut().poll_next(context)) {
                Some(Ok(messages)) => {
                    self.stream.reserve_capacity(messages.len());
                    self.pending = Some(messages);
                }
                Some(Err(status)) => return Poll::Ready(Some(status)),
                None => {
                    // An empty DATA frame, never HEADERS (gRPC over HTTP/2, "Requests"). A refusal means that the
                    // stream is over already.
                    let _ = self.stream.send_data(Bytes::new(), true);
                    return Poll::Ready(None);
                }
            }
        }
    }

    /// The attempt is over. Whoever sends goes on for as long as there may be another and what is sent can be kept:
    /// nobody may be looking at the responses yet.
    fn poll_keep(&mut self, context: &mut Context<'_>) -> Poll<Option<Status>> {
        loop {
            match ready!(self.requests.messages.as_mut().poll_next(context)) {
                Some(Ok(_kept)) => {}
                Some(Err(status)) => return Poll::Ready(Some(status)),
                None => return Poll::Pending,
            }
            if self.requests.replay().is_none_or(Replay::is_only_for_this_attempt) {
                self.close();
                return Poll::Ready(None);
            }
        }
    }

    fn may_go_on(&mut self, context: &mut Context<'_>) -> bool {
        let is_unprocessed = match self.stream.poll_reset(context) {
            Poll::Ready(Ok(reason)) => reason == Reason::REFUSED_STREAM,
            Poll::Ready(Err(error)) => TransportError::from(error).is_unprocessed(),
            Poll::Pending => false,
        };
        self.requests.replay().is_some_and(|replay| replay.may_go_on(is_unprocessed))
    }

    fn close(&self) {
        self.requests.replay().into_iter().for_each(Replay::close);
    }

    /// Sends the messages in hand as the window allows; `false` when the stream is over.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        while let Some(message) = &mut self.pending {
            let capacity = match self.stream.capacity() {
                0 => match ready!(self.stream.poll_capacity(context)) {
                    Some(Ok(capacity)) => capacity,
                    Some(Err(_)) | None => return Poll::Ready(false),
                },
                capacity => capacity,
            };
            let slice = message.split_to(capacity.min(message.len()));
            if message.is_empty() {
                self.pending = None;
            }
            if self.stream.send_data(slice, false).is_err() {
                return Poll::Ready(false);
            }
        }
        // While no message is in hand, the only news of the stream's end is a reset.
        Poll::Ready(self.stream.poll_reset(context).is_pending())
    }
}

/// A request stream that panics takes its task with it, and must not leave the call waiting for an answer to half a
/// request.
impl Drop for Task {
    fn drop(&mut self) {
        self.give_up(Status::internal(
            "the request stream panicked, or the runtime that it ran on was shut down",
        ));
    }
}
