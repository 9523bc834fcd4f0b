//! What went wrong with a connection or a stream: opaque, and able to answer the questions the engine asks.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use h2::Reason;

/// A failure below gRPC. Cheap to clone: one connection's end is the end of many calls.
#[derive(Debug, Clone)]
pub(crate) struct TransportError(Arc<Cause>);

#[derive(Debug)]
enum Cause {
    Http2(h2::Error),
    ClosedBeforeSettings,
    ClosedByPeer,
    ClosedByProgram,
}

impl TransportError {
    /// The peer took the connection and closed it without a word.
    pub(super) fn closed_before_settings() -> Self {
        Self(Arc::new(Cause::ClosedBeforeSettings))
    }

    /// The peer closed the connection without GOAWAY.
    pub(super) fn closed_by_peer() -> Self {
        Self(Arc::new(Cause::ClosedByPeer))
    }

    /// The program closed the channel.
    pub(super) fn closed_by_program() -> Self {
        Self(Arc::new(Cause::ClosedByProgram))
    }

    /// Whether the connection ended because the program closed the channel.
    pub(crate) fn is_closed_by_program(&self) -> bool {
        matches!(*self.0, Cause::ClosedByProgram)
    }

    /// The code of the RST_STREAM that ended the stream, whoever sent it.
    pub(crate) fn reset_code(&self) -> Option<u32> {
        self.http2().filter(|error| error.is_reset()).and_then(h2::Error::reason).map(u32::from)
    }

    /// Whether the peer said that it did not act on the stream: refused, or above the last id of its GOAWAY
    /// (RFC 9113 §6.8, §8.7).
    pub(crate) fn is_unprocessed(&self) -> bool {
        self.http2().is_some_and(|error| {
            error.is_remote()
                && (error.is_go_away()
                    || (error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM)))
        })
    }

    /// Whether `h2` gave the connection up over a block of headers larger than it reads.
    pub(crate) fn is_oversized_headers(&self) -> bool {
        self.http2().is_some_and(|error| {
            error.is_library()
                && error.is_go_away()
                && (error.reason() == Some(Reason::COMPRESSION_ERROR)
                    || error.to_string().contains("header_list_way_too_large"))
        })
    }

    /// Whether `h2` reset the stream because what the peer sent on it broke the rules of HTTP/2.
    pub(crate) fn is_malformed(&self) -> bool {
        self.http2().is_some_and(|error| error.is_library() && error.is_reset())
    }

    /// Whether the connection is over or about to be, as opposed to one stream of it, or to our use of `h2`.
    pub(crate) fn is_of_connection(&self) -> bool {
        self.http2().is_none_or(|error| error.is_io() || error.is_go_away())
    }

    fn http2(&self) -> Option<&h2::Error> {
        match &*self.0 {
            Cause::Http2(error) => Some(error),
            Cause::ClosedBeforeSettings | Cause::ClosedByPeer | Cause::ClosedByProgram => None,
        }
    }
}

impl From<h2::Error> for TransportError {
    fn from(error: h2::Error) -> Self {
        Self(Arc::new(Cause::Http2(error)))
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Http2(error) => fmt::Display::fmt(error, formatter),
            Cause::ClosedBeforeSettings => {
                formatter.write_str("the peer closed the connection before it sent HTTP/2 SETTINGS")
            }
            Cause::ClosedByPeer => formatter.write_str("the peer closed the connection"),
            Cause::ClosedByProgram => formatter.write_str("the channel was closed"),
        }
    }
}

impl Error for TransportError {}
