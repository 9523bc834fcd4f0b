//! How calls end: every way a call can fail below the codec, and the status that says it.
//!
//! The tables of the wire (`grpc-status`, HTTP status, RST_STREAM) are in `status::wire`; this knows which applies,
//! and what to tell the user beside.

use std::any::Any;
use std::error::Error;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, Request, StatusCode};

use crate::metadata::Metadata;
use crate::rt;
use crate::status::wire::{
    BODY_PIECE_BYTES, from_http, from_reset, from_trailers, is_grpc_content_type, missing_trailers,
};
use crate::status::{Code, Delivery, Origin, Status};
use crate::transport::h2::{Connection, TransportError};

/// The end of a response that is nothing but its head.
pub(super) fn of_trailers_only(status: StatusCode, headers: HeaderMap) -> Result<Metadata, Status> {
    let outcome = from_trailers(&headers);
    let content_type = headers.get(http::header::CONTENT_TYPE).cloned();
    outcome.into_result(headers, || from_http(status, content_type.as_ref(), &[]))
}

/// The end of a response with messages. Without trailers it was cut off, whatever it said before.
pub(super) fn of_trailers(trailers: Option<HeaderMap>) -> Result<Metadata, Status> {
    match trailers {
        None => Err(missing_trailers()),
        Some(trailers) => from_trailers(&trailers).into_result(trailers, missing_status),
    }
}

fn missing_status() -> Status {
    Status::unknown("the server ended the call with trailers that have no grpc-status")
        .with_origin(Origin::Transport)
}

/// An answer that did not come from a gRPC server: a proxy, a login page, the wrong port.
#[derive(Debug)]
pub(super) struct NotGrpc {
    status: StatusCode,
    content_type: Option<HeaderValue>,
    body: Vec<u8>,
}

impl NotGrpc {
    /// `None` when the head is that of a gRPC response.
    pub(super) fn detect(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let content_type = headers.get(http::header::CONTENT_TYPE);
        if status == StatusCode::OK && is_grpc_content_type(content_type) {
            return None;
        }
        Some(Self { status, content_type: content_type.cloned(), body: Vec::new() })
    }

    pub(super) fn push(&mut self, data: &[u8]) {
        let room = BODY_PIECE_BYTES.saturating_sub(self.body.len());
        self.body.extend_from_slice(&data[..data.len().min(room)]);
    }

    pub(super) fn is_enough(&self) -> bool {
        self.body.len() >= BODY_PIECE_BYTES
    }

    /// What it was; a `grpc-status` in the trailers wins over all of it.
    pub(super) fn end(&self, trailers: Option<HeaderMap>) -> Result<Metadata, Status> {
        let trailers = trailers.unwrap_or_default();
        from_trailers(&trailers).into_result(trailers, || {
            from_http(self.status, self.content_type.as_ref(), &self.body)
        })
    }
}

/// What is left of the call's time, when there is some.
pub(super) fn remaining(deadline: Instant, now: Instant) -> Result<Duration, Status> {
    match deadline.checked_duration_since(now) {
        Some(remaining) if !remaining.is_zero() => Ok(remaining),
        Some(_) | None => {
            Err(Status::deadline_exceeded("the deadline passed before the request was sent")
                .with_delivery(Delivery::NotSent))
        }
    }
}

/// The deadline passed here; nothing of what the server may say later counts (D-01).
pub(super) fn deadline_passed(before_headers: bool) -> Status {
    Status::deadline_exceeded(if before_headers {
        "the deadline passed before the server answered"
    } else {
        "the deadline passed before the server ended the call"
    })
}

/// The deadline passed in the pause after an attempt that failed like `last`.
pub(super) fn deadline_passed_between_attempts(last: Option<&Status>) -> Status {
    let text = "the deadline passed before the next attempt";
    match last {
        Some(last) => Status::deadline_exceeded(format!("{text}; the last one failed: {last}"))
            .with_delivery(last.delivery()),
        None => Status::deadline_exceeded(text),
    }
}

/// The attempt took longer than one of this call may (gRFC A6, `perAttemptRecvTimeout`).
pub(super) fn attempt_took_too_long() -> Status {
    Status::deadline_exceeded(
        "the server did not answer the attempt within `perAttemptRecvTimeout`",
    )
    .with_origin(Origin::Local)
}

/// The deadline passed while a request stream waited for the server to read it.
pub(super) fn deadline_passed_sending() -> Status {
    Status::deadline_exceeded("the deadline passed before the request stream was sent")
}

/// Whether the server cancelled the call. One that enforces our deadline may do so a moment before our own timer is
/// looked at: then it is the deadline (D-02), and nothing of what the server said counts (D-01).
pub(super) fn is_cancel_from_afar(status: &Status) -> bool {
    status.code() == Code::Cancelled && status.origin() != Origin::Local
}

