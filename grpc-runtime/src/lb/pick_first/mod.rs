//! `pick_first`: one connection, to the first address that answers (gRFC A61, A62, A113).
//!
//! Here are its name and its configuration. The order of addresses is `order`, what is known of each is
//! `candidates`, and the decisions are `machine`.

mod candidates;
mod machine;
mod order;

use std::time::Duration;

use serde_json::Value;

use crate::lb::config::{ConfigError, ParsedConfig};
use crate::lb::pick_first::machine::Machine;
use crate::lb::policy::Policy;
use crate::lb::registry::PolicyBuilder;

/// The policy `pick_first`: all calls go over one connection, to the first address that answers. What a
/// channel does if nobody says otherwise.
///
/// Addresses are tried in the resolver's order, address families taking turns (RFC 8305, section 4): one attempt at
/// first, and the next as soon as it fails or [a moment](PickFirst::with_connection_attempt_delay) later while it
/// goes on. The first connection wins and the others are given up. When all have failed, calls fail with the last
/// reason while every address is tried again after its own backoff.
///
/// A connection is kept as long as its address is among the resolver's. When it is lost the policy is IDLE
/// until the next call.
///
/// Its configuration in `loadBalancingConfig` is `{"pick_first": {"shuffleAddressList": false}}`. With `true` the
/// endpoints are put in a random order whenever they change, heavier ones likelier in front
/// ([`EndpointWeight`](crate::lb::EndpointWeight)), so that clients do not all go to the same one.
#[derive(Debug, Clone, Copy)]
pub struct PickFirst {
    connection_attempt_delay: Duration,
}

impl PickFirst {
    /// With its defaults.
    pub fn new() -> PickFirst {
        PickFirst { connection_attempt_delay: CONNECTION_ATTEMPT_DELAY }
    }

    /// Sets how long to wait for one address before the next is tried beside it. Default: 250 ms. Values out of
    /// 100 ms to 2 s are brought to the nearer end (RFC 8305, section 8; gRFC A61).
    #[must_use]
    pub fn with_connection_attempt_delay(self, delay: Duration) -> PickFirst {
        PickFirst { connection_attempt_delay: delay.clamp(SHORTEST_DELAY, LONGEST_DELAY) }
    }
}

impl Default for PickFirst {
    fn default() -> PickFirst {
        PickFirst::new()
    }
}

impl PolicyBuilder for PickFirst {
    fn name(&self) -> &str {
        NAME
    }

    fn parse_config(&self, json: &Value) -> Result<ParsedConfig, ConfigError> {
        let fields =
            json.as_object().ok_or_else(|| ConfigError::NotAnObject { policy: NAME.to_owned() })?;
        let shuffles = match fields.get(SHUFFLE) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(shuffles)) => *shuffles,
            Some(_) => {
                return Err(ConfigError::Field {
                    policy: NAME.to_owned(),
                    field: SHUFFLE.to_owned(),
                    expected: "a bool".to_owned(),
                });
            }
        };
        Ok(ParsedConfig::new(PickFirstConfig { shuffles }))
    }

    fn build(&self) -> Box<dyn Policy> {
        Box::new(Machine::new(self.connection_attempt_delay))
    }
}

/// What `{"pick_first": {..}}` says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct PickFirstConfig {
    shuffles: bool,
}

const NAME: &str = "pick_first";
const SHUFFLE: &str = "shuffleAddressList";
const CONNECTION_ATTEMPT_DELAY: Duration = Duration::from_millis(250);
const SHORTEST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
