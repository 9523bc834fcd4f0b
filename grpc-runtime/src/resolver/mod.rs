//! From a target to the servers behind it: the plug-in contract, and the resolvers that come with it.
//!
//! A [`ResolverFactory`] is known by the scheme of the targets it understands, and makes a [`Resolver`] for one
//! target; a [`ResolverRegistry`] holds the factories of a channel. What a resolver finds is a [`ResolverUpdate`]:
//! [endpoints](crate::lb::Endpoint), a service config, a note for failure texts. Which endpoint gets a call is not
//! decided here but by the load-balancing policy.
//!
//! | scheme | servers | made by |
//! |---|---|---|
//! | `dns`, `http`, `https`, none | the addresses of a name in DNS; re-resolved on request | [`DnsResolverFactory`] |
//! | `ipv4`, `ipv6` | the addresses in the target | built in |
//! | `unix`, `unix-abstract` | a socket of this machine | built in |
//! | `passthrough` | the text of the target, for the channel's connector; without one, a host and port | built in |
//! | of your choice | what a program pushes | [`ManualResolver`] |
//! | of your choice | what your own resolver finds | a [`ResolverFactory`] of yours |
//!
//! # A resolver of your own
//!
//! Endpoints that come from a watch, a file or a registry are best pushed through a [`ManualResolver`], by a task of
//! the program's own. A resolver proper is for targets with a scheme of their own. This one reads the servers from
//! the target itself, as `list:///10.0.0.1:50051,10.0.0.2:50051`, and gives them once:
//!
//! ```
//! use std::net::SocketAddr;
//! use std::task::{Context, Poll};
//!
//! use grpc_runtime::lb::Endpoint;
//! use grpc_runtime::resolver::{
//!     Resolver, ResolverFactory, ResolverOptions, ResolverRegistry, ResolverUpdate, TargetUri,
//! };
//! use grpc_runtime::{Address, InvalidTarget};
//!
//! struct ListFactory;
//!
//! impl ResolverFactory for ListFactory {
//!     fn scheme(&self) -> &str {
//!         "list"
//!     }
//!
//!     // Only reads the target: no I/O here, and it is called again whenever the channel leaves idleness.
//!     fn build(
//!         &self,
//!         target: &TargetUri,
//!         _options: &ResolverOptions,
//!     ) -> Result<Box<dyn Resolver>, InvalidTarget> {
//!         let addresses: Result<Vec<SocketAddr>, _> =
//!             target.endpoint().split(',').map(str::parse).collect();
//!         let addresses = addresses.map_err(|error| {
//!             target.invalid(format!("an address of it: {error}"), "list:///10.0.0.1:50051")
//!         })?;
//!         let endpoints = addresses.into_iter().map(|one| Endpoint::new(Address::Tcp(one)));
//!         Ok(Box::new(List(Some(endpoints.collect()))))
//!     }
//!
//!     // The list is no good as `:authority`.
//!     fn authority(&self, _target: &TargetUri) -> Option<String> {
//!         Some("greeter.example.com".to_owned())
//!     }
//! }
//!
//! /// What is still to be given.
//! struct List(Option<Vec<Endpoint>>);
//!
//! impl Resolver for List {
//!     fn poll_update(&mut self, _context: &mut Context<'_>) -> Poll<ResolverUpdate> {
//!         match self.0.take() {
//!             Some(endpoints) => Poll::Ready(ResolverUpdate::endpoints(endpoints)),
//!             None => Poll::Pending, // never again: nobody need be woken
//!         }
//!     }
//! }
//!
//! let registry = ResolverRegistry::builtin().with(ListFactory);
//! # let target: TargetUri = "list:///10.0.0.1:50051,10.0.0.2:50051".parse().unwrap();
//! # let mut resolver = ListFactory.build(&target, &ResolverOptions::default()).unwrap();
//! # let mut context = Context::from_waker(std::task::Waker::noop());
//! # let Poll::Ready(update) = resolver.poll_update(&mut context) else { panic!("at once") };
//! # assert_eq!(update.endpoints.unwrap().len(), 2);
//! # assert!(resolver.poll_update(&mut context).is_pending());
//! ```

