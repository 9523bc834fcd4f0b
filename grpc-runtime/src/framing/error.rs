//! What can be wrong with framed messages, and the status that each ends a call with.

use std::error::Error;
use std::fmt;

use crate::framing::PREFIX_BYTES;
use crate::status::{Delivery, Origin, Status};

/// A message cannot be framed, or what arrived is not framed messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FramingError {
    /// A request is over the limit, and was not sent.
    RequestTooLarge {
        /// The size, in bytes.
        length: usize,
        /// The most that may be sent.
        limit: usize,
    },
    /// A request does not fit the four bytes of the length, and was not sent.
    RequestTooLong {
        /// The size, in bytes.
        length: usize,
    },
    /// The prefix announces a response over the limit.
    ResponseTooLarge {
        /// The announced size, in bytes.
        length: usize,
        /// The most that may arrive.
        limit: usize,
    },
    /// The first byte of a prefix is neither 0 nor 1.
    Flag(u8),
    /// The responses ended inside a prefix.
    CutInPrefix {
        /// How many bytes of it arrived.
        received: usize,
    },
    /// The responses ended inside a message.
    CutInMessage {
        /// How many bytes of it arrived.
        received: usize,
        /// How many were announced.
        length: usize,
    },
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FramingError::RequestTooLarge { length, limit } => write!(
                f,
                "the request message has {length} bytes, more than the {limit} allowed; \
                 raise `max_request_bytes` to send it"
            ),
            FramingError::RequestTooLong { length } => write!(
                f,
                "the request message has {length} bytes, more than the {} that gRPC can carry",
                u32::MAX
            ),
            FramingError::ResponseTooLarge { length, limit } => write!(
                f,
                "the server announced a response message of {length} bytes, more than the {limit} \
                 allowed; raise `max_response_bytes` to receive it"
            ),
            FramingError::Flag(flag) => write!(
                f,
                "a response message begins with flag byte {flag}, and only 0 and 1 exist: \
                 the peer does not speak gRPC, or bytes were lost"
            ),
            FramingError::CutInPrefix { received } => write!(
                f,
                "the responses ended after {received} of the {PREFIX_BYTES} bytes before a message"
            ),
            FramingError::CutInMessage { received, length } => {
                write!(f, "the responses ended after {received} of the {length} bytes of a message")
            }
        }
    }
}

impl Error for FramingError {}

impl From<FramingError> for Status {
    fn from(error: FramingError) -> Status {
        let message = error.to_string();
        match error {
            FramingError::RequestTooLarge { .. } | FramingError::RequestTooLong { .. } => {
                Status::resource_exhausted(message).with_delivery(Delivery::NotSent)
            }
            FramingError::ResponseTooLarge { .. } => Status::resource_exhausted(message),
            FramingError::Flag(_)
            | FramingError::CutInPrefix { .. }
            | FramingError::CutInMessage { .. } => {
                Status::internal(message).with_origin(Origin::Transport)
            }
        }
    }
}
