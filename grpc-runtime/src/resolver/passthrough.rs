//! `passthrough:`: text that is handed on. A connector of the program's makes of it what it wants; without one it is a
//! host and a port, and the operating system finds the addresses, as when a program connects to a name.

use std::net::SocketAddr;

use crate::address::Address;
use crate::resolver::dns::{DnsResolver, Grouping, Query, Settings};
use crate::resolver::statics::StaticResolver;
use crate::resolver::{Resolver, ResolverFactory, ResolverOptions};
use crate::target::{self, InvalidTarget, Target, TargetUri};

/// The factory of `passthrough`.
#[derive(Debug, Clone, Copy)]
pub(super) struct PassthroughFactory;

impl ResolverFactory for PassthroughFactory {
    fn scheme(&self) -> &str {
        "passthrough"
    }

    fn build(
        &self,
        target: &TargetUri,
        options: &ResolverOptions,
    ) -> Result<Box<dyn Resolver>, InvalidTarget> {
        let target::Endpoint::Passthrough(text) = Target::of(target)?.into_endpoint() else {
            return Err(target.invalid("it has no text", "passthrough:///greeter"));
        };
        if options.connector() {
            return Ok(Box::new(StaticResolver::new(vec![Address::Custom(text)])));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Box::new(StaticResolver::new(vec![Address::Tcp(address)])));
        }
        // The default port and the forms of a host are those of `dns`.
        match Target::of_host(&text).map(Target::into_endpoint) {
            Ok(target::Endpoint::Dns { host, port, .. }) => {
                let grouping = Grouping::OneServer;
                let query = Query { host, port, server: None, grouping, connector: false };
                Ok(Box::new(DnsResolver::new(query, Settings::operating_system())))
            }
            Ok(target::Endpoint::Addresses(addresses)) => {
                Ok(Box::new(StaticResolver::new(addresses)))
            }
            Ok(target::Endpoint::Passthrough(_)) | Err(_) => Err(target.invalid(
                format!("{text:?} is not a host and a port, and there is no connector to take it"),
                "passthrough:///greeter.example.com:50051",
            )),
        }
    }

    fn authority(&self, target: &TargetUri) -> Option<String> {
        Target::of(target).ok().map(|target| target.authority().to_owned())
    }
}