/// The call names the server as its certificate does not (gRFC A81).
pub(super) fn wrong_authority(
    authority: &str,
    error: Box<dyn Error + Send + Sync>,
    connection: &Connection,
) -> Status {
    Status::unavailable(format!(
        "the server's certificate is not valid for {authority:?}, which the call asks for as its authority"
    ))
    .with_origin(Origin::Transport)
    .with_delivery(Delivery::NotSent)
    .with_peer(connection.peer())
    .with_source(error)
}

/// The connection would not open a stream; nothing was sent.
pub(super) fn not_opened(error: TransportError, connection: &Connection) -> Status {
    Status::unavailable("the request could not be sent")
        .with_origin(Origin::Transport)
        .with_delivery(Delivery::NotSent)
        .with_peer(connection.peer())
        .with_source(error)
}

/// The stream, or the connection under it, ended without a status.
pub(super) fn of_transport(
    error: TransportError,
    connection: &Connection,
    deadline: Option<Instant>,
) -> Status {
    if connection.end().is_some_and(TransportError::is_closed_by_program) {
        return Status::cancelled("the channel was closed");
    }
    let status = if error.is_oversized_headers() {
        Status::resource_exhausted(
            "a block of response headers or trailers was too large to be read; servers are told how large it may be, \
             and `ChannelBuilder::max_header_list_bytes` can raise that",
        )
    } else if error.is_malformed() {
        Status::internal("the server's response broke the rules of HTTP/2")
    } else if error.is_unprocessed() {
        Status::unavailable("the server closed the connection before it looked at this call")
            .with_delivery(Delivery::NotProcessed)
    } else if let Some(reason) = error.reset_code() {
        let is_late = deadline.is_some_and(|deadline| deadline <= rt::now());
        from_reset(reason, is_late)
    } else {
        let status = Status::unavailable("the connection was lost while the call was under way");
        match connection.end() {
            // The connection's own end says more than "stream closed".
            Some(end) => return status.with_origin(Origin::Transport).with_source(end.clone()),
            None => status,
        }
    };
    status.with_origin(Origin::Transport).with_source(error)
}

/// Refuses a block of headers or trailers over the limit (M-04). `h2` reads more than that, so that the size can be
/// told and no other call is lost.
#[inline]
pub(super) fn check_size(headers: &HeaderMap, limit: u32, block: &str) -> Result<(), Status> {
    let size = size_of_block(headers);
    if size <= usize::try_from(limit).unwrap_or(usize::MAX) {
        return Ok(());
    }
    Err(over_size(headers, size, limit, block))
}

#[cold]
fn over_size(headers: &HeaderMap, size: usize, limit: u32, block: &str) -> Status {
    let server_said = match headers.get("grpc-status") {
        Some(code) => format!(
            "; the server's own grpc-status was {}",
            String::from_utf8_lossy(code.as_bytes())
        ),
        None => String::new(),
    };
    Status::resource_exhausted(format!(
        "the {block} take {size} bytes, over the limit of {limit}, which can be raised with \
         `ChannelBuilder::max_header_list_bytes`{server_said}"
    ))
    .with_origin(Origin::Local)
}

/// As HTTP/2 counts (RFC 9113 §6.5.2), `-bin` values as base64.
fn size_of_block(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum()
}

/// Refuses request headers over the peer's limit (M-05): the peer would reset the stream, or close the connection with
/// all calls on it.
pub(super) fn check_request_size(
    head: &Request<()>,
    connection: &Connection,
) -> Result<(), Status> {
    let limit = connection.peer_max_header_list_bytes();
    if limit == u32::MAX {
        return Ok(());
    }
    let uri = head.uri();
    let pseudo = [
        (":method", head.method().as_str()),
        (":scheme", uri.scheme_str().unwrap_or_default()),
        (":authority", uri.authority().map_or("", |authority| authority.as_str())),
        (":path", uri.path()),
    ];
    let pseudo: usize = pseudo.iter().map(|(name, value)| name.len() + value.len() + 32).sum();
    let size = pseudo + size_of_block(head.headers());
    if size <= usize::try_from(limit).unwrap_or(usize::MAX) {
        return Ok(());
    }
    Err(Status::resource_exhausted(format!(
        "the request headers take {size} bytes, over the limit of {limit} that the server told \
         (SETTINGS_MAX_HEADER_LIST_SIZE): send less metadata, or raise the limit on the server"
    ))
    .with_delivery(Delivery::NotSent)
    .with_peer(connection.peer()))
}

/// A method with one response message came back with none, or with more than one.
pub(super) fn wrong_number_of_messages(number: &str) -> Status {
    Status::internal(format!(
        "the server sent {number} where the method has exactly one response message"
    ))
    .with_origin(Origin::Transport)
}

/// INTERNAL: code of the program's own, such as a policy or a resolver, panicked where the channel called it.
pub(crate) fn panicked(what: &str, panic: &(dyn Any + Send)) -> Status {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Status::internal(match text {
        Some(text) => format!("{what} panicked: {text}"),
        None => format!("{what} panicked"),
    })
    .with_delivery(Delivery::NotSent)
}
