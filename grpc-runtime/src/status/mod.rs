//! How a call failed: [`Status`], its [`Code`], and what is known beyond them.
//!
//! A `Status` is a plain value. It is not the reading of one from the wire (that is `wire`), and it does
//! not decide whether a call is tried again. Every module above makes them.

mod code;
mod constructors;
mod convert;
mod details;
mod display;
mod from_status;
mod origin;
mod typed;
pub(crate) mod wire;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;

use crate::metadata::Metadata;

pub use code::{Code, UnknownCode};
pub use details::{DetailsError, RpcStatus};
pub use from_status::FromStatus;
pub use origin::{Delivery, Origin};

/// Why a call failed: a code and a message, and with them everything that is known.
///
/// | it has | it is |
/// |---|---|
/// | [`code`](Status::code), [`message`](Status::message) | what the protocol carries |
/// | [`details`](Status::details), [`rpc_status`](Status::rpc_status) | the structured part, raw and decoded |
/// | [`error_info`](Status::error_info), [`retry_delay`](Status::retry_delay), [`detail`](Status::detail) and others | what is in it, typed |
/// | [`metadata`](Status::metadata) | the trailers of the call that failed |
/// | [`origin`](Status::origin) | who made it: this process, the transport, or the server |
/// | [`delivery`](Status::delivery) | whether the server may have acted on the request |
/// | [`peer`](Status::peer) | the address that the call went to |
/// | [`source`](Error::source) | the error below, where there was one |
///
/// It is one pointer wide, so a `Result<T, Status>` costs nothing on the way of a call that succeeds, and
/// cloning one is counting a reference.
///
/// A `Status` is always a failure: it never has [`Code::Ok`] (see [`Status::new`]).
///
/// `Display` reads `NOT_FOUND: no such user`, then the causes below it, each once, then the peer. A
/// reporter that prints the causes itself should print [`code`](Status::code) and
/// [`message`](Status::message) instead.
///
/// Two are equal where code, message and details are; metadata, origin and causes are circumstances.
#[derive(Clone)]
pub struct Status(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    origin: Origin,
    delivery: Delivery,
    message: String,
    details: Bytes,
    metadata: Metadata,
    peer: Option<String>,
    attempts: u32,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Status {
    /// A failure with this code and message, of [`Origin::Local`] and [`Delivery::Unknown`].
    ///
    /// A failure cannot be OK. [`Code::Ok`] becomes [`Code::Internal`], and the message says so and keeps
    /// the text, as gRFC A54 has it for statuses that the library itself is handed.
    pub fn new(code: Code, message: impl Into<String>) -> Status {
        let mut message = message.into();
        let code = match code {
            Code::Ok => {
                message = format!("a failure was given the status OK, which is a bug: {message}");
                Code::Internal
            }
            failure => failure,
        };
        Status(Arc::new(Inner {
            code,
            origin: Origin::default(),
            delivery: Delivery::default(),
            message,
            details: Bytes::new(),
            metadata: Metadata::new(),
            peer: None,
            attempts: 0,
            source: None,
        }))
    }

    /// Sets the raw bytes of `grpc-status-details-bin`, by convention an encoded `google.rpc.Status`.
    /// Default: none.
    #[must_use]
    pub fn with_details(self, details: impl Into<Bytes>) -> Status {
        let details = details.into();
        self.change(|inner| inner.details = details)
    }

    /// Sets the details to this message, encoded. Code and message of `self` stay; to take those of the
    /// message too, use `Status::from(rpc_status)`.
    #[must_use]
    pub fn with_rpc_status(self, rpc_status: &RpcStatus) -> Status {
        self.with_details(rpc_status.encode_to_vec())
    }

    /// Sets the metadata, which is where the trailers of a call go. Default: empty.
    #[must_use]
    pub fn with_metadata(self, metadata: Metadata) -> Status {
        self.change(|inner| inner.metadata = metadata)
    }

    /// Says who made it. Default: [`Origin::Local`].
    #[must_use]
    pub fn with_origin(self, origin: Origin) -> Status {
        self.change(|inner| inner.origin = origin)
    }

    /// Says what became of the request. Default: [`Delivery::Unknown`].
    #[must_use]
    pub fn with_delivery(self, delivery: Delivery) -> Status {
        self.change(|inner| inner.delivery = delivery)
    }

    /// Says which address the call went to. Default: none.
    #[must_use]
    pub fn with_peer(self, peer: impl fmt::Display) -> Status {
        let peer = peer.to_string();
        self.change(|inner| inner.peer = Some(peer))
    }

    /// Says how many attempts the call had. Default: none.
    #[must_use]
    pub fn with_attempts(self, attempts: u32) -> Status {
        if self.attempts() == attempts {
            return self;
        }
        self.change(|inner| inner.attempts = attempts)
    }

    /// Keeps the error below, which [`source`](Error::source) then returns. Default: none.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Status {
        let source = Arc::from(source.into());
        self.change(|inner| inner.source = Some(source))
    }

    /// Puts what was being done in front of the message: `context: message`. All else stays.
    #[must_use]
    pub fn context(self, context: impl fmt::Display) -> Status {
        self.change(|inner| {
            inner.message = if inner.message.is_empty() {
                context.to_string()
            } else {
                format!("{context}: {}", inner.message)
            };
        })
    }

    /// The same failure under another code, which must be one.
    pub(crate) fn with_code(self, code: Code) -> Status {
        debug_assert_ne!(code, Code::Ok, "a failure cannot be OK");
        self.change(|inner| inner.code = code)
    }

    /// The code. Never [`Code::Ok`].
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The message for developers; empty where the server sent none.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The raw bytes of `grpc-status-details-bin`; empty where there were none.
    pub fn details(&self) -> &Bytes {
        &self.0.details
    }

    /// The details as `google.rpc.Status`; `None` where there are none.
    ///
    /// # Errors
    /// The bytes are something else. They remain in [`details`](Status::details).
    pub fn rpc_status(&self) -> Result<Option<RpcStatus>, DetailsError> {
        if self.details().is_empty() {
            return Ok(None);
        }
        RpcStatus::decode(self.details().clone()).map(Some).map_err(DetailsError::new)
    }

    /// The trailers of the call; empty where it did not get that far.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// Who made it.
    pub fn origin(&self) -> Origin {
        self.0.origin
    }

    /// What became of the request.
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// The address that the call went to, where it had got one.
    pub fn peer(&self) -> Option<&str> {
        self.0.peer.as_deref()
    }

    /// How many attempts the call had: how often its request was put on a connection. More than one after retries and
    /// hedging, and where a server did not look at the call so that it was started over; zero where nothing was sent.
    ///
    /// [`delivery`](Status::delivery) is about the last of them.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Status {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl Error for Status {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl PartialEq for Status {
    fn eq(&self, other: &Status) -> bool {
        self.code() == other.code()
            && self.message() == other.message()
            && self.details() == other.details()
    }
}

// A status crosses tasks and threads, and rides in every `Result`.
const _: () = {
    const fn flows<T: Send + Sync + Clone + Error + 'static>() {}
    flows::<Status>();
    assert!(size_of::<Status>() == size_of::<usize>());
    assert!(size_of::<Option<Status>>() == size_of::<usize>());
};

#[cfg(test)]
mod tests;
