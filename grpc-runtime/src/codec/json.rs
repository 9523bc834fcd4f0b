//! JSON by serde, for services that speak `application/grpc+json`.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{Codec, Decode, DecodeError, Encode, EncodeError};

/// JSON, for every type that serde can write and read. Content type `application/grpc+json`.
///
/// It writes what serde writes. The protobuf JSON mapping (camel-case names, 64-bit integers as strings) is the
/// business of the message types' own serde attributes.
#[derive(Debug, Clone, Copy)]
pub enum Json {}

impl Codec for Json {
    const CONTENT_TYPE: &'static str = "application/grpc+json";
}

impl<T: Serialize> Encode<T> for Json {
    fn encode(message: &T, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
        serde_json::to_writer(buffer, message).map_err(EncodeError::new)
    }
}

impl<T: DeserializeOwned> Decode<T> for Json {
    fn decode(bytes: Bytes) -> Result<T, DecodeError> {
        serde_json::from_slice(&bytes).map_err(DecodeError::new)
    }
}
