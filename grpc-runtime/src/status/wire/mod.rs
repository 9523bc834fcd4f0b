//! What comes over the wire, read as a status: trailers, HTTP answers, HTTP/2 resets.
//!
//! Only tables and decoding; reading the stream is the transport's, and choosing which of these applies
//! is the engine's: trailers with a `grpc-status` always win, then HTTP, then the reset.

mod http;
mod reset;
mod trailers;

pub(crate) use self::http::{BODY_PIECE_BYTES, from_http, is_grpc_content_type};
pub(crate) use self::reset::from_reset;
pub(crate) use self::trailers::{from_trailers, missing_trailers};

#[cfg(test)]
mod tests;
