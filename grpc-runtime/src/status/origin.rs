//! Two facts about a failure that its code does not tell: who said it, and what became of the request.
//!
//! Not decisions: whether to try again is the engine's to decide, from these among other things.

/// Who made a [`Status`](crate::Status).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Origin {
    /// This process: a layer, a limit, a deadline, a codec, a cancelled call. The default.
    #[default]
    Local,
    /// The way to the server: connecting, TLS, HTTP/2, or a proxy that answered in the server's place.
    Transport,
    /// The server, by a `grpc-status` of its own.
    Server,
}

/// What became of the request of a call that failed.
///
/// It says whether a call with effects can be made again without having them twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Delivery {
    /// Nothing of the request left this process.
    NotSent,
    /// The request left, and the server said that it did not look at it: `REFUSED_STREAM`, or a `GOAWAY`
    /// that leaves the stream out (RFC 9113, sections 5.4.2 and 6.8).
    NotProcessed,
    /// Nobody can tell: the request may have reached the server and had its effect. The default.
    #[default]
    Unknown,
    /// The server took the request and answered it with this status.
    Answered,
}

impl Delivery {
    /// Whether the server certainly did nothing, so that the same request, even one that is not
    /// idempotent, can be sent again.
    pub const fn is_safe_to_repeat(self) -> bool {
        match self {
            Delivery::NotSent | Delivery::NotProcessed => true,
            Delivery::Unknown | Delivery::Answered => false,
        }
    }
}
