//! What goes out: framed bytes, all at once or one after another.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_core::Stream;

use crate::engine::options::CallOptions;
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
    /// Messages, framed, as they come.
    Stream(RequestStream),
}

/// A stream of framed messages. An error in it gives the call up.
pub struct RequestStream {
    pub(crate) messages: Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>,
    /// Where the sending side learns how the call ended.
    pub(crate) end: CallEnd,
}

impl fmt::Debug for RequestStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RequestStream").finish_non_exhaustive()
    }
}

/// How a call ended, for whoever still sends on it. Set once, by the engine.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallEnd(Arc<OnceLock<Result<(), Status>>>);

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
