//! No encoding: messages are bytes already.

use bytes::Bytes;

use crate::codec::{Codec, Decode, DecodeError, Encode, EncodeError};

/// Messages as they are on the wire, for proxies, recorders and programs that know their types only at run time.
/// Content type `application/grpc`, which servers read as Protocol Buffers.
#[derive(Debug, Clone, Copy)]
pub enum Raw {}

impl Codec for Raw {
    const CONTENT_TYPE: &'static str = "application/grpc";
}

impl Encode<Bytes> for Raw {
    fn encoded_len(message: &Bytes) -> usize {
        message.len()
    }

    fn encode(message: &Bytes, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
        buffer.extend_from_slice(message);
        Ok(())
    }
}

impl Decode<Bytes> for Raw {
    fn decode(bytes: Bytes) -> Result<Bytes, DecodeError> {
        Ok(bytes)
    }
}
