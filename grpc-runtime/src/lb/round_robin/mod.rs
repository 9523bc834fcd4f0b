//! `round_robin`: a connection to every endpoint, and calls go to one after the other.
//!
//! Here are its name and what each event changes; what comes out for calls is `picker`. Connecting to an endpoint is
//! its child's, a `pick_first` (gRFC A61).

mod picker;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::attributes::Attributes;
use crate::connectivity::ConnectivityState;
use crate::lb::children::{Child, Children};
use crate::lb::config::{ConfigError, ParsedConfig};
use crate::lb::context::Context;
use crate::lb::endpoint::{Endpoint, EndpointKey};
use crate::lb::failure;
use crate::lb::pick_first::PickFirst;
use crate::lb::picker::{FailPicker, Picker, QueuePicker};
use crate::lb::policy::{Policy, Rejected, Update};
use crate::lb::registry::PolicyBuilder;
use crate::lb::round_robin::picker::{FailingPicker, RotatingPicker};
use crate::lb::subchannel::{SubchannelId, SubchannelState, TimerId};
use crate::status::Status;

/// The policy `round_robin`: a connection to every endpoint, and calls go to those that are READY, one after
/// the other.
///
/// An endpoint counts once, however many addresses it has; these are tried as [`PickFirst`] tries them. Lost connections
/// are made again at once. Clients begin at a random endpoint, so that a crowd of them does not call the same one first.
///
/// The channel is READY while any endpoint is, CONNECTING while none is and any may become so, else in
/// TRANSIENT_FAILURE, for the newest reason. An endpoint that failed counts as failed until it is READY again.
///
/// Its configuration is `{"round_robin": {}}`.
#[derive(Clone)]
pub struct RoundRobin {
    child: Arc<dyn PolicyBuilder>,
}

impl RoundRobin {
    /// With a [`PickFirst`] for each endpoint.
    pub fn new() -> RoundRobin {
        RoundRobin { child: Arc::new(PickFirst::new()) }
    }

    /// Sets the policy that looks after one endpoint. Default: [`PickFirst::new`]. It gets its default
    /// configuration.
    #[must_use]
    pub fn with_child(self, child: impl PolicyBuilder) -> RoundRobin {
        RoundRobin { child: Arc::new(child) }
    }
}

impl Default for RoundRobin {
    fn default() -> RoundRobin {
        RoundRobin::new()
    }
}

impl fmt::Debug for RoundRobin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoundRobin").field("child", &self.child.name()).finish()
    }
}

impl PolicyBuilder for RoundRobin {
    fn name(&self) -> &str {
        NAME
    }

    fn parse_config(&self, json: &Value) -> Result<ParsedConfig, ConfigError> {
        match json {
            Value::Object(_) => Ok(ParsedConfig::none()),
            _ => Err(ConfigError::NotAnObject { policy: NAME.to_owned() }),
        }
    }

    fn build(&self) -> Box<dyn Policy> {
        Box::new(Balancer {
            child: Arc::clone(&self.child),
            children: Children::new(),
            attributes: Attributes::new(),
            note: None,
            failures: 0,
            published: Published::Nothing,
        })
    }
}

/// The policy itself.
struct Balancer {
    child: Arc<dyn PolicyBuilder>,
    children: Children<EndpointKey, Shard>,
    attributes: Attributes,
    note: Option<String>,
    /// How many failures children have reported, which dates them.
    failures: u64,
    published: Published,
}

/// What is remembered of an endpoint beside its child.
#[derive(Debug, Default)]
struct Shard {
    /// As the child was last told.
    endpoint: Option<Endpoint>,
    /// How much of what the child published has been looked at.
    seen: u64,
    /// From a failure to the next READY, whatever is reported in between.
    failure: Option<Failure>,
}

#[derive(Debug, Clone)]
struct Failure {
    number: u64,
    picker: Arc<dyn Picker>,
}

/// What was published last, to tell whether there is something new.
enum Published {
    Nothing,
    Ready(Arc<RotatingPicker>),
    Connecting { tells_failure: bool },
    Failing { number: u64, note: Option<String> },
}

impl Balancer {
    /// Takes in what a child did, and starts it again if it lost its connection.
    fn look_at(&mut self, key: &EndpointKey, context: &mut Context<'_>) {
        if self.children.get(key).is_some_and(|child| child.state() == ConnectivityState::Idle) {
            self.children.exit_idle(key, context);
        }
        if self.children.take_reresolution(key) {
            context.request_reresolution();
        }
        let Some(child) = self.children.get(key) else { return };
        let (state, publications) = (child.state(), child.publications());
        if publications == child.data().seen {
            return;
        }
        let picker = Arc::clone(child.picker());
        let Some(shard) = self.children.data_mut(key) else { return };
        shard.seen = publications;
        match state {
            ConnectivityState::Ready => shard.failure = None,
            ConnectivityState::TransientFailure | ConnectivityState::Shutdown => {
                self.failures += 1;
                shard.failure = Some(Failure { number: self.failures, picker });
            }
            ConnectivityState::Connecting | ConnectivityState::Idle => {}
        }
    }

    /// Publishes what calls shall use, if it is not what they use already.
    fn publish(&mut self, context: &mut Context<'_>) {
        if self.ready().next().is_some() {
            self.publish_ready(context);
        } else if self.children.iter().any(|child| child.data().failure.is_none()) {
            self.publish_connecting(context);
        } else {
            self.publish_failing(context);
        }
    }