mod dns;
mod manual;
mod passthrough;
mod registry;
mod statics;
mod update;

use std::task::{Context, Poll};

pub use self::dns::DnsResolverFactory;
pub use self::manual::ManualResolver;
pub(crate) use self::registry::Chosen;
pub use self::registry::ResolverRegistry;
pub use self::update::{ResolverUpdate, ServiceConfigUpdate, UpdateOutcome};
use crate::target::InvalidTarget;
pub use crate::target::TargetUri;

/// Makes resolvers for the targets of one scheme.
///
/// It lives in a [`ResolverRegistry`] and is called from any thread that builds or wakes a channel.
pub trait ResolverFactory: Send + Sync + 'static {
    /// The scheme of its targets, such as `dns`: what is before the first colon. Letter case does not matter
    /// (RFC 3986, section 3.1).
    fn scheme(&self) -> &str;

    /// Makes a resolver for `target`, without I/O and without a runtime: work begins when the resolver is polled.
    ///
    /// Called once when a channel is built, so that a mistake in the target shows there, and again each time the
    /// channel leaves idleness; the resolver of before has then been dropped.
    ///
    /// # Errors
    /// The target cannot be understood ([`TargetUri::invalid`]); building the channel fails with it.
    fn build(
        &self,
        target: &TargetUri,
        options: &ResolverOptions,
    ) -> Result<Box<dyn Resolver>, InvalidTarget>;

    /// What calls send as `:authority` where the program sets nothing else. Default: the target's
    /// [endpoint](TargetUri::endpoint), percent-encoded; `localhost` in front if it begins with a colon.
    fn authority(&self, target: &TargetUri) -> Option<String> {
        let _ = target;
        None
    }
}

/// Finds the servers of one target for one channel, and follows them as they change.
///
/// The channel's control task owns it, polls it, and drops it when the channel becomes idle or is closed; calls come
/// one at a time. It spawns nothing: work is what happens inside
/// [`poll_update`](Resolver::poll_update), which must not block. A panic ends the resolver, not the process.
pub trait Resolver: Send {
    /// The next news: ready when there is some, and then polled again at once; otherwise pending, with the waker of
    /// `context` kept for when there may be. A resolver that never has news again stays pending and wakes nobody.
    ///
    /// It is also polled after each [`resolve_now`](Resolver::resolve_now) and
    /// [`on_outcome`](Resolver::on_outcome), so these need wake nobody.
    fn poll_update(&mut self, context: &mut Context<'_>) -> Poll<ResolverUpdate>;

    /// A hint that what it found may be out of date: a connection was lost, or could not be made. It comes often; how
    /// often to act on it is the resolver's to say. Default: ignored.
    fn resolve_now(&mut self) {}

    /// What became of the last update, before the next poll. A resolver that asks again and again backs off after a
    /// rejection. Default: ignored.
    fn on_outcome(&mut self, outcome: UpdateOutcome) {
        let _ = outcome;
    }
}

/// What a channel tells the resolvers made for it.
#[derive(Debug, Clone)]
pub struct ResolverOptions {
    service_config: bool,
    connector: bool,
}

impl ResolverOptions {
    /// Whether the channel uses service configs that a resolver finds. If not, looking for one is wasted. Default:
    /// yes.
    #[must_use]
    pub fn with_service_config(mut self, wanted: bool) -> Self {
        self.service_config = wanted;
        self
    }

    /// Whether the channel has a connector of the program's, which may understand addresses that nobody else does
    /// ([`Address::Custom`](crate::Address::Custom)). Default: no.
    #[must_use]
    pub fn with_connector(mut self, present: bool) -> Self {
        self.connector = present;
        self
    }

    /// See [`with_service_config`](ResolverOptions::with_service_config).
    pub fn service_config(&self) -> bool {
        self.service_config
    }

    /// See [`with_connector`](ResolverOptions::with_connector).
    pub fn connector(&self) -> bool {
        self.connector
    }
}

impl Default for ResolverOptions {
    fn default() -> Self {
        Self { service_config: true, connector: false }
    }
}

#[cfg(test)]
mod tests;
