//! [`ConnectivityState`]: how a channel or one of its connections stands, by gRPC's five names.

use std::fmt;

/// The state of a channel (gRPC connectivity semantics and API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "gRPC defines five states, for good")]
pub enum ConnectivityState {
    /// Not connected and not trying: the next call starts it.
    Idle,
    /// Looking up the name, connecting, shaking hands.
    Connecting,
    /// Connected; calls go out at once.
    Ready,
    /// The last attempt failed; the next one comes after a pause.
    TransientFailure,
    /// Closed by the program.
    Shutdown,
}

impl fmt::Display for ConnectivityState {
    /// gRPC's own spelling, such as `TRANSIENT_FAILURE`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Idle => "IDLE",
            Self::Connecting => "CONNECTING",
            Self::Ready => "READY",
            Self::TransientFailure => "TRANSIENT_FAILURE",
            Self::Shutdown => "SHUTDOWN",
        })
    }
}
