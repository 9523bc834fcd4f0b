//! From a target to the addresses of its servers.
//!
//! Names are looked up by the operating system, which also sorts them (RFC 6724); everything else is in the target.

use std::error::Error;
use std::fmt;
use std::io;

use crate::address::Address;
use crate::target::{Endpoint, Target};

/// The addresses of the target's server, best first.
///
/// # Cancel safety
/// Cancel safe; a lookup already handed to the operating system ends on its own.
pub(crate) async fn resolve(target: &Target) -> Result<Vec<Address>, ResolveError> {
    match target.endpoint() {
        Endpoint::Dns { host, port, .. } => lookup(host, *port).await,
    }
}

async fn lookup(host: &str, port: u16) -> Result<Vec<Address>, ResolveError> {
    let found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|cause| ResolveError { host: host.to_owned(), cause })?;
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
