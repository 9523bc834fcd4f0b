//! An answer that is HTTP and not gRPC, read as a status (`doc/http-grpc-status-mapping.md`).
//!
//! Only for answers without a `grpc-status`; where there is one, it wins (table 1.4).

use std::fmt::Write as _;

use ::http::{HeaderValue, StatusCode};

use crate::status::{Code, Origin, Status};

/// How much of the body of such an answer is worth collecting: enough to recognise the page of a proxy.
pub(crate) const BODY_PIECE_BYTES: usize = 1024;

/// Whether this is the content type of a gRPC response: `application/grpc`, alone or followed by `+codec`
/// or `;parameters`, in any letter case. `application/grpc-web` is another protocol.
pub(crate) fn is_grpc_content_type(content_type: Option<&HeaderValue>) -> bool {
    let Some(value) = content_type else { return false };
    match value.as_bytes().split_at_checked(GRPC_CONTENT_TYPE.len()) {
        Some((start, rest)) => {
            start.eq_ignore_ascii_case(GRPC_CONTENT_TYPE)
                && matches!(rest.first(), None | Some(b'+' | b';'))
        }
        None => false,
    }
}

/// The status for an answer without a `grpc-status`.
///
/// `body` is what was collected of the body, at least its first [`BODY_PIECE_BYTES`]; more is cut off.
pub(crate) fn from_http(
    http_status: StatusCode,
    content_type: Option<&HeaderValue>,
    body: &[u8],
) -> Status {
    let mut message = format!("the server answered with HTTP status {}", http_status.as_str());
    if let Some(reason) = http_status.canonical_reason() {
        message.push_str(" (");
        message.push_str(reason);
        message.push(')');
    }
    match content_type {
        None => message.push_str(", without a content-type"),
        Some(value) => {
            let text = String::from_utf8_lossy(value.as_bytes());
            let _ = write!(message, ", content-type {text:?}");
        }
    }
    message.push_str(" and without a grpc-status");
    if let Some(piece) = body.get(..body.len().min(BODY_PIECE_BYTES)).filter(|p| !p.is_empty()) {
        let text = String::from_utf8_lossy(piece);
        let _ = write!(message, "; its body begins {text:?}");
    }
    Status::new(code_of(http_status), message).with_origin(Origin::Transport)
}

fn code_of(http_status: StatusCode) -> Code {
    match http_status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

const GRPC_CONTENT_TYPE: &[u8] = b"application/grpc";
