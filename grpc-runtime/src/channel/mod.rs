//! [`Channel`]: the way to a service that all clients of a program share.
//!
//! Not connections themselves (`subchannel`) and not calls (`engine`): this is the handle and its builder.

mod builder;
mod error;

pub use self::builder::ChannelBuilder;
pub use self::error::ChannelError;

use std::fmt;

use crate::connectivity::ConnectivityState;
use crate::engine::Engine;
use crate::subchannel::State;

/// A way to a service: connects on the first call, again when the connection was lost, and carries any number of
/// calls at once.
///
/// Cheap to clone: clones are the same channel. When the last one is gone, and the last call, the connection is
/// closed.
///
/// ```no_run
/// # fn example() -> Result<(), grpc_runtime::ChannelError> {
/// use grpc_runtime::Channel;
///
/// let channel = Channel::builder("dns:///greeter.prod:50051").build()?;
/// let local = Channel::builder("127.0.0.1:50051").plaintext().build()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Channel {
    engine: Engine,
}

impl Channel {
    /// Describes a channel to `target`; nothing is checked or done before [`build`](ChannelBuilder::build).
    ///
    /// | target | means |
    /// |---|---|
    /// | `dns:///greeter.prod:50051`, `greeter.prod:50051` | the addresses of that name; port 443 if none is given |
    /// | `https://greeter.prod` | the same, and says TLS; port 443 |
    /// | `http://localhost:50051` | the same, and asks for plaintext; port 80 |
    /// | `ipv4:10.0.0.1:50051,10.0.0.2:50051`, `ipv6:[::1]:50051` | these addresses, tried in order |
    /// | `unix:/run/greeter.sock`, `unix-abstract:greeter` | a socket of this machine |
    /// | `passthrough:///anything` | handed to the connector as it is; without one, a name and port |
    pub fn builder(target: impl Into<String>) -> ChannelBuilder {
        ChannelBuilder::new(target.into())
    }

    /// How things stand right now; the next call may change it.
    pub fn state(&self) -> ConnectivityState {
        match &**self.engine.subchannel().state() {
            State::Idle { .. } => ConnectivityState::Idle,
            State::Connecting { .. } => ConnectivityState::Connecting,
            State::Ready(_) => ConnectivityState::Ready,
            State::TransientFailure(_) => ConnectivityState::TransientFailure,
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Channel")
            .field("target", &self.engine.subchannel().target().to_string())
            .field("state", &self.state())
            .finish()
    }
}
