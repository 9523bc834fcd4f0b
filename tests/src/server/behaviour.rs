//! What a [`Server`](super::Server) is told to do with calls. A value; `programmed` and `greeter` act on it.

use std::time::Duration;

use tonic::Status;
use tonic::metadata::MetadataMap;

/// How calls are answered. The default greets politely and at once.
#[derive(Debug, Clone)]
pub struct Behaviour {
    pub(super) outcome: Outcome,
    pub(super) end: End,
    pub(super) delay: Duration,
    pub(super) replies: usize,
    pub(super) reply_bytes: usize,
    pub(super) text: Option<String>,
    pub(super) echo: bool,
    pub(super) headers: MetadataMap,
    pub(super) trailers: MetadataMap,
}

#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Answer,
    Fail(Status),
    NeverAnswer,
    StallAfterHeaders,
}

#[derive(Debug, Clone)]
pub(super) enum End {
    Ok,
    Fail(Status),
    Stall,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour {
            outcome: Outcome::Answer,
            end: End::Ok,
            delay: Duration::ZERO,
            replies: 3,
            reply_bytes: 0,
            text: None,
            echo: false,
            headers: MetadataMap::new(),
            trailers: MetadataMap::new(),
        }
    }
}

impl Behaviour {
    /// Greets politely and at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// Fails every call with a trailers-only response that carries `status`, its details and its metadata.
    pub fn fail(mut self, status: Status) -> Self {
        self.outcome = Outcome::Fail(status);
        self
    }

    /// Takes the call and sends nothing at all, not even headers. tonic itself ends a call of a known
    /// `grpc-timeout` when that is over; to see the client do it, use [`stall_after_headers`].
    ///
    /// [`stall_after_headers`]: Self::stall_after_headers
    pub fn never_answer(mut self) -> Self {
        self.outcome = Outcome::NeverAnswer;
        self
    }

    /// Sends response headers and then nothing, for calls of every kind.
    pub fn stall_after_headers(mut self) -> Self {
        self.outcome = Outcome::StallAfterHeaders;
        self
    }

    /// Waits this long before a call is looked at.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// How many replies `ListHellos` sends; 3 unless told. `ChatHellos` answers every request, and ends as
    /// told by [`end_with`](Self::end_with) or [`end_stalling`](Self::end_stalling) after that many.
    pub fn replies(mut self, replies: usize) -> Self {
        self.replies = replies;
        self
    }

    /// Says this in each reply instead of a greeting.
    pub fn say(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Pads each reply's text to at least this many bytes.
    pub fn reply_bytes(mut self, bytes: usize) -> Self {
        self.reply_bytes = bytes;
        self
    }

    /// After its replies, a stream ends with this status in its trailers instead of OK.
    pub fn end_with(mut self, status: Status) -> Self {
        self.end = End::Fail(status);
        self
    }

    /// After its replies, a stream stays open and silent.
    pub fn end_stalling(mut self) -> Self {
        self.end = End::Stall;
        self
    }

    /// Sends request metadata whose key starts with `x-` back, in the headers and again in the trailers.
    pub fn echo(mut self) -> Self {
        self.echo = true;
        self
    }

    /// Adds `metadata` to the response headers.
    pub fn headers(mut self, metadata: MetadataMap) -> Self {
        self.headers = metadata;
        self
    }

    /// Adds `metadata` to the trailers, of successful calls too.
    pub fn trailers(mut self, metadata: MetadataMap) -> Self {
        self.trailers = metadata;
        self
    }
}
