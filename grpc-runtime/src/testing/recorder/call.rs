//! [`RecordedCall`]: what a [`Recorder`](crate::testing::Recorder) saw of one call.

use std::fmt;

use crate::call::{Ended, Method, SingleRequest, SingleResponse};
use crate::engine::CallOptions;
use crate::metadata::Metadata;
use crate::method::{MethodDescriptor, MethodRef};
use crate::status::{Code, Status};
use crate::testing::recorder::Recordable;
use crate::testing::recorder::tape::Tape;

/// One call of the method `M`, as it stood when the recorder was asked.
pub struct RecordedCall<M: Method> {
    method: MethodRef,
    options: CallOptions,
    requests: Vec<M::Request>,
    replies: Vec<M::Response>,
    end: Option<RecordedEnd>,
}

impl<M: Recordable> RecordedCall<M> {
    pub(super) fn copy(tape: &Tape<M>) -> Self {
        let reel = tape.reel();
        Self {
            method: tape.method.clone(),
            options: tape.options.clone(),
            requests: reel.requests.clone(),
            replies: reel.replies.clone(),
            end: reel.end.clone(),
        }
    }
}

impl<M: Method> RecordedCall<M> {
    /// Which method was called.
    pub fn method(&self) -> &MethodDescriptor {
        &self.method
    }

    /// What was sent beside the messages.
    pub fn metadata(&self) -> &Metadata {
        &self.options.metadata
    }

    /// Metadata, deadline and the other options of the call.
    pub fn options(&self) -> &CallOptions {
        &self.options
    }

    /// The message that was sent.
    pub fn request(&self) -> &M::Request
    where
        M::Kind: SingleRequest,
    {
        self.requests.first().expect("a call that sends one message is recorded with it")
    }

    /// The messages that were sent by then, in order; one, where the call sends one.
    pub fn requests(&self) -> &[M::Request] {
        &self.requests
    }

    /// The message that came back; `None` where none came.
    pub fn reply(&self) -> Option<&M::Response>
    where
        M::Kind: SingleResponse,
    {
        self.replies.first()
    }

    /// The messages that were read by then, in order.
    pub fn replies(&self) -> &[M::Response] {
        &self.replies
    }

    /// How the call ended; `None` where it went on. A stream ends with its last message, not with its start.
    pub fn end(&self) -> Option<&RecordedEnd> {
        self.end.as_ref()
    }

    /// The code that it ended with, CANCELLED where it was dropped; `None` where it went on.
    pub fn code(&self) -> Option<Code> {
        self.end.as_ref().map(RecordedEnd::code)
    }
}

impl<M: Method> fmt::Debug for RecordedCall<M>
where
    M::Request: fmt::Debug,
    M::Response: fmt::Debug,
{
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RecordedCall")
            .field("method", &self.method.path())
            .field("options", &self.options)
            .field("requests", &self.requests)
            .field("replies", &self.replies)
            .field("end", &self.end)
            .finish()
    }
}

/// How a recorded call ended: an [`Ended`] to keep.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RecordedEnd {
    /// The server ended it with OK, and everything was read.
    Ok {
        /// What the server sent after its last message.
        trailers: Metadata,
    },
    /// It failed.
    Failed(Status),
    /// The program let go of it before its end.
    Dropped,
}

impl RecordedEnd {
    pub(super) fn of(ended: Ended<'_>) -> Self {
        match ended {
            Ended::Ok { trailers, .. } => Self::Ok { trailers: trailers.clone() },
            Ended::Failed(status) => Self::Failed(status.clone()),
            Ended::Dropped => Self::Dropped,
        }
    }

    /// The code of the end: CANCELLED where the call was dropped.
    pub fn code(&self) -> Code {
        match self {
            Self::Ok { .. } => Code::Ok,
            Self::Failed(status) => status.code(),
            Self::Dropped => Code::Cancelled,
        }
    }

    /// The failure, if the call had one; a dropped call has none.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Failed(status) => Some(status),
            Self::Ok { .. } | Self::Dropped => None,
        }
    }
}
