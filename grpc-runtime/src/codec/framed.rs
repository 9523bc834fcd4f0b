//! From a message to the bytes that go into DATA frames: five bytes of length, then the message, in one buffer.

use bytes::Bytes;

use crate::codec::Encode;
use crate::framing;
use crate::status::Status;

/// Encodes `message` behind its prefix, in a buffer that is allocated once where the codec knows the length.
///
/// # Errors
/// RESOURCE_EXHAUSTED over `max_bytes`; INTERNAL when the codec cannot write the message.
pub fn encode_framed<C: Encode<T>, T>(message: &T, max_bytes: usize) -> Result<Bytes, Status> {
    framing::frame(C::encoded_len(message), max_bytes, |buffer| {
        C::encode(message, buffer)
            .map_err(|error| Status::internal("request not sent").with_source(error))
    })
}
