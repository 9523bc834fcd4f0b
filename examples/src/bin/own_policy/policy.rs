//! A policy of our own: calls stay in the zone of the program as long as a server there is READY.
//!
//! Connecting to a server is left to a child for each endpoint, a `pick_first`, and the children to [`Children`]. What
//! is left to decide is what calls are told: [`Nearest::publish`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use grpc_runtime::lb::{
    Child, Children, ConfigError, Context, EndpointKey, FailPicker, ParsedConfig, Pick, PickArgs,
    PickFirst, Picker, Policy, PolicyBuilder, QueuePicker, Rejected, SubchannelId, SubchannelState,
    TimerId, Update,
};
use grpc_runtime::{ConnectivityState, Status};
use serde_json::Value;

use crate::resolver::Zone;

/// Makes the policy `nearest`.
pub(crate) struct NearestBuilder {
    pub(crate) zone: Zone,
}

impl PolicyBuilder for NearestBuilder {
    fn name(&self) -> &str {
        "nearest"
    }

    /// In a service config it is `{"nearest": {}}`; there is nothing to set.
    fn parse_config(&self, _config: &Value) -> Result<ParsedConfig, ConfigError> {
        Ok(ParsedConfig::none())
    }

    fn build(&self) -> Box<dyn Policy> {
        Box::new(Nearest { zone: self.zone.clone(), servers: Children::new() })
    }
}

/// It belongs to the channel's task, which tells it one event after the other: no locks, no waiting.
struct Nearest {
    zone: Zone,
    /// A child for each server, and whether that is in our zone.
    servers: Children<EndpointKey, IsNear>,
}

#[derive(Debug, Default)]
struct IsNear(bool);

impl Nearest {
    /// After something happened to this server: a lost connection is made again at once.
    fn look_at(&mut self, server: &EndpointKey, context: &mut Context<'_>) {
        let state = self.servers.get(server).map(Child::state);
        if state == Some(ConnectivityState::Idle) {
            self.servers.exit_idle(server, context);
        }
        if self.servers.take_reresolution(server) {
            context.request_reresolution();
        }
    }

    /// What calls shall do from now on.
    fn publish(&self, context: &mut Context<'_>) {
        let ready_in = |near: bool| -> Vec<Arc<dyn Picker>> {
            let ready = self.servers.iter().filter(|child| {
                child.state() == ConnectivityState::Ready && child.data().0 == near
            });
            ready.map(|child| Arc::clone(child.picker())).collect()
        };
        let pickers = match ready_in(true) {
            none if none.is_empty() => ready_in(false),
            near => near,
        };
        let picker: Arc<dyn Picker> = match self.servers.aggregate() {
            ConnectivityState::Ready => Arc::new(InTurn { pickers, next: AtomicUsize::new(0) }),
            // The children know best why.
            ConnectivityState::TransientFailure => {
                let reason = self.servers.iter().find_map(|child| child.picker().last_failure());
                Arc::new(FailPicker::new(
                    reason.unwrap_or_else(|| Status::unavailable("there are no servers")),
                ))
            }
            ConnectivityState::Idle
            | ConnectivityState::Connecting
            | ConnectivityState::Shutdown => Arc::new(QueuePicker::new()),
        };
        context.publish(self.servers.aggregate(), picker);
    }
}

impl Policy for Nearest {
    fn update(&mut self, update: Update, context: &mut Context<'_>) -> Result<(), Rejected> {
        let keys = update.endpoints.iter().map(|endpoint| endpoint.key().clone());
        self.servers.reconcile(keys, |_| PickFirst::new().build(), context);
        for endpoint in update.endpoints {
            let key = endpoint.key().clone();
            if let Some(is_near) = self.servers.data_mut(&key) {
                *is_near = IsNear(endpoint.attributes().get::<Zone>() == Some(&self.zone));
            }
            self.servers.update(&key, Update::new(vec![endpoint]), context)?;
            self.look_at(&key, context);
        }
        self.publish(context);
        if self.servers.is_empty() {
            return Err(Rejected::new(Status::unavailable("there are no servers")));
        }
        Ok(())
    }

    /// Servers that were found before stay in use.
    fn on_resolver_error(&mut self, error: Status, context: &mut Context<'_>) {
        if self.servers.is_empty() {
            let picker = Arc::new(FailPicker::new(error));
            context.publish(ConnectivityState::TransientFailure, picker);
        }
    }

    fn on_subchannel_state(
        &mut self,
        subchannel: SubchannelId,
        state: SubchannelState,
        context: &mut Context<'_>,
    ) {
        if let Some(server) = self.servers.on_subchannel_state(subchannel, state, context) {
            self.look_at(&server, context);
            self.publish(context);
        }
    }

    fn on_timeout(&mut self, timer: TimerId, context: &mut Context<'_>) {
        if let Some(server) = self.servers.on_timeout(timer, context) {
            self.look_at(&server, context);
            self.publish(context);
        }
    }

    /// No server is ever left idle, so there is nothing to do.
    fn exit_idle(&mut self, _: &mut Context<'_>) {}
}

/// Asks one of them after the other. This is on the way of every call, on many threads at once.
#[derive(Debug)]
struct InTurn {
    pickers: Vec<Arc<dyn Picker>>,
    next: AtomicUsize,
}

impl Picker for InTurn {
    fn pick(&self, call: &PickArgs<'_>) -> Pick {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        match turn.checked_rem(self.pickers.len()) {
            Some(turn) => self.pickers[turn].pick(call),
            None => Pick::Queue,
        }
    }
}
