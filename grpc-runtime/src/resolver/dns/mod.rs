//! `dns`: the servers behind a name.
//!
//! [`DnsResolverFactory`] holds the settings, [`DnsResolver`] the drive; when to resolve ([`pace`]), in which order
//! addresses are given ([`order`]) and which service config applies ([`canary`]) are decided in pure modules.

#[cfg(feature = "dns")]
mod canary;
mod driver;
mod error;
mod factory;
#[cfg(feature = "dns")]
mod hickory;
mod lookup;
mod order;
mod pace;

pub(super) use self::driver::DnsResolver;
pub use self::factory::DnsResolverFactory;
pub(super) use self::factory::Settings;
pub(super) use self::lookup::{Grouping, Query};

#[cfg(test)]
mod tests;
