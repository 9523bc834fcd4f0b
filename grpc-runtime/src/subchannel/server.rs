//! One server of a channel: its address, who wants it, and what there is of a connection.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::address::Address;
use crate::attributes::Attributes;
use crate::backoff::BackoffConfig;
use crate::lb::{SubchannelId, SubchannelState};
use crate::rt;
use crate::status::Status;
use crate::subchannel::machine::Machine;
use crate::transport::h2::Connection;

/// What all subchannels with one address and the same attributes share.
pub(super) struct Server {
    pub(super) address: Address,
    pub(super) attributes: Attributes,
    pub(super) users: Vec<SubchannelId>,
    pub(super) machine: Machine,
    /// Counts attempts over its whole life, as names for them.
    pub(super) attempts: u64,
    pub(super) stage: Stage,
}

/// What there is, beside the machine's state.
pub(super) enum Stage {
    Nothing,
    /// An attempt, which ends with its task.
    Attempt {
        number: u32,
        _task: rt::Task,
    },
    Connected(Arc<Connection>),
    Backoff {
        until: Instant,
        status: Status,
    },
}

impl Server {
    /// Nobody wants it yet, and nothing has been tried.
    pub(super) fn new(address: Address, attributes: Attributes, backoff: BackoffConfig) -> Self {
        let machine = Machine::new(backoff);
        let (users, stage) = (Vec::new(), Stage::Nothing);
        Self { address, attributes, users, machine, attempts: 0, stage }
    }

    /// Whether its pause counts also when nobody holds it for a while. `pick_first` lets all other addresses go when one
    /// connects; where each of two ends its connections at once, they would take turns without a pause otherwise.
    pub(super) fn outlives_its_users(&self) -> bool {
        matches!(self.stage, Stage::Backoff { .. }) && self.machine.is_short_lived()
    }

    /// The connection, while there is one for calls.
    pub(super) fn connection(&self) -> Option<&Arc<Connection>> {
        match &self.stage {
            Stage::Connected(connection) => Some(connection),
            Stage::Nothing | Stage::Attempt { .. } | Stage::Backoff { .. } => None,
        }
    }
}

/// A state for the log, and the reason where there is one.
pub(super) struct Explained<'a>(pub(super) &'a SubchannelState, pub(super) Option<&'a Status>);

impl fmt::Display for Explained<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(state, why) = self;
        fmt::Display::fmt(&state.connectivity(), formatter)?;
        match why {
            Some(status) => write!(formatter, " ({status})"),
            None => Ok(()),
        }
    }
}
