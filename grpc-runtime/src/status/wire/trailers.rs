//! `grpc-status`, `grpc-message` and `grpc-status-details-bin`, read from trailers or from the headers of
//! a Trailers-Only response (PROTOCOL-HTTP2, "Responses").

use std::borrow::Cow;

use ::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use percent_encoding::percent_decode;

use crate::metadata::{Metadata, decode_base64};
use crate::status::{Code, Delivery, Origin, Status};

/// What a block of headers says about the end of the call.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// `grpc-status: 0`. Nothing was allocated to find out.
    Ok,
    /// Any other `grpc-status`, a malformed one included. The trailers are not in its metadata yet.
    Failed(Status),
    /// No `grpc-status`: HTTP, or the want of trailers, has to explain the end.
    Missing,
}

impl Outcome {
    /// The trailers of a call that succeeded, or the status of one that failed with the trailers in it.
    /// The map moves, it is not copied.
    ///
    /// `missing` makes the status where the block had none, mostly [`super::from_http`] or
    /// [`missing_trailers`].
    pub(crate) fn into_result(
        self,
        trailers: HeaderMap,
        missing: impl FnOnce() -> Status,
    ) -> Result<Metadata, Status> {
        let trailers = Metadata::from_headers(trailers);
        match self {
            Outcome::Ok => Ok(trailers),
            Outcome::Failed(status) => Err(status.with_metadata(trailers)),
            Outcome::Missing => Err(missing().with_metadata(trailers)),
        }
    }
}

/// Reads the outcome. The first `grpc-status` counts where there are several.
pub(crate) fn from_trailers(headers: &HeaderMap) -> Outcome {
    // Looked for one by one: mostly it is the only one, and a lookup takes longer than to compare a few names.
    let Some((_, value)) = headers.iter().find(|(name, _)| *name == GRPC_STATUS) else {
        return Outcome::Missing;
    };
    if value.as_bytes() == b"0" {
        return Outcome::Ok;
    }
    let message = headers.get(&GRPC_MESSAGE).map(decode_message).unwrap_or_default();
    let status = match parse_number(value.as_bytes()) {
        Some(number) => match Code::try_from(number) {
            Ok(code) => Status::new(code, message),
            Err(_) => Status::unknown(message).context(format_args!("grpc-status {number}")),
        },
        // a server that says something unreadable has still ended the call.
        None => {
            let quoted = String::from_utf8_lossy(value.as_bytes());
            Status::unknown(message).context(format_args!("malformed grpc-status {quoted:?}"))
        }
    };
    let status = status.with_origin(Origin::Server).with_delivery(Delivery::Answered);
    Outcome::Failed(match headers.get(&GRPC_STATUS_DETAILS).and_then(decode_details) {
        Some(details) => status.with_details(details),
        None => status,
    })
}

/// The stream ended on a DATA frame. The server took the request, but not even it may know how far
/// the call got.
pub(crate) fn missing_trailers() -> Status {
    Status::internal("the server closed the stream without sending trailers")
        .with_origin(Origin::Transport)
}

/// Decimal without leading zeros; a sign is allowed as in a 32-bit integer, since such codes have been
/// seen and are merely unknown.
fn parse_number(text: &[u8]) -> Option<i32> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_decimal = digits.iter().all(u8::is_ascii_digit)
        && (digits.first().is_some_and(|&first| first != b'0') || text == b"0");
    if !is_decimal {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Percent-decodes. What is not an escape stays as it is, and what is not UTF-8 is replaced by
/// U+FFFD: the text may get ugly, it never gets lost.
fn decode_message(value: &HeaderValue) -> String {
    match percent_decode(value.as_bytes()).decode_utf8_lossy() {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    }
}

/// M-07. Broken details must not hide the status that they belong to.
fn decode_details(value: &HeaderValue) -> Option<Bytes> {
    decode_base64(value.as_bytes()).map(Bytes::from)
}

static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
static GRPC_STATUS_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
