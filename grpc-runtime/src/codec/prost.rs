//! The default codec: Protocol Buffers by prost.

use bytes::Bytes;
use prost::Message;

use crate::codec::{Codec, Decode, DecodeError, Encode, EncodeError};

/// Protocol Buffers, for every type that derives [`prost::Message`]. Content type `application/grpc+proto`.
#[derive(Debug, Clone, Copy)]
pub enum Prost {}

impl Codec for Prost {
    const CONTENT_TYPE: &'static str = "application/grpc+proto";
}

impl<T: Message> Encode<T> for Prost {
    fn encoded_len(message: &T) -> usize {
        message.encoded_len()
    }

    fn encode(message: &T, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
        message.encode(buffer).map_err(EncodeError::new)
    }
}

impl<T: Message + Default> Decode<T> for Prost {
    fn decode(bytes: Bytes) -> Result<T, DecodeError> {
        T::decode(bytes).map_err(DecodeError::new)
    }
}
