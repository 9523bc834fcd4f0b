//! Load balancing: which connections there are, and which one a call takes.
//!
//! Pure decisions, and the API for making one's own. Nothing here connects, sleeps or knows a runtime: the channel's
//! task drives a [`Policy`] and carries out its [`Action`]s, and calls ask the [`Picker`] that it published.
//!
//! ```text
//! resolver --Update--> Policy --Action--> channel's task --> connections
//!                       ^  |                    |
//!                       |  +--- publish ------> calls: Picker::pick() -> Subchannel
//!                       +---- SubchannelState --+
//! ```
//!
//! | who | is called by | on which task | when |
//! |---|---|---|---|
//! | [`PolicyBuilder`] | the channel | the channel's | a service config names it; the channel needs a policy |
//! | [`Policy`] | the channel | the channel's, one event at a time | endpoints, states, timers, a wish to connect |
//! | [`Picker`] | the engine | each call's, many at once | each attempt of each call |
//! | what [`Picked::on_end`] was given | the engine | the call's | the attempt is over |
//!
//! Built in are [`PickFirst`], which a channel uses unless told otherwise, and [`RoundRobin`]. Which one is used comes from
//! `loadBalancingConfig` of the service config; names are looked up in the channel's [`PolicyRegistry`].
//!
//! # A policy of one's own
//!
//! Most policies keep a connection to every endpoint and differ in how they pick. Such a policy leaves each
//! endpoint to a child `pick_first`, which knows about several addresses, backoff and failures, and looks at what
//! the children publish. [`Children`] does the rest. This one gives each tenant a server of its own:
//!
//! ```
//! use std::sync::Arc;
//!
//! use grpc_runtime::lb::{
//!     Children, ConfigError, Context, EndpointKey, ParsedConfig, Pick, PickArgs, PickFirst, Picker, Policy,
//!     PolicyBuilder, PolicyRegistry, Rejected, SubchannelId, SubchannelState, TimerId, Update,
//! };
//! use grpc_runtime::{ConnectivityState, Status};
//!
//! /// `{"by_tenant": {}}`
//! struct ByTenant;
//!
//! impl PolicyBuilder for ByTenant {
//!     fn name(&self) -> &str {
//!         "by_tenant"
//!     }
//!     fn parse_config(&self, _: &serde_json::Value) -> Result<ParsedConfig, ConfigError> {
//!         Ok(ParsedConfig::none())
//!     }
//!     fn build(&self) -> Box<dyn Policy> {
//!         Box::new(Tenants::default())
//!     }
//! }
//!
//! #[derive(Default)]
//! struct Tenants {
//!     servers: Children<EndpointKey>,
//! }
//!
//! impl Tenants {
//!     /// After something happened to this server.
//!     fn look_at(&mut self, server: &EndpointKey, context: &mut Context<'_>) {
//!         let state = self.servers.get(server).map(|child| child.state());
//!         if state == Some(ConnectivityState::Idle) {
//!             self.servers.exit_idle(server, context); // a lost connection is made again at once
//!         }
//!         if self.servers.take_reresolution(server) {
//!             context.request_reresolution();
//!         }
//!     }
//!
//!     fn publish(&self, context: &mut Context<'_>) {
//!         let pickers = self.servers.iter().map(|child| Arc::clone(child.picker())).collect();
//!         context.publish(self.servers.aggregate(), Arc::new(TenantPicker(pickers)));
//!     }
//! }
//!
//! impl Policy for Tenants {
//!     fn update(&mut self, update: Update, context: &mut Context<'_>) -> Result<(), Rejected> {
//!         let keys = update.endpoints.iter().map(|endpoint| endpoint.key().clone());
//!         self.servers.reconcile(keys, |_| PickFirst::new().build(), context);
//!         for endpoint in update.endpoints {
//!             let key = endpoint.key().clone();
//!             self.servers.update(&key, Update::new(vec![endpoint]), context)?;
//!             self.look_at(&key, context);
//!         }
//!         self.publish(context);
//!         if self.servers.is_empty() {
//!             return Err(Rejected::new(Status::unavailable("there are no servers")));
//!         }
//!         Ok(())
//!     }
//!
//!     fn on_resolver_error(&mut self, error: Status, context: &mut Context<'_>) {
//!         if self.servers.is_empty() {
//!             let picker = grpc_runtime::lb::FailPicker::new(error);
//!             context.publish(ConnectivityState::TransientFailure, Arc::new(picker));
//!         }
//!     }
//!
//!     fn on_subchannel_state(&mut self, id: SubchannelId, state: SubchannelState, context: &mut Context<'_>) {
//!         if let Some(server) = self.servers.on_subchannel_state(id, state, context) {
//!             self.look_at(&server, context);
//!             self.publish(context);
//!         }
//!     }
//!
//!     fn on_timeout(&mut self, timer: TimerId, context: &mut Context<'_>) {
//!         if let Some(server) = self.servers.on_timeout(timer, context) {
//!             self.look_at(&server, context);
//!             self.publish(context);
//!         }
//!     }
//!
//!     fn exit_idle(&mut self, _: &mut Context<'_>) {} // no server is ever left idle
//! }
//!
//! #[derive(Debug)]
//! struct TenantPicker(Vec<Arc<dyn Picker>>);
//!
//! impl Picker for TenantPicker {
//!     fn pick(&self, call: &PickArgs<'_>) -> Pick {
//!         let Some(tenant) = call.metadata().get("x-tenant") else {
//!             return Pick::Drop(Status::invalid_argument("there is no x-tenant"));
//!         };
//!         let sum: usize = tenant.bytes().map(usize::from).sum();
//!         match sum.checked_rem(self.0.len()) {
//!             Some(server) => self.0[server].pick(call),
//!             None => Pick::Fail(Status::unavailable("there are no servers")),
//!         }
//!     }
//! }
//!
//! let mut registry = PolicyRegistry::builtin();
//! registry.register(ByTenant);
//! let chosen = registry.choose(&serde_json::json!([{ "by_tenant": {} }, { "round_robin": {} }]))?;
//! assert_eq!(chosen.builder().name(), "by_tenant");
//! # use grpc_runtime::lb::{Action, Endpoint, Ids};
//! # use grpc_runtime::{Address, Metadata, MethodDescriptor, MethodKind};
//! #
//! // A test of it needs no channel: events go in, actions come out.
//! let mut policy = chosen.builder().build();
//! let (mut ids, mut random) = (Ids::new(), || 0.5);
//! let mut context = Context::new(std::time::Instant::now(), &mut random, &mut ids);
//! let update = Update::new(vec![Endpoint::new(Address::Custom("a".to_owned()))]);
//! policy.update(update, &mut context)?;
//! let actions = context.into_actions();
//! assert!(matches!(actions[..], [Action::CreateSubchannel(..), Action::Connect(_), Action::Publish(..)]));
//! # let [Action::CreateSubchannel(subchannel, ..), ..] = &actions[..] else { unreachable!() };
//! # let mut context = Context::new(std::time::Instant::now(), &mut random, &mut ids);
//! # policy.on_subchannel_state(subchannel.id(), SubchannelState::Ready, &mut context);
//! # let actions = context.into_actions();
//! # let [Action::Publish(ConnectivityState::Ready, picker)] = &actions[..] else { panic!("{actions:?}") };
//! # static METHOD: MethodDescriptor = MethodDescriptor::new("/a.B/C", MethodKind::Unary);
//! # let mut metadata = Metadata::new();
//! # assert!(matches!(picker.pick(&PickArgs::new(&METHOD, &metadata)), Pick::Drop(_)));
//! # metadata.insert("x-tenant", "ada").unwrap();
//! # assert!(matches!(picker.pick(&PickArgs::new(&METHOD, &metadata)), Pick::Complete(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod children;
mod config;
mod context;
mod endpoint;
mod failure;
mod graceful_switch;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod model;
mod pick_first;
mod picker;
mod policy;
mod registry;
mod round_robin;
mod subchannel;

pub use self::children::{Child, Children};
pub use self::config::{ConfigError, ParsedConfig};
pub use self::context::{Action, Context, Ids};
pub use self::endpoint::{Endpoint, EndpointKey, EndpointWeight, NoAddress};
pub use self::graceful_switch::GracefulSwitch;
pub use self::pick_first::PickFirst;
pub(crate) use self::picker::OnEnd;
pub use self::picker::{
    CallResult, FailPicker, OnePicker, Pick, PickArgs, Picked, Picker, QueuePicker,
};
pub use self::policy::{Policy, Rejected, Update};
pub use self::registry::{Chosen, PolicyBuilder, PolicyRegistry};
pub use self::round_robin::RoundRobin;
pub use self::subchannel::{Subchannel, SubchannelId, SubchannelSlot, SubchannelState, TimerId};
