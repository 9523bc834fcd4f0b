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

    /// The connection, while there is one for calls.
    pub(super) fn connection(&self) -> Option<&Arc<Connection>> {
        match &self.stage {
            Stage::Connected(connection) => Some(connection),
            Stage::Nothing | Stage::Attempt { .. } | Stage::Backoff { .. } => None,
        }
    }
}

/// A state, and the reason where it has one.
pub(super) struct Reason<'a>(pub(super) &'a SubchannelState);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            SubchannelState::TransientFailure(status) => {
                write!(formatter, "TRANSIENT_FAILURE ({status})")
            }
            state => fmt::Display::fmt(&state.connectivity(), formatter),
        }
    }
}
