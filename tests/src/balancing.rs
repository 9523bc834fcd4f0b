//! Load-balancing policies under a test's eyes, by the public API only.
//!
//! [`Driven`] drives one by hand, as a channel's task does, over servers that answer at once: no connection is made, a
//! subchannel that is asked to connect is CONNECTING and then READY. [`Watched`] runs in a real channel and
//! tells how many subchannels have become READY, which no channel tells.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use grpc_runtime::lb::{
    Action, ConfigError, Context, Endpoint, Ids, ParsedConfig, Picker, Policy, PolicyBuilder,
    Rejected, RoundRobin, SubchannelId, SubchannelState, TimerId, Update,
};
use grpc_runtime::{Address, ConnectivityState, Status};
use tokio::sync::watch;

/// A policy, and what it has asked for so far.
pub struct Driven {
    policy: Box<dyn Policy>,
    ids: Ids,
    published: Option<(ConnectivityState, Arc<dyn Picker>)>,
    events: VecDeque<(SubchannelId, SubchannelState)>,
    asked: Asked,
}

/// How often a policy asked for what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// New subchannels.
    pub created: usize,
    /// Subchannels let go.
    pub removed: usize,
    /// Connections.
    pub connects: usize,
    /// New pickers.
    pub published: usize,
}

impl Driven {
    /// A new policy, which has seen nothing.
    pub fn new(builder: &dyn PolicyBuilder) -> Self {
        Self {
            policy: builder.build(),
            ids: Ids::new(),
            published: None,
            events: VecDeque::new(),
            asked: Asked::default(),
        }
    }

    /// Hands it endpoints, and then all states that its subchannels come to.
    ///
    /// # Errors
    /// What the policy says of the update.
    pub fn update(&mut self, endpoints: Vec<Endpoint>) -> Result<(), Rejected> {
        let result = self.run(|policy, context| policy.update(Update::new(endpoints), context));
        while let Some((subchannel, state)) = self.events.pop_front() {
            self.run(|policy, context| policy.on_subchannel_state(subchannel, state, context));
        }
        result
    }

    /// The picker that calls would ask now.
    ///
    /// # Panics
    /// If the policy is not READY.
    pub fn ready(&self) -> Arc<dyn Picker> {
        match &self.published {
            Some((ConnectivityState::Ready, picker)) => Arc::clone(picker),
            other => panic!("the policy is not ready: {other:?}"),
        }
    }

    /// What it asked for since this was last taken.
    pub fn take_asked(&mut self) -> Asked {
        std::mem::take(&mut self.asked)
    }

    fn run<R>(&mut self, event: impl FnOnce(&mut dyn Policy, &mut Context<'_>) -> R) -> R {
        let mut random = || 0.5;
        let mut context = Context::new(Instant::now(), &mut random, &mut self.ids);
        let result = event(&mut *self.policy, &mut context);
        for action in context.into_actions() {
            match action {
                Action::CreateSubchannel(..) => self.asked.created += 1,
                Action::Remove(_) => self.asked.removed += 1,
                Action::Connect(subchannel) => {
                    self.asked.connects += 1;
                    self.events.push_back((subchannel, SubchannelState::Connecting));
                    self.events.push_back((subchannel, SubchannelState::Ready));
                }
                Action::Publish(state, picker) => {
                    self.asked.published += 1;
                    self.published = Some((state, picker));
                }
                // Nothing is late here, and there is nobody to resolve again.
                _ => {}
            }
        }
        result
    }
}

impl fmt::Debug for Driven {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Driven").field("asked", &self.asked).finish_non_exhaustive()
    }
}

/// `round_robin` by another name ([`Watched::NAME`]), which counts the subchannels that become READY.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    ready: watch::Sender<usize>,
}

impl Watched {
    /// What to ask a channel for.
    pub const NAME: &'static str = "watched_round_robin";

    /// Waits until this many have become READY since the beginning, those that are gone again included.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn ready(&self, count: usize) {
        // The sender is in `self`, so there is no end of news.
        let _ = self.ready.subscribe().wait_for(|ready| *ready >= count).await;
    }
}

impl PolicyBuilder for Watched {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn parse_config(&self, json: &serde_json::Value) -> Result<ParsedConfig, ConfigError> {
        RoundRobin::new().parse_config(json)
    }

    fn build(&self) -> Box<dyn Policy> {
        Box::new(Watching { policy: RoundRobin::new().build(), ready: self.ready.clone() })
    }
}

struct Watching {
    policy: Box<dyn Policy>,
    ready: watch::Sender<usize>,
}

impl Policy for Watching {
    fn update(&mut self, update: Update, context: &mut Context<'_>) -> Result<(), Rejected> {
        self.policy.update(update, context)
    }

    fn on_resolver_error(&mut self, error: Status, context: &mut Context<'_>) {
        self.policy.on_resolver_error(error, context);
    }

    fn on_subchannel_state(
        &mut self,
        subchannel: SubchannelId,
        state: SubchannelState,
        context: &mut Context<'_>,
    ) {
        let is_ready = state == SubchannelState::Ready;
        self.policy.on_subchannel_state(subchannel, state, context);
        if is_ready {
            self.ready.send_modify(|ready| *ready += 1);
        }
    }

    fn on_timeout(&mut self, timer: TimerId, context: &mut Context<'_>) {
        self.policy.on_timeout(timer, context);
    }

    fn exit_idle(&mut self, context: &mut Context<'_>) {
        self.policy.exit_idle(context);
    }
}

/// As many endpoints of one address each. Their numbers begin at `first`.
pub fn endpoints(first: u16, count: u16) -> Vec<Endpoint> {
    (first..first.saturating_add(count)).map(endpoint).collect()
}

/// One endpoint, the same each time for the same number.
pub fn endpoint(number: u16) -> Endpoint {
    let [high, low] = number.to_be_bytes();
    Endpoint::new(Address::Tcp(SocketAddr::from(([10, 0, high, low], 50051))))
}
