//! What a [`Server`](super::Server) tells a test about the calls it took.

use http::HeaderMap;
use tonic::body::Body;

/// Something that happened at the server, in order.
#[derive(Debug, Clone)]
pub enum Event {
    /// A connection was accepted.
    Connected,
    /// A call arrived.
    Started(CallStart),
    /// The whole answer of a call to this path was handed to the connection.
    Finished(String),
    /// A call to this path ended before its answer did: the client reset it or went away.
    Cancelled(String),
}

/// The request head of a call, as it arrived.
#[derive(Debug, Clone)]
pub struct CallStart {
    /// `:path`, for example `/helloworld.Greeter/SayHello`.
    pub path: String,
    /// `:scheme`.
    pub scheme: Option<String>,
    /// `:authority`.
    pub authority: Option<String>,
    /// All other headers, reserved ones included.
    pub headers: HeaderMap,
}

impl CallStart {
    pub(super) fn of(request: &http::Request<Body>) -> Self {
        let uri = request.uri();
        CallStart {
            path: uri.path().to_owned(),
            scheme: uri.scheme_str().map(str::to_owned),
            authority: uri.authority().map(ToString::to_string),
            headers: request.headers().clone(),
        }
    }

    /// The text of a header, where it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `grpc-timeout` as sent, for example `99m`.
    pub fn timeout(&self) -> Option<&str> {
        self.header("grpc-timeout")
    }
}
