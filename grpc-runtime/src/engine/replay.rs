//! The request stream of a call that may have several attempts: read once, sent as often as it takes.
//!
//! What is kept, and when it is too much, is accounted for in `retry::buffer`; here the program's stream is polled and
//! its messages are handed to the attempt under way. Once the call is bound to an attempt, nothing is kept any more.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use crate::engine::outgoing::{CallEnd, Messages, RequestStream};
use crate::retry::{Pushed, ReplayBuffer, Replayed};
use crate::status::Status;

/// The program's request stream, and what it gave so far.
#[derive(Clone)]
pub(super) struct Replay {
    shared: Arc<Mutex<Source>>,
    end: CallEnd,
    /// Whether a policy may want another attempt, whatever the server says about the one under way.
    follows_policy: bool,
}

struct Source {
    /// None while it is polled, which happens without the lock, and after its end.
    messages: Option<Messages>,
    buffer: ReplayBuffer,
    /// Messages that were too much to be kept, for the attempt that is left.
    unkept: VecDeque<Bytes>,
    /// Why the stream gave the call up.
    failed: Option<Status>,
    /// Which attempt may read; those before it have been stopped, or are about to be.
    attempt: u64,
    /// How many messages that attempt has taken from the buffer.
    sent: usize,
}

impl Replay {
    pub(super) fn new(stream: RequestStream, buffer: ReplayBuffer, follows_policy: bool) -> Self {
        let RequestStream { messages, end, .. } = stream;
        let shared = Source {
            messages: Some(messages),
            buffer,
            unkept: VecDeque::new(),
            failed: None,
            attempt: 0,
            sent: 0,
        };
        Self { shared: Arc::new(Mutex::new(shared)), end, follows_policy }
    }

    /// The stream from its start, for a new attempt; the one before gets nothing any more.
    pub(super) fn attempt(&self) -> RequestStream {
        let mut source = self.lock();
        source.attempt += 1;
        source.sent = 0;
        let reader = Reader { attempt: source.attempt, position: 0, replay: self.clone() };
        RequestStream::of_attempt(Box::pin(reader), self.end.clone(), self.clone())
    }

    /// The attempt under way is the last: nothing needs to be kept that it has sent.
    pub(super) fn commit(&self) {
        let mut source = self.lock();
        let sent = source.sent;
        source.buffer.commit(sent);
    }

    /// Nobody reads the stream any more: whoever fills it is to learn that.
    pub(super) fn close(&self) {
        let mut source = self.lock();
        let messages = source.messages.take();
        source.failed.get_or_insert_with(|| Status::cancelled("the call is over"));
        drop(source);
        drop(messages);
    }

    /// Whether there may be another attempt after one that ended like this.
    pub(super) fn may_go_on(&self, is_unprocessed: bool) -> bool {
        (self.follows_policy || is_unprocessed) && !self.is_over_limit()
    }

    /// Whether the stream has given more than is kept, so that it cannot be sent again.
    pub(super) fn is_over_limit(&self) -> bool {
        self.lock().buffer.is_committed()
    }

    /// Held for a moment; no foreign code runs under it.
    fn lock(&self) -> MutexGuard<'_, Source> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stream as one attempt reads it.
struct Reader {
    attempt: u64,
    position: usize,
    replay: Replay,
}

impl Stream for Reader {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let mut source = this.replay.lock();
            if source.attempt != this.attempt {
                // Its task is being stopped.
                return Poll::Pending;
            }
            match source.buffer.next(this.position) {
                Replayed::Message(message) => {
                    this.position += 1;
                    source.sent = this.position;
                    source.buffer.release(this.position);
                    return Poll::Ready(Some(Ok(message)));
                }
                Replayed::Finish | Replayed::CaughtUp if !source.unkept.is_empty() => {
                    return Poll::Ready(source.unkept.pop_front().map(Ok));
                }
                Replayed::Finish => return Poll::Ready(None),
                Replayed::CaughtUp => {}
            }
            if let Some(status) = &source.failed {
                return Poll::Ready(Some(Err(status.clone())));
            }
            let Some(mut messages) = source.messages.take() else {
                // An attempt that is being stopped has it in its hands this very moment.
                context.waker().wake_by_ref();
                return Poll::Pending;
            };
            drop(source);
            let polled = messages.as_mut().poll_next(context);
            let mut source = this.replay.lock();
            match polled {
                Poll::Pending => {
                    source.messages = Some(messages);
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(message))) => {
                    source.messages = Some(messages);
                    match source.buffer.push(&message) {
                        Pushed::Kept => {}
                        Pushed::Committed => source.unkept.push_back(message),
                        Pushed::Over(limit) => {
                            tracing::debug!(?limit, "more was sent than is kept: no more retries");
                            let sent = source.sent;
                            source.buffer.commit(sent);
                            source.unkept.push_back(message);
                        }
                    }
                }
                Poll::Ready(Some(Err(status))) => source.failed = Some(status),
                Poll::Ready(None) => source.buffer.finish(),
            }
        }
    }
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Replay").finish_non_exhaustive()
    }
}
