//! The request stream of a call that may have several attempts: read once, sent as often as it takes.
//!
//! What is kept, and when it is too much, is accounted for in `retry::buffer`; here the program's stream is polled and
//! its messages are handed to the attempts under way. Once the call is bound to an attempt, nothing is kept any more.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use futures_core::Stream;

use crate::engine::outgoing::{CallEnd, Messages, RequestStream};
use crate::retry::{Pushed, ReplayBuffer, Replayed};
use crate::status::Status;

/// The program's request stream, and what it gave so far.
#[derive(Clone)]
pub(super) struct Replay(Arc<Shared>);

struct Shared {
    source: Mutex<Source>,
    end: CallEnd,
    follows: Follows,
}

/// Who may want another attempt.
enum Follows {
    /// Nobody, unless the server did not look at the one under way.
    Nobody,
    /// A policy, whatever the server says.
    Retries,
    /// Attempts side by side: all of them wait for the same messages.
    Hedging(Arc<Waiters>),
}

struct Source {
    /// None while it is polled, which happens without the lock, and after its end.
    messages: Option<Messages>,
    buffer: ReplayBuffer,
    /// Messages that were too much to be kept, for the attempt that is left.
    unkept: VecDeque<Bytes>,
    /// Why the stream gave the call up.
    failed: Option<Status>,
    /// How many readers there were: the name of the newest.
    newest: u64,
    /// The attempt that reads; those before it have been stopped, or are about to be ..
    reader: Progress,
    /// .. and with hedging those beside it.
    beside: Vec<Progress>,
}

/// How far an attempt is.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    reader: u64,
    /// How many messages it has taken from the buffer.
    sent: usize,
}

impl Replay {
    /// For one attempt after the other. `follows_policy` says whether any but a transparent retry is possible.
    pub(super) fn new(stream: RequestStream, buffer: ReplayBuffer, follows_policy: bool) -> Self {
        let follows = if follows_policy { Follows::Retries } else { Follows::Nobody };
        Self::following(follows, stream, buffer)
    }

    /// For attempts side by side.
    pub(super) fn for_hedging(stream: RequestStream, buffer: ReplayBuffer) -> Self {
        Self::following(Follows::Hedging(Arc::default()), stream, buffer)
    }

    fn following(follows: Follows, stream: RequestStream, buffer: ReplayBuffer) -> Self {
        let RequestStream { messages, end, .. } = stream;
        let source = Source {
            messages: Some(messages),
            buffer,
            unkept: VecDeque::new(),
            failed: None,
            newest: 0,
            reader: Progress::default(),
            beside: Vec::new(),
        };
        Self(Arc::new(Shared { source: Mutex::new(source), end, follows }))
    }

    /// The stream from its start, for a new attempt; the one before gets nothing any more.
    pub(super) fn attempt(&self) -> RequestStream {
        let mut source = self.lock();
        source.newest += 1;
        source.reader = Progress { reader: source.newest, sent: 0 };
        self.read_by(source.newest)
    }

    /// The stream from its start, for an attempt beside the others, and the name of that reader.
    pub(super) fn attempt_beside(&self) -> (RequestStream, ReaderId) {
        let mut source = self.lock();
        source.newest += 1;
        let reader = source.newest;
        source.beside.push(Progress { reader, sent: 0 });
        (self.read_by(reader), ReaderId(reader))
    }

    fn read_by(&self, reader: u64) -> RequestStream {
        let reader = Reader { name: reader, position: 0, replay: self.clone(), own: None };
        RequestStream::of_attempt(Box::pin(reader), self.0.end.clone(), self.clone())
    }

    /// The attempt under way is the last: nothing needs to be kept that it has sent.
    pub(super) fn commit(&self) {
        let mut source = self.lock();
        let sent = source.reader.sent;
        source.buffer.commit(sent);
    }

    /// Of attempts side by side this one is left: as [`commit`](Replay::commit), and the others get nothing any more.
    pub(super) fn commit_to(&self, ReaderId(reader): ReaderId) {
        let mut source = self.lock();
        source.beside.retain(|progress| progress.reader == reader);
        let sent = source.sent_by(reader);
        source.buffer.commit(sent);
        drop(source);
        self.wake();
    }

    /// How many messages this reader has taken.
    pub(super) fn sent_by(&self, ReaderId(reader): ReaderId) -> usize {
        self.lock().sent_by(reader)
    }

    /// Whether attempts side by side wait until the call is bound to one of them, as more was sent than is kept. If not,
    /// the task is woken when it is so.
    pub(super) fn poll_over_limit(&self, context: &Context<'_>) -> bool {
        if let Follows::Hedging(waiters) = &self.0.follows {
            waiters.add(context.waker());
        }
        self.lock().waits_for_commit()
    }

    /// Tells whoever sends how the call ended.
    pub(super) fn end(&self, status: &Status) {
        self.0.end.set(Err(status.clone()));
    }

    /// Nobody reads the stream any more: whoever fills it is to learn that.
    pub(super) fn close(&self) {
        let mut source = self.lock();
        let messages = source.messages.take();
        source.failed.get_or_insert_with(|| Status::cancelled("the call is over"));
        drop(source);
        drop(messages);
        self.wake();
    }

