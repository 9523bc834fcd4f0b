//! Resolvers with nothing to look up: the servers stand in the target.

use std::task::{Context, Poll};

use crate::address::Address;
use crate::lb::Endpoint;
use crate::resolver::{Resolver, ResolverFactory, ResolverOptions, ResolverUpdate};
use crate::target::{self, InvalidTarget, Target, TargetUri};

/// Gives its servers once, and then stays silent.
#[derive(Debug)]
pub(super) struct StaticResolver(Option<Vec<Endpoint>>);

impl StaticResolver {
    /// Each address is a server of its own.
    pub(super) fn new(addresses: Vec<Address>) -> Self {
        Self(Some(addresses.into_iter().map(Endpoint::new).collect()))
    }
}

impl Resolver for StaticResolver {
    fn poll_update(&mut self, _context: &mut Context<'_>) -> Poll<ResolverUpdate> {
        self.0.take().map_or(Poll::Pending, |one| Poll::Ready(ResolverUpdate::endpoints(one)))
    }
}

/// The factory of one scheme whose targets are addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct StaticFactory(&'static str);

impl StaticFactory {
    /// One for each such scheme.
    pub(super) const ALL: [Self; 4] =
        [Self("ipv4"), Self("ipv6"), Self("unix"), Self("unix-abstract")];
}

impl ResolverFactory for StaticFactory {
    fn scheme(&self) -> &str {
        self.0
    }

    fn build(
        &self,
        target: &TargetUri,
        _options: &ResolverOptions,
    ) -> Result<Box<dyn Resolver>, InvalidTarget> {
        match Target::of(target)?.into_endpoint() {
            target::Endpoint::Addresses(addresses) => Ok(Box::new(StaticResolver::new(addresses))),
            target::Endpoint::Dns { .. } | target::Endpoint::Passthrough(_) => {
                Err(target.invalid("it has no addresses", "ipv4:192.0.2.1:50051"))
            }
        }
    }

    fn authority(&self, target: &TargetUri) -> Option<String> {
        Target::of(target).ok().map(|target| target.authority().to_owned())
    }
}
