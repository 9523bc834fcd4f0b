//! Length-prefixed messages (PROTOCOL-HTTP2, "Length-Prefixed-Message"): a byte of flags, four of length,
//! the message.
//!
//! Pure: bytes in, bytes out. The frames of HTTP/2 are another thing, and their borders mean nothing here.
//! What is framed is the codec's and the compressor's.

mod decode;
mod encode;
mod error;

pub(crate) use decode::Deframer;
pub(crate) use encode::{
    Flag, check_length, frame, frame_behind, is_compressed, message_of, messages_of,
};
pub(crate) use error::FramingError;

/// The flag and the length.
const PREFIX_BYTES: usize = 5;
