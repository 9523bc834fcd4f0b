//! From a target to the addresses of its servers.
//!
//! Names are looked up by the operating system, which also sorts them (RFC 6724); everything else is in the target.

use std::error::Error;
use std::fmt;
use std::io;

use tokio::net::ToSocketAddrs;

use crate::address::Address;
use crate::target::{Endpoint, Target};

/// The addresses of the target's server, best first.
///
/// # Cancel safety
/// Cancel safe; a lookup already handed to the operating system ends on its own.
pub(crate) async fn resolve(
    target: &Target,
    passthrough: Passthrough,
) -> Result<Vec<Address>, ResolveError> {
    match (target.endpoint(), passthrough) {
        (Endpoint::Dns { host, port }, _) => lookup(host, (host.as_str(), *port)).await,
        (Endpoint::Addresses(addresses), _) => Ok(addresses.clone()),
        (Endpoint::Passthrough(text), Passthrough::ToConnector) => {
            Ok(vec![Address::Custom(text.clone())])
        }
        (Endpoint::Passthrough(text), Passthrough::AsHostAndPort) => {
            lookup(text, text.as_str()).await
        }
    }
}

/// What the text of a `passthrough:` target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passthrough {
    /// An address that the channel's connector understands.
    ToConnector,
    /// `host:port`, as there is no connector.
    AsHostAndPort,
}

async fn lookup(name: &str, host: impl ToSocketAddrs) -> Result<Vec<Address>, ResolveError> {
    let found = tokio::net::lookup_host(host)
        .await
        .map_err(|cause| ResolveError { host: name.to_owned(), cause })?;
    Ok(found.map(Address::Tcp).collect())
}

/// A name that could not be looked up.
#[derive(Debug)]
pub(crate) struct ResolveError {
    host: String,
    cause: io::Error,
}

impl fmt::Display for ResolveError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the name {:?} could not be looked up", self.host)
    }
}

impl Error for ResolveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}
