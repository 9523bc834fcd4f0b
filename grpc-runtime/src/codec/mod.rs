//! Codecs: how a message becomes bytes and back. Stateless, chosen per trait, known at compile time.
//!
//! Not framing (the five bytes before a message belong to `framing`) and not compression. A codec is a type,
//! never a value: the client calls its functions directly, and a stream of replies keeps one function pointer.
//!
//! To write one, implement [`Codec`] for a type of yours, and [`Encode`] and [`Decode`] for the messages it
//! handles; then name it in the trait: `#[grpc_client(codec = MyCodec)]`.

mod framed;
mod json;
mod prost;
mod raw;

use std::error::Error;
use std::fmt;

use bytes::Bytes;

pub(crate) use self::framed::Compress;
#[doc(hidden)]
pub use self::framed::{Framing, encode_framed};
pub use self::json::Json;
pub use self::prost::Prost;
pub use self::raw::Raw;

/// A way to write messages, named on the wire by its content type.
pub trait Codec: Send + Sync + 'static {
    /// The `content-type` of requests: `application/grpc` with the codec's subtype, such as
    /// `application/grpc+proto` (gRPC over HTTP/2, "Content-Type").
    const CONTENT_TYPE: &'static str;
}

/// Writes messages of type `T`.
#[diagnostic::on_unimplemented(
    message = "the codec `{Self}` cannot write a `{T}`",
    label = "no way to encode this request",
    note = "with the default codec a message derives `prost::Message`; for serde types say `#[grpc_client(codec = grpc_runtime::codec::Json)]`, for ready `bytes::Bytes`, which is `grpc_runtime::prost::bytes::Bytes`, `codec = grpc_runtime::codec::Raw`"
)]
pub trait Encode<T>: Codec {
    /// How many bytes [`encode`](Encode::encode) will write, where that is known: the buffer is then allocated
    /// once, exactly. Zero means "not known".
    fn encoded_len(message: &T) -> usize {
        let _ = message;
        0
    }

    /// Appends the message to `buffer`, which may hold bytes already: they are not to be touched.
    ///
    /// # Errors
    /// When the message cannot be written in this format. The call then fails with INTERNAL before anything is sent.
    fn encode(message: &T, buffer: &mut Vec<u8>) -> Result<(), EncodeError>;
}

/// Reads messages of type `T`.
#[diagnostic::on_unimplemented(
    message = "the codec `{Self}` cannot read a `{T}`",
    label = "no way to decode this response",
    note = "with the default codec a message derives `prost::Message`; for serde types say `#[grpc_client(codec = grpc_runtime::codec::Json)]`, for ready `bytes::Bytes`, which is `grpc_runtime::prost::bytes::Bytes`, `codec = grpc_runtime::codec::Raw`"
)]
pub trait Decode<T>: Codec {
    /// Reads one whole message.
    ///
    /// # Errors
    /// When the bytes are not such a message. The call then fails with INTERNAL.
    fn decode(bytes: Bytes) -> Result<T, DecodeError>;
}

/// Why a message could not be written.
#[derive(Debug)]
pub struct EncodeError(Box<dyn Error + Send + Sync>);

/// Why a message could not be read.
#[derive(Debug)]
pub struct DecodeError(Box<dyn Error + Send + Sync>);

macro_rules! codec_error {
    ($name:ident, $text:literal) => {
        impl $name {
            /// Wraps the format's own error, or a text.
            pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
                Self(cause.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str($text)
            }
        }

        impl Error for $name {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&*self.0)
            }
        }
    };
}

codec_error!(EncodeError, "the message could not be encoded");
codec_error!(DecodeError, "the message could not be decoded");