    /// Whether there may be another attempt after one that ended like this.
    pub(super) fn may_go_on(&self, is_unprocessed: bool) -> bool {
        match self.0.follows {
            Follows::Nobody => is_unprocessed && !self.is_over_limit(),
            Follows::Retries => !self.is_over_limit(),
            Follows::Hedging(_) => true,
        }
    }

    /// Whether nobody can send the stream any more once the attempt under way is over.
    pub(super) fn is_only_for_this_attempt(&self) -> bool {
        match self.0.follows {
            Follows::Nobody | Follows::Retries => self.is_over_limit(),
            // Others are under way, or to come.
            Follows::Hedging(_) => false,
        }
    }

    /// Whether the stream has given more than is kept, so that it cannot be sent again.
    pub(super) fn is_over_limit(&self) -> bool {
        self.lock().buffer.is_committed()
    }

    fn wake(&self) {
        if let Follows::Hedging(waiters) = &self.0.follows {
            waiters.wake_by_ref();
        }
    }

    /// Held for a moment; no foreign code runs under it.
    fn lock(&self) -> MutexGuard<'_, Source> {
        self.0.source.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of an attempt's reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReaderId(u64);

impl Source {
    fn progress(&mut self, reader: u64) -> Option<&mut Progress> {
        std::iter::once(&mut self.reader)
            .chain(&mut self.beside)
            .find(|progress| progress.reader == reader)
    }

    fn sent_by(&mut self, reader: u64) -> usize {
        self.progress(reader).map_or(0, |progress| progress.sent)
    }

    fn waits_for_commit(&self) -> bool {
        !self.unkept.is_empty() && !self.buffer.is_committed()
    }
}

/// The stream as one attempt reads it.
struct Reader {
    name: u64,
    position: usize,
    replay: Replay,
    /// The program's stream itself, once no other attempt can want it.
    own: Option<Messages>,
}

impl Stream for Reader {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(messages) = &mut this.own {
            return messages.as_mut().poll_next(context);
        }
        // Whoever is the first to poll after the stream has more takes it for all.
        let shared_waker = match &this.replay.0.follows {
            Follows::Nobody | Follows::Retries => None,
            Follows::Hedging(waiters) => {
                waiters.add(context.waker());
                Some(Waker::from(Arc::clone(waiters)))
            }
        };
        loop {
            let mut source = this.replay.lock();
            let Some(progress) = source.progress(this.name) else {
                // Its task is being stopped.
                return Poll::Pending;
            };
            progress.sent = this.position;
            match source.buffer.next(this.position) {
                Replayed::Message(message) => {
                    this.position += 1;
                    if let Some(progress) = source.progress(this.name) {
                        progress.sent = this.position;
                    }
                    source.buffer.release(this.position);
                    return Poll::Ready(Some(Ok(message)));
                }
                Replayed::Finish | Replayed::CaughtUp if source.waits_for_commit() => {
                    return Poll::Pending;
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
                // Another attempt has it in its hands this very moment.
                context.waker().wake_by_ref();
                return Poll::Pending;
            };
            if shared_waker.is_none() && source.buffer.is_committed() {
                drop(source);
                return this.own.insert(messages).as_mut().poll_next(context);
            }
            drop(source);
            let polled = match &shared_waker {
                None => messages.as_mut().poll_next(context),
                Some(waker) => messages.as_mut().poll_next(&mut Context::from_waker(waker)),
            };
            let mut source = this.replay.lock();
            match polled {
                Poll::Pending => {
                    source.messages = Some(messages);
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(message))) => {
                    source.messages = Some(messages);
                    let pushed = source.buffer.push(&message);
                    if let Pushed::Over(limit) = pushed {
                        tracing::debug!(?limit, "more was sent than is kept: no more retries");
                        if shared_waker.is_none() {
                            source.buffer.commit(this.position);
                        }
                    }
                    let is_kept = pushed == Pushed::Kept;
                    // One that reads alone need not look for it in the buffer.
                    if shared_waker.is_none()
                        && let Some(progress) = source.progress(this.name)
                    {
                        this.position += usize::from(is_kept);
                        progress.sent = this.position;
                        return Poll::Ready(Some(Ok(message)));
                    }
                    if !is_kept {
                        source.unkept.push_back(message);
                    }
                }
                Poll::Ready(Some(Err(status))) => source.failed = Some(status),
                Poll::Ready(None) => source.buffer.finish(),
            }
            if let Some(waker) = &shared_waker {
                drop(source);
                waker.wake_by_ref();
            }
        }
    }
}

/// All that wait for the next message of a stream which several attempts send.
#[derive(Debug, Default)]
struct Waiters(Mutex<Vec<Waker>>);

impl Waiters {
    fn add(&self, waker: &Waker) {
        let mut wakers = self.lock();
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }

    /// Held for a moment; nothing is woken under it.
    fn lock(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let wakers = std::mem::take(&mut *self.lock());
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Replay").finish_non_exhaustive()
    }
}
