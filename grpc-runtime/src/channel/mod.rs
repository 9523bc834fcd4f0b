//! [`Channel`]: the way to a service that all clients of a program share.
//!
//! Not connections themselves (`subchannel`) and not calls (`engine`): this is the handle and its builder.

mod builder;
mod control;
mod error;
mod layers;
mod per_attempt;
mod protection;

pub use self::builder::ChannelBuilder;
pub use self::error::ChannelError;
pub(crate) use self::layers::{ChannelLayer, Layered};

use std::any::Any;
use std::fmt;
use std::time::Duration;

use crate::connectivity::ConnectivityState;
use crate::engine::{Engine, StateChanges};
use crate::rt;
use crate::status::Status;

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
    /// What calls go through first.
    layered: Option<Layered>,
}

impl Channel {
    /// Describes a channel to `target`; nothing is checked or done before [`build`](ChannelBuilder::build).
    ///
    /// | target | means |
    /// |---|---|
    /// | `dns:///greeter.prod:50051`, `greeter.prod:50051` | the addresses of that name; port 443 if none is given |
    /// | `dns://10.0.0.2/greeter.prod:50051` | the same, asked of that DNS server (port 53 if none is given; feature `dns`) |
    /// | `https://greeter.prod` | the same, and says TLS; port 443 |
    /// | `http://localhost:50051` | the same, and asks for plaintext; port 80 |
    /// | `ipv4:10.0.0.1:50051,10.0.0.2:50051`, `ipv6:[::1]:50051` | these addresses, the first ones preferred: the next is tried beside one that is silent for 250 ms |
    /// | `unix:/run/greeter.sock`, `unix-abstract:greeter` | a socket of this machine |
    /// | `passthrough:///anything` | handed to the connector as it is; without one, a name and port |
    pub fn builder(target: impl Into<String>) -> ChannelBuilder {
        ChannelBuilder::new(target.into())
    }

    /// How things stand right now; the next call may change it.
    pub fn state(&self) -> ConnectivityState {
        self.engine.published().load().state
    }

    /// Starts to connect, if nobody does and there is no connection, so that the first call need not wait for it. Returns at
    /// once; [`wait_ready`](Channel::wait_ready) waits. Does nothing where a connection is there or under way, and after
    /// [`close`](Channel::close).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn connect(&self) {
        // First, as nobody is asked to connect twice.
        assert!(
            rt::is_entered(),
            "`Channel::connect` starts a task: call it inside a tokio runtime that has I/O and time enabled"
        );
        if self.engine.published().load().asks_to_connect() {
            self.engine.control().connect();
        }
    }

    /// Waits until the state is another than `from`, and gives it. States that come and go in between may be missed;
    /// [`state_changes`](Channel::state_changes) misses none.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn wait_for_state_change(&self, from: ConnectivityState) -> ConnectivityState {
        let mut changes = self.engine.published().changes();
        loop {
            changes.borrow_and_update();
            let state = self.state();
            if state != from || changes.changed().await.is_err() {
                return state;
            }
        }
    }

    /// The state of now and every one after it, with reasons.
    pub fn state_changes(&self) -> StateChanges {
        self.engine.published().state_changes()
    }

    /// Connects and waits until calls can be made: a check at the start of a program. Calls need it not, as they connect
    /// by themselves, and the connection may be gone the moment after.
    ///
    /// # Errors
    /// DEADLINE_EXCEEDED after `timeout`, with the last failed attempt as its cause. A failed attempt alone is no
    /// error: others follow, with growing pauses.
    ///
    /// # Cancel safety
    /// Cancel safe; connecting goes on.
    pub async fn wait_ready(&self, timeout: Duration) -> Result<(), Status> {
        self.engine.wait_ready(timeout).await
    }

    /// Forgets the failed attempts so far, so that the next one starts at once and the pauses begin small again: for a
    /// program that knows the network is back. The resolver is asked to look again, too.
    pub fn reset_connect_backoff(&self) {
        self.engine.control().reset_backoff();
    }

    /// Closes the channel and all its clones, for good: calls that wait, that are in flight or that come later end with
    /// CANCELLED, connections close at once, and the state is SHUTDOWN. Closing again does nothing.
    ///
    /// To let calls in flight finish, drop the channel and all its clones instead.
    pub fn close(&self) {
        self.engine.control().close();
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What calls go through first, of the type that the typed edge has made of it.
    pub(crate) fn layered<T: Any>(&self) -> Option<&T> {
        self.layered.as_ref()?.downcast_ref()
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Channel")
            .field("target", &self.engine.control().target().to_string())
            .field("state", &self.state())
            .finish()
    }
}