    fn publish_ready(&mut self, context: &mut Context<'_>) {
        if let Published::Ready(published) = &self.published
            && published.is_of(self.ready())
        {
            return;
        }
        let ready: Box<[_]> = self.ready().cloned().collect();
        let start = context.random_below(ready.len());
        let picker = Arc::new(RotatingPicker::new(ready, start));
        self.published = Published::Ready(Arc::clone(&picker));
        context.publish(ConnectivityState::Ready, picker);
    }

    /// Once, and once more when it is known why it takes so long.
    fn publish_connecting(&mut self, context: &mut Context<'_>) {
        let is_connecting = match self.published {
            Published::Connecting { tells_failure: true } => return,
            Published::Connecting { tells_failure: false } => true,
            Published::Nothing | Published::Ready(_) | Published::Failing { .. } => false,
        };
        let failure = match self.newest_failure() {
            Some(failure) => failure.picker.last_failure(),
            None => self.children.iter().find_map(|child| child.picker().last_failure()),
        };
        if is_connecting && failure.is_none() {
            return;
        }
        self.published = Published::Connecting { tells_failure: failure.is_some() };
        let picker = QueuePicker::after(failure).with_waits_for(self.silence());
        context.publish(ConnectivityState::Connecting, Arc::new(picker));
    }

    /// Of the first endpoint that is silent, and of how many others.
    fn silence(&self) -> Option<String> {
        let mut silent = self.children.iter().filter_map(|child| child.picker().waits_for());
        let first = silent.next()?;
        Some(match silent.count() {
            0 => first,
            1 => format!("{first}, nor from one other endpoint"),
            others => format!("{first}, nor from {others} other endpoints"),
        })
    }

    fn publish_failing(&mut self, context: &mut Context<'_>) {
        let Some(Failure { number, picker }) = self.newest_failure().cloned() else { return };
        if let Published::Failing { number: published, note } = &self.published
            && (*published, note) == (number, &self.note)
        {
            return;
        }
        let around = failure::around(self.children.len(), "endpoints", self.note.as_deref());
        let picker = FailingPicker::new(picker, around);
        self.published = Published::Failing { number, note: self.note.clone() };
        context.publish(ConnectivityState::TransientFailure, Arc::new(picker));
    }

    fn ready(&self) -> impl Iterator<Item = &Arc<dyn Picker>> {
        self.children
            .iter()
            .filter(|child| child.state() == ConnectivityState::Ready)
            .map(Child::picker)
    }

    fn newest_failure(&self) -> Option<&Failure> {
        let failures = self.children.iter().filter_map(|child| child.data().failure.as_ref());
        failures.max_by_key(|failure| failure.number)
    }

    fn fail(&mut self, status: Status, context: &mut Context<'_>) {
        self.published = Published::Nothing;
        let picker = Arc::new(FailPicker::new(status));
        context.publish(ConnectivityState::TransientFailure, picker);
    }
}

impl Policy for Balancer {
    fn update(&mut self, update: Update, context: &mut Context<'_>) -> Result<(), Rejected> {
        self.note = update.note;
        if update.endpoints.is_empty() {
            let last = self.newest_failure().and_then(|failure| failure.picker.last_failure());
            self.children.clear(context);
            let status = failure::no_endpoints(self.note.as_deref(), last.as_ref());
            self.fail(status.clone(), context);
            return Err(Rejected::new(status));
        }
        let mut endpoints = update.endpoints;
        let mut seen = HashSet::with_capacity(endpoints.len());
        endpoints.retain(|endpoint| seen.insert(endpoint.key().clone()));
        let keys = endpoints.iter().map(|endpoint| endpoint.key().clone());
        self.children.reconcile(keys, |_| self.child.build(), context);

        // Many clients that start at once should not all begin with the same server.
        let first = context.random_below(endpoints.len());
        endpoints.rotate_left(first);
        let is_all_new = self.attributes != update.attributes;
        self.attributes = update.attributes;
        let mut result = Ok(());
        for endpoint in endpoints {
            let key = endpoint.key().clone();
            let Some(shard) = self.children.data_mut(&key) else { continue };
            if !is_all_new && shard.endpoint.as_ref() == Some(&endpoint) {
                continue;
            }
            shard.endpoint = Some(endpoint.clone());
            let update = Update::new(vec![endpoint]).with_attributes(self.attributes.clone());
            let accepted = self.children.update(&key, update, context);
            result = result.and(accepted);
            self.look_at(&key, context);
        }
        self.publish(context);
        result
    }

    fn on_resolver_error(&mut self, error: Status, context: &mut Context<'_>) {
        if self.children.is_empty() {
            return self.fail(error, context);
        }
        self.note = Some(failure::note_of(&error));
        self.publish(context);
    }

    fn on_subchannel_state(
        &mut self,
        subchannel: SubchannelId,
        state: SubchannelState,
        context: &mut Context<'_>,
    ) {
        if let Some(key) = self.children.on_subchannel_state(subchannel, state, context) {
            self.look_at(&key, context);
            self.publish(context);
        }
    }

    fn on_timeout(&mut self, timer: TimerId, context: &mut Context<'_>) {
        if let Some(key) = self.children.on_timeout(timer, context) {
            self.look_at(&key, context);
            self.publish(context);
        }
    }

    /// Children are never left IDLE, so there is nothing to do.
    fn exit_idle(&mut self, _: &mut Context<'_>) {}
}

const NAME: &str = "round_robin";

#[cfg(test)]
mod tests;
