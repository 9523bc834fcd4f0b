//! A resolver of our own: the servers, and the zone of each, stand in the target itself.

use std::net::SocketAddr;
use std::task::{Context, Poll};

use grpc_runtime::lb::Endpoint;
use grpc_runtime::resolver::{
    Resolver, ResolverFactory, ResolverOptions, ResolverUpdate, TargetUri,
};
use grpc_runtime::{Address, Attributes, InvalidTarget};

/// Understands `zones:///geneva=127.0.0.1:50051,zurich=127.0.0.1:50052`.
pub(crate) struct Zones;

/// Where a server is: what the resolver tells the policy of each endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zone(pub(crate) String);

impl ResolverFactory for Zones {
    fn scheme(&self) -> &str {
        "zones"
    }

    /// Only reads the target. It is called when the channel is built, and when it leaves idleness.
    fn build(
        &self,
        target: &TargetUri,
        _options: &ResolverOptions,
    ) -> Result<Box<dyn Resolver>, InvalidTarget> {
        let endpoint = |text: &str| {
            let (zone, address) = text.split_once('=')?;
            let address: SocketAddr = address.parse().ok()?;
            let attributes = Attributes::new().with(Zone(zone.to_owned()));
            Some(Endpoint::new(Address::Tcp(address)).with_attributes(attributes))
        };
        let mut endpoints = Vec::new();
        for text in target.endpoint().split(',') {
            endpoints.push(endpoint(text).ok_or_else(|| {
                target.invalid(
                    format!("{text:?} is no zone and address"),
                    "zones:///geneva=10.0.0.1:50051",
                )
            })?);
        }
        Ok(Box::new(Once(Some(endpoints))))
    }

    /// A list is no good as `:authority`.
    fn authority(&self, _target: &TargetUri) -> Option<String> {
        Some("greeter.example".to_owned())
    }
}

/// Gives what it has, and then nothing more. One that watches something stores the waker of `context`, and wakes it.
struct Once(Option<Vec<Endpoint>>);

impl Resolver for Once {
    fn poll_update(&mut self, _context: &mut Context<'_>) -> Poll<ResolverUpdate> {
        match self.0.take() {
            Some(endpoints) => Poll::Ready(ResolverUpdate::endpoints(endpoints)),
            None => Poll::Pending,
        }
    }
}
