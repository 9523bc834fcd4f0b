//! Where a subchannel stands, as calls see it: one value, swapped whole.

use std::sync::Arc;

use crate::subchannel::failure::ConnectFailure;
use crate::transport::h2::Connection;

/// ```text
///          connect()              handshake done
///   IDLE ------------> CONNECTING ---------------> READY
///    ^  ^                  |  ^                      |
///    |  |           failed |  | backoff over         |
///    |  |                  v  |                      |
///    |  +--------- TRANSIENT_FAILURE                 |
///    |  nobody asked during the backoff              |
///    +-----------------------------------------------+
///                 lost, or GOAWAY
/// ```
#[derive(Debug)]
pub(crate) enum State {
    /// No connection and nobody connecting. `last` is why the last one failed, if none came after it.
    Idle { last: Option<ConnectFailure> },
    /// Connecting. `last` is why the attempt before failed.
    Connecting { last: Option<ConnectFailure> },
    /// Calls can be made.
    Ready(Arc<Connection>),
    /// The last attempt failed; the next comes when its backoff is over.
    TransientFailure(ConnectFailure),
}

impl State {
    /// What went wrong last, while it is not mended.
    pub(crate) fn last_failure(&self) -> Option<&ConnectFailure> {
        match self {
            Self::Idle { last } | Self::Connecting { last } => last.as_ref(),
            Self::TransientFailure(failure) => Some(failure),
            Self::Ready(_) => None,
        }
    }
}
