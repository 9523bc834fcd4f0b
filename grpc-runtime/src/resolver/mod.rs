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

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolved(target: &str, passthrough: Passthrough) -> Result<Vec<Address>, String> {
        let target = Target::parse(target).unwrap();
        resolve(&target, passthrough).await.map_err(|error| error.to_string())
    }

    fn tcp(address: &str) -> Address {
        Address::Tcp(address.parse().unwrap())
    }

    #[tokio::test]
    async fn addresses_in_the_target_are_taken_as_they_are() {
        for passthrough in [Passthrough::ToConnector, Passthrough::AsHostAndPort] {
            let found = resolved("ipv4:192.0.2.1:1,192.0.2.2:2", passthrough).await;
            assert_eq!(found, Ok(vec![tcp("192.0.2.1:1"), tcp("192.0.2.2:2")]));
        }
    }

    #[tokio::test]
    async fn a_name_is_looked_up() {
        let found = resolved("localhost:7", Passthrough::ToConnector).await.unwrap();
        assert!(found.contains(&tcp("127.0.0.1:7")) || found.contains(&tcp("[::1]:7")));
    }

    #[tokio::test]
    async fn passed_text_is_the_connectors_or_a_host_and_port() {
        let text = "passthrough:///127.0.0.1:7";
        let custom = Address::Custom("127.0.0.1:7".to_owned());
        assert_eq!(resolved(text, Passthrough::ToConnector).await, Ok(vec![custom]));
        assert_eq!(resolved(text, Passthrough::AsHostAndPort).await, Ok(vec![tcp("127.0.0.1:7")]));
        let error = resolved("passthrough:///greeter", Passthrough::AsHostAndPort).await;
        assert!(error.unwrap_err().contains("\"greeter\""));
    }
}
