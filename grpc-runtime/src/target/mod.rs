//! Targets: the text that says which server a channel is for, read once into a type that cannot be wrong.
//!
//! Pure: no name is looked up here, and whether the platform has Unix sockets is the connector's to say.
//! (`doc/naming.md` of the gRPC project; RFC 3986.)

mod error;
mod host;
mod parse;
mod uri;

use std::fmt;

use crate::address::Address;

pub use error::InvalidTarget;
pub use uri::TargetUri;

/// Which server a channel is for.
///
/// `Display` gives the text that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    text: String,
    endpoint: Endpoint,
    security: Option<SecurityHint>,
    authority: String,
}

/// How the addresses of a target are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// By looking up a name: the way this machine does, or at this server.
    Dns { host: String, port: u16, server: Option<DnsServer> },
    /// They are in the target: at least one, to be tried in order.
    Addresses(Vec<Address>),
    /// The channel's connector makes of the text what it wants; without one it is a host and a port.
    Passthrough(String),
}

/// The DNS server that a target names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DnsServer {
    /// An IP address, or a name that this machine knows.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// What a target says about security; most say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecurityHint {
    /// `http://`
    Plaintext,
    /// `https://`
    Tls,
}

impl Target {
    /// Reads a target.
    ///
    /// | text | endpoint |
    /// |---|---|
    /// | `dns:[///]host[:port]` | a name to look up; port 443 if none is given |
    /// | `dns://server[:port]/host[:port]` | the same, at that server; its port is 53 if none is given |
    /// | `http://host[:port]`, `https://host[:port]` | the same, with a say on security; port 80 or 443 |
    /// | `ipv4:a[:port],..`, `ipv6:[a][:port],..` | addresses; port 443 if none is given |
    /// | `unix:path`, `unix:///path`, `unix-abstract:name` | a socket of this machine |
    /// | `passthrough:[//ignored/]text` | text for the connector |
    /// | anything else | as if after `dns:///` |
    ///
    /// Where a host is an IP address, that is the endpoint, since there is nothing to look up. Schemes are
    /// read in any letter case, and `%XX` is decoded in paths of sockets and in text for the connector.
    ///
    /// # Errors
    /// [`InvalidTarget`] says which part is wrong and what to write.
    #[cfg(test)]
    pub(crate) fn parse(text: &str) -> Result<Target, InvalidTarget> {
        let is_known = |scheme: &str| parse::SCHEMES.contains(&scheme);
        Self::of(&TargetUri::choose(text, "dns", is_known)?)
    }

    /// Reads a target of a scheme that is built in; another is read as `dns`.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub(crate) fn of(uri: &TargetUri) -> Result<Target, InvalidTarget> {
        parse::parse(uri)
    }

    /// Reads `host[:port]`, of which nothing is a scheme.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub(crate) fn of_host(text: &str) -> Result<Target, InvalidTarget> {
        Self::of(&TargetUri::of_host(text))
    }

    /// How its addresses are found.
    pub(crate) fn into_endpoint(self) -> Endpoint {
        self.endpoint
    }

    /// How its addresses are found.
    #[cfg(test)]
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What it says about security.
    #[cfg(test)]
    pub(crate) fn security(&self) -> Option<SecurityHint> {
        self.security
    }

    /// The `:authority` of its calls, where nothing else sets one: the host, with the port if the target
    /// has one; the first of several addresses; `localhost` for sockets. Text for a connector is
    /// percent-encoded, and then is not always an authority that the `http` crate takes.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests;
