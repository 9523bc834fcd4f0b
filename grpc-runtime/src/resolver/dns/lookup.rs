//! One look at a name: what is asked, what comes out, and the operating system's way of finding it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Instant;

use crate::address::Address;
use crate::lb::Endpoint;
use crate::resolver::dns::error::LookupError;
use crate::resolver::dns::factory::{Means, Settings};
use crate::resolver::dns::order;
use crate::rt;
use crate::target::DnsServer;

/// What is asked.
#[derive(Debug, Clone)]
pub(in crate::resolver) struct Query {
    /// The name.
    pub(in crate::resolver) host: String,
    /// The port of the servers behind it, which DNS has no say in.
    pub(in crate::resolver) port: u16,
    /// Whom to ask, if not those that this machine is set up to ask.
    #[cfg_attr(not(feature = "dns"), expect(dead_code, reason = "the factory refuses any"))]
    pub(in crate::resolver) server: Option<DnsServer>,
    /// What several addresses mean.
    pub(in crate::resolver) grouping: Grouping,
    /// Whether the channel could have left the name to a connector, for the advice in errors.
    pub(in crate::resolver) connector: bool,
}

/// What several addresses of a name mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::resolver) enum Grouping {
    /// Each is a server (N-06).
    ServerPerAddress,
    /// They are ways to one.
    OneServer,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) addresses: Result<Addresses, LookupError>,
    pub(super) text: Text,
}

/// The addresses of a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Addresses {
    /// These: at least one, best first.
    Some(Vec<SocketAddr>),
    /// The name has none; why, for people.
    None(String),
}

/// The TXT record with service configs.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "dns"), expect(dead_code, reason = "the operating system has no TXT"))]
pub(super) enum Text {
    /// There is none, or nobody asked.
    None,
    /// This, after `grpc_config=`.
    Some(Vec<u8>),
    /// It cannot be known.
    Failed,
}

impl Query {
    /// Whether the name is this machine's by definition (RFC 6761, section 6.3).
    pub(super) fn is_localhost(&self) -> bool {
        let name = self.host.strip_suffix('.').unwrap_or(&self.host).to_ascii_lowercase();
        name == "localhost" || name.ends_with(".localhost")
    }

    /// The servers that these addresses are.
    pub(super) fn endpoints(&self, addresses: Vec<SocketAddr>) -> Vec<Endpoint> {
        let addresses = addresses.into_iter().map(Address::Tcp);
        match self.grouping {
            Grouping::ServerPerAddress => addresses.map(Endpoint::new).collect(),
            Grouping::OneServer => Endpoint::of(addresses.collect()).into_iter().collect(),
        }
    }
}

/// Looks the name up, before `deadline`.
///
/// # Cancel safety
/// Cancel safe: sockets are closed. A lookup that the operating system has begun ends on its own.
pub(super) async fn look_up(query: Query, settings: Settings, deadline: Instant) -> Found {
    match settings.means {
        #[cfg(feature = "dns")]
        // A zone is not DNS's, and localhost must not be asked for (RFC 6761, section 6.3; gRFC A10).
        Means::Dns if !query.is_localhost() && !query.host.contains('%') => {
            crate::resolver::dns::hickory::look_up(&query, &settings, deadline).await
        }
        #[cfg(feature = "dns")]
        Means::Dns => operating_system(&query, &settings, deadline).await,
        Means::OperatingSystem => operating_system(&query, &settings, deadline).await,
    }
}

/// Has the operating system look the name up. It does not tell whether a name has no address or could not be looked up,
/// so both are errors.
pub(super) async fn operating_system(
    query: &Query,
    settings: &Settings,
    deadline: Instant,
) -> Found {
    let host = (query.host.as_str(), query.port);
    let addresses = match rt::until(deadline, tokio::net::lookup_host(host)).await {
        Some(Ok(found)) => Ok(found.collect()),
        Some(Err(cause)) => Err(LookupError::operating_system(query, cause)),
        None => Err(LookupError::timeout(query, None, settings.timeout)),
    };
    let addresses = match addresses {
        Ok(found) => Ok(addresses_of(query, found)),
        // Not every machine has these names in its tables.
        Err(_) if query.is_localhost() => Ok(Addresses::Some(loopback(query.port))),
        Err(error) => Err(error),
    };
    Found { addresses, text: Text::None }
}

/// Sorted, and without those that come twice.
pub(super) fn addresses_of(query: &Query, mut found: Vec<SocketAddr>) -> Addresses {
    order::sort(&mut found);
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|address| seen.insert(*address));
    match found.is_empty() {
        true => Addresses::None(format!("the name {:?} has no addresses", query.host)),
        false => Addresses::Some(found),
    }
}

fn loopback(port: u16) -> Vec<SocketAddr> {
    let both = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    both.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()
}
