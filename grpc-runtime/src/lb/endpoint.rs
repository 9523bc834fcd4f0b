//! [`Endpoint`]: one server as a policy sees it. Resolvers make them; nothing here connects.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::address::Address;
use crate::attributes::Attributes;

/// One server: the addresses it can be reached at, and what is known of it.
///
/// Addresses are in order of preference and lead to the *same* server (a host with an IPv4 and an IPv6
/// address, say), so a policy that spreads calls gives it one share, however many addresses it has
/// (gRFC A61). Cloning counts references.
///
/// It has two sets of [`Attributes`], because their changes mean different things:
///
/// | | read by | when it changes |
/// |---|---|---|
/// | [`attributes`](Endpoint::attributes) | policies, such as [`EndpointWeight`] | connections stay |
/// | [`connection_attributes`](Endpoint::connection_attributes) | whoever makes the connection | a new connection is made |
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    addresses: Arc<[Address]>,
    key: EndpointKey,
    attributes: Attributes,
    connection_attributes: Attributes,
}

impl Endpoint {
    /// A server with one address.
    pub fn new(address: Address) -> Endpoint {
        Endpoint::from_addresses(Arc::new([address]))
    }

    /// A server with several addresses, best first.
    ///
    /// # Errors
    /// `addresses` is empty: such a server cannot be reached.
    pub fn of(addresses: Vec<Address>) -> Result<Endpoint, NoAddress> {
        if addresses.is_empty() {
            Err(NoAddress)
        } else {
            Ok(Self::from_addresses(addresses.into()))
        }
    }

    /// Sets what policies may know of it. Default: nothing.
    #[must_use]
    pub fn with_attributes(mut self, attributes: Attributes) -> Endpoint {
        self.attributes = attributes;
        self
    }

    /// Sets what goes to the connector along with each address. Default: nothing.
    #[must_use]
    pub fn with_connection_attributes(mut self, attributes: Attributes) -> Endpoint {
        self.connection_attributes = attributes;
        self
    }

    /// Its addresses, best first; never empty.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// What policies may know of it.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// What goes to the connector along with each address.
    pub fn connection_attributes(&self) -> &Attributes {
        &self.connection_attributes
    }

    /// What makes it the same server from one update to the next.
    pub fn key(&self) -> &EndpointKey {
        &self.key
    }

    fn from_addresses(addresses: Arc<[Address]>) -> Endpoint {
        Endpoint {
            key: EndpointKey::of(&addresses),
            addresses,
            attributes: Attributes::new(),
            connection_attributes: Attributes::new(),
        }
    }
}

impl From<Address> for Endpoint {
    fn from(address: Address) -> Endpoint {
        Endpoint::new(address)
    }
}

/// Who an [`Endpoint`] is: its addresses as a set, without order or attributes (gRFC A61).
///
/// A policy keyed by it keeps its connections where a resolver sorts addresses anew or changes a weight.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointKey(Arc<[Address]>);

impl EndpointKey {
    /// The addresses, sorted, each once.
    pub fn addresses(&self) -> &[Address] {
        &self.0
    }

    fn of(addresses: &Arc<[Address]>) -> EndpointKey {
        if addresses.is_sorted_by(|one, next| one < next) {
            return EndpointKey(Arc::clone(addresses));
        }
        let mut sorted = addresses.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        EndpointKey(sorted.into())
    }
}

impl fmt::Display for EndpointKey {
    /// The addresses, separated by commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, address) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{address}")?;
        }
        Ok(())
    }
}

/// How much of the load an endpoint should get, relative to the others; an attribute of [`Endpoint`]
/// (gRFC A113). Zero counts as one, and so does an endpoint without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointWeight(
    /// The weight.
    pub u32,
);

impl EndpointWeight {
    /// The weight of `endpoint`, at least one.
    pub fn of(endpoint: &Endpoint) -> u32 {
        endpoint.attributes().get::<EndpointWeight>().map_or(1, |weight| weight.0.max(1))
    }
}

/// An endpoint was to be made of no addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAddress;

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an endpoint needs at least one address")
    }
}

impl Error for NoAddress {}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(name: &str) -> Address {
        Address::Custom(name.to_owned())
    }

    #[test]
    fn the_key_is_the_set_of_addresses() {
        let one = Endpoint::of(vec![custom("b"), custom("a"), custom("b")]).unwrap();
        let other = Endpoint::of(vec![custom("a"), custom("b")])
            .unwrap()
            .with_attributes(Attributes::new().with(EndpointWeight(3)));
        assert_eq!(one.key(), other.key());
        assert_ne!(one, other);
        assert_eq!(one.key().to_string(), "a,b");
        assert_eq!(one.addresses()[0], custom("b"));
        assert_eq!(Endpoint::of(Vec::new()), Err(NoAddress));
    }

    #[test]
    fn a_weight_is_at_least_one() {
        let endpoint = Endpoint::new(custom("a"));
        assert_eq!(EndpointWeight::of(&endpoint), 1);
        for (given, used) in [(0, 1), (1, 1), (9, 9)] {
            let attributes = Attributes::new().with(EndpointWeight(given));
            assert_eq!(EndpointWeight::of(&endpoint.clone().with_attributes(attributes)), used);
        }
    }
}
