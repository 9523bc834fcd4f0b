//! What a policy holds of a connection: its name, a handle for pickers, and the states that it is told.
//!
//! Not the connection, and not what makes it. A policy asks its [`Context`](crate::lb::Context) for a
//! subchannel; the driver behind that context connects, and fills the slot that calls read.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::connectivity::ConnectivityState;
use crate::status::Status;

/// The name of a subchannel; never given to another one in the life of a channel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubchannelId(pub(super) u64);

/// The name of a timer; never given to another one in the life of a channel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerId(pub(super) u64);

/// A handle on a subchannel: what a picker keeps and hands to calls.
///
/// A policy gets it from [`Context::create_subchannel`](crate::lb::Context::create_subchannel). Cloning
/// counts a reference. It keeps no connection open: the driver takes the connection out of it when the
/// policy lets the subchannel go, and a call that comes too late looks for another.
#[derive(Clone)]
pub struct Subchannel(Arc<SubchannelSlot>);

impl Subchannel {
    /// Its name, as in the events that a policy is told.
    pub fn id(&self) -> SubchannelId {
        self.0.id
    }

    /// Where its connection is, while there is one.
    pub fn slot(&self) -> &SubchannelSlot {
        &self.0
    }

    pub(super) fn new(id: SubchannelId) -> Subchannel {
        Subchannel(Arc::new(SubchannelSlot { id, connection: ArcSwapOption::empty() }))
    }
}

impl PartialEq for Subchannel {
    fn eq(&self, other: &Subchannel) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Subchannel {}

impl fmt::Debug for Subchannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.id, f)
    }
}

/// The cell from which calls take the connection of a subchannel. It is opaque to policies and pickers: only
/// the driver writes it, only the engine reads it.
pub struct SubchannelSlot {
    id: SubchannelId,
    connection: ArcSwapOption<Erased>,
}

/// The cell needs a pointee of known size.
struct Erased(Arc<dyn Any + Send + Sync>);

impl SubchannelSlot {
    /// Puts in the connection that calls shall use, or takes it out. Takes no lock.
    pub(crate) fn set(&self, connection: Option<Arc<dyn Any + Send + Sync>>) {
        self.connection.store(connection.map(|connection| Arc::new(Erased(connection))));
    }

    /// The connection, if there is one and it is a `T`. Takes no lock and does not allocate.
    pub(crate) fn load<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let connection = self.connection.load();
        Arc::clone(&connection.as_ref()?.0).downcast().ok()
    }
}

impl fmt::Debug for SubchannelSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubchannelSlot")
            .field("id", &self.id)
            .field("filled", &self.connection.load().is_some())
            .finish()
    }
}

/// How a subchannel stands, as its policy is told.
///
/// ```text
///        connect          SETTINGS came
/// IDLE ---------> CONNECTING ---------> READY
///  ^ ^              |     ^               |
///  | |       failed |     |               |
///  | |              v     |               |
///  | +-- TRANSIENT_FAILURE (in backoff)   |
///  +--------------------------------------+
///            lost, or GOAWAY
/// ```
///
/// A new one is IDLE, of which the policy is not told. After a removal the policy is told nothing more.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "gRPC defines these states, for good")]
pub enum SubchannelState {
    /// Neither a connection nor an attempt, and free to connect: the backoff is over or the connection lost.
    Idle,
    /// Connecting.
    Connecting,
    /// There is a connection, and the server's SETTINGS have arrived on it.
    Ready,
    /// The last attempt failed, for this reason, which names the address; in backoff until IDLE comes.
    TransientFailure(Status),
}

impl SubchannelState {
    /// The state without the reason.
    pub fn connectivity(&self) -> ConnectivityState {
        match self {
            Self::Idle => ConnectivityState::Idle,
            Self::Connecting => ConnectivityState::Connecting,
            Self::Ready => ConnectivityState::Ready,
            Self::TransientFailure(_) => ConnectivityState::TransientFailure,
        }
    }
}

impl fmt::Debug for SubchannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "subchannel {}", self.0)
    }
}

impl fmt::Display for SubchannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for TimerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timer {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_gives_back_what_was_put_in_as_its_own_type() {
        let subchannel = Subchannel::new(SubchannelId(1));
        assert_eq!(subchannel.slot().load::<u8>(), None);
        subchannel.slot().set(Some(Arc::new(7_u8)));
        assert_eq!(subchannel.clone().slot().load::<u8>().as_deref(), Some(&7));
        assert_eq!(subchannel.slot().load::<u16>(), None);
        subchannel.slot().set(None);
        assert_eq!(subchannel.slot().load::<u8>(), None);
        assert_eq!(format!("{subchannel:?}"), "subchannel 1");
    }
}
