//! What goes out: framed bytes, all at once or one after another.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use crate::engine::options::CallOptions;
use crate::engine::replay::Replay;
use crate::framing::{FramingError, check_length, messages_of};
use crate::method::MethodRef;
use crate::status::Status;

/// One call on its way out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: MethodRef,
    pub(crate) content_type: &'static str,
    pub(crate) options: CallOptions,
    pub(crate) body: RequestBody,
}

impl Outgoing {
    /// Tells the sending side, if there is one, why the call did not start.
    pub(super) fn fail(&self, status: Status) -> Status {
        if let RequestBody::Stream(stream) = &self.body {
            stream.end.set(Err(status.clone()));
        }
        status
    }
}

/// The request of a call as bytes.
#[derive(Debug)]
pub enum RequestBody {
    /// The only message, framed.
    Message(Bytes),
    /// Messages, framed, as they come: one or several at a time.
    Stream(RequestStream),
}

impl RequestBody {
    /// Allows no larger messages than this, in bytes, from now on.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED where the only message is larger.
    pub(super) fn limit(&mut self, max_bytes: usize) -> Result<(), Status> {
        match self {
            Self::Message(message) => check_framed(message, max_bytes)?,
            Self::Stream(stream) => {
                let messages = std::mem::replace(&mut stream.messages, Box::pin(Nothing));
                stream.messages = Box::pin(Limited { messages, max_bytes });
            }
        }
        Ok(())
    }
}

/// A stream of framed messages. An error in it gives the call up.
pub struct RequestStream {
    /// Where the messages are kept, once there is an attempt that sends them.
    replay: Option<Replay>,
    pub(crate) messages: Messages,
    /// Where the sending side learns how the call ended.
    pub(crate) end: CallEnd,
}

impl RequestStream {
    /// As the program gives it.
    pub(crate) fn new(messages: Messages, end: CallEnd) -> Self {
        Self { replay: None, messages, end }
    }

    /// As one attempt reads it.
    pub(super) fn of_attempt(messages: Messages, end: CallEnd, replay: Replay) -> Self {
        Self { replay: Some(replay), messages, end }
    }

    pub(super) fn replay(&self) -> Option<&Replay> {
        self.replay.as_ref()
    }
}

impl fmt::Debug for RequestStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RequestStream").finish_non_exhaustive()
    }
}

pub(crate) type Messages = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

/// How a call ended, for whoever still sends on it. Set once, by the engine.
#[derive(Debug, Clone, Default)]
pub struct CallEnd(Arc<OnceLock<Result<(), Status>>>);

impl CallEnd {
    pub(crate) fn set(&self, end: Result<(), Status>) {
        // The first end is the end.
        let _ = self.0.set(end);
    }

    /// Why a message cannot be sent any more.
    pub(crate) fn as_error(&self) -> Status {
        match self.0.get() {
            Some(Err(status)) => status.clone(),
            Some(Ok(())) => {
                Status::cancelled("the server ended the call with OK before it read this message")
            }
            None => Status::cancelled("nobody reads the requests any more: the call is over"),
        }
    }
}

/// A request stream whose messages turned out to have a lower limit than they were encoded under.
struct Limited {
    messages: Messages,
    max_bytes: usize,
}

impl Stream for Limited {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.messages.as_mut().poll_next(context));
        Poll::Ready(next.map(|next| {
            let message = next?;
            check_framed(&message, self.max_bytes)?;
            Ok(message)
        }))
    }
}

/// Checks framed messages against a limit that was not known when they were framed.
fn check_framed(framed: &[u8], max_bytes: usize) -> Result<(), FramingError> {
    messages_of(framed).try_for_each(|message| check_length(message.len(), max_bytes).map(drop))
}

/// Holds the place of a stream for a moment.
struct Nothing;

impl Stream for Nothing {
    type Item = Result<Bytes, Status>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}
