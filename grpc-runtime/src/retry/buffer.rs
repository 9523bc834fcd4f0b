//! What a call has sent, kept until no further attempt can need it (gRFC A6, "Memory Management").
//!
//! Accounting, and a list of messages whose bytes are shared with what was sent: nothing is copied. Which attempt has
//! sent how many of them is the engine's to know; that a call over its limit is committed, the machines'.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// How much the calls of a channel keep together, at most: 16 MiB unless the program says otherwise.
#[derive(Debug)]
pub(crate) struct ChannelBuffer {
    limit: usize,
    used: AtomicUsize,
}

impl ChannelBuffer {
    /// For this many bytes; zero keeps nothing, so that no call sends a message twice.
    pub(crate) const fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0) }
    }

    /// Whether there was room.
    fn take(&self, bytes: usize) -> bool {
        let fits = |used: usize| used.checked_add(bytes).filter(|&sum| sum <= self.limit);
        // One number that guards nothing else, hence relaxed.
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Default for ChannelBuffer {
    fn default() -> Self {
        Self::new(DEFAULT_CHANNEL_LIMIT)
    }
}

/// The messages of one call, framed, in their order, small ones several at a time. Each has a position, counted from zero.
///
/// While the call is open all are kept, so that an attempt can start from position zero. After the commit none is
/// added, and what is there goes as the one attempt left has sent it. The first message takes no allocation.
#[derive(Debug)]
pub(crate) struct ReplayBuffer {
    channel: Arc<ChannelBuffer>,
    limit: usize,
    bytes: usize,
    first: Option<Bytes>,
    /// After `first`, when that is there.
    rest: VecDeque<Bytes>,
    /// How many messages are gone from the front; the position of the first that is here.
    released: usize,
    is_committed: bool,
    is_finished: bool,
}

/// What became of a message that is about to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// Attempts find it at the next position.
    Kept,
    /// It is too much: the call is to be committed, and the message goes only to the attempt that is left.
    Over(BufferLimit),
    /// The call is committed; the same holds.
    Committed,
}

/// Which limit a message is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BufferLimit {
    /// That of the call.
    Call,
    /// That of all calls of the channel together.
    Channel,
}

/// What an attempt sends next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Replayed {
    /// This message; its own position is one further then.
    Message(Bytes),
    /// The end of the request stream.
    Finish,
    /// Nothing: it has sent all there is so far.
    CaughtUp,
}

impl ReplayBuffer {
    /// For one call: `limit` bytes at most, 256 KiB unless program or call say otherwise.
    pub(crate) fn new(limit: usize, channel: Arc<ChannelBuffer>) -> Self {
        Self {
            channel,
            limit,
            bytes: 0,
            first: None,
            rest: VecDeque::new(),
            released: 0,
            is_committed: false,
            is_finished: false,
        }
    }

    /// Keeps a message if it can. What is over a limit is not kept, and neither is anything after it (RT-05): the
    /// caller commits the call.
    pub(crate) fn push(&mut self, message: &Bytes) -> Pushed {
        if self.is_committed {
            return Pushed::Committed;
        }
        let size = message.len();
        if size > self.limit.saturating_sub(self.bytes) {
            return Pushed::Over(BufferLimit::Call);
        }
        if !self.channel.take(size) {
            return Pushed::Over(BufferLimit::Channel);
        }
        self.bytes += size;
        if self.first.is_none() && self.released == 0 {
            self.first = Some(message.clone());
        } else {
            self.rest.push_back(message.clone());
        }
        Pushed::Kept
    }

    /// The program has ended its request stream; a further attempt ends it too.
    pub(crate) fn finish(&mut self) {
        self.is_finished = true;
    }

    /// One attempt is left, which has sent the messages before `position`.
    pub(crate) fn commit(&mut self, position: usize) {
        self.is_committed = true;
        self.release(position);
    }

    /// The one attempt left has sent the messages before `position`. No effect while the call is open, as another
    /// attempt would need them.
    pub(crate) fn release(&mut self, position: usize) {
        while self.is_committed && self.released < position {
            let Some(message) = self.first.take().or_else(|| self.rest.pop_front()) else { return };
            self.released += 1;
            self.bytes -= message.len();
            self.channel.give_back(message.len());
        }
    }

    /// What an attempt sends that has sent the messages before `position`.
    pub(crate) fn next(&self, position: usize) -> Replayed {
        match self.message(position) {
            Some(message) => Replayed::Message(message.clone()),
            None if self.is_finished => Replayed::Finish,
            None => Replayed::CaughtUp,
        }
    }

    /// Whether nothing is added any more.
    pub(crate) fn is_committed(&self) -> bool {
        self.is_committed
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn message(&self, position: usize) -> Option<&Bytes> {
        let index = position.checked_sub(self.released)?;
        match (&self.first, index) {
            (Some(first), 0) => Some(first),
            (Some(_), _) => self.rest.get(index - 1),
            (None, _) => self.rest.get(index),
        }
    }
}

impl Drop for ReplayBuffer {
    fn drop(&mut self) {
        self.channel.give_back(self.bytes);
    }
}

/// What a call keeps where nobody says otherwise; the number of grpc-go.
pub(crate) const DEFAULT_CALL_LIMIT: usize = 256 << 10;
/// What all calls of a channel keep; the number of grpc-java.
const DEFAULT_CHANNEL_LIMIT: usize = 16 << 20;

#[cfg(test)]
mod tests;
