//! `ConnectError`: which step of a connection attempt failed, where, why, and what to try.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

use super::explain;
use crate::address::Address;

/// Why a connection to one address could not be made.
///
/// It is among the sources of the UNAVAILABLE status that calls end with meanwhile. `Display` says
/// the step, the address and, where the mistake is a likely one, what to do about it; the cause is
/// in [`source`](Error::source) and only there.
#[derive(Debug)]
pub struct ConnectError {
    phase: ConnectPhase,
    address: Address,
    hint: Option<Cow<'static, str>>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The step of a connection attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectPhase {
    /// Opening the socket, or the user's own connector.
    Connect,
    /// The TLS handshake, verification of the server's certificate included.
    TlsHandshake,
    /// Agreeing on HTTP/2 (RFC 7301): the handshake was fine, but the server did not choose `h2`.
    Alpn,
}

impl ConnectError {
    /// The step that failed.
    pub fn phase(&self) -> ConnectPhase {
        self.phase
    }

    /// The address that was being connected to.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What to try, where the cause suggests it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(super) fn socket(address: &Address, custom: bool, source: io::Error) -> Self {
        let hint = if custom { None } else { explain::socket(address, &source) };
        Self {
            phase: ConnectPhase::Connect,
            address: address.clone(),
            hint: hint.map(Cow::Borrowed),
            source: Some(source.into()),
        }
    }
}

#[cfg(feature = "tls")]
impl ConnectError {
    pub(super) fn handshake(address: &Address, source: io::Error) -> Self {
        let (phase, hint) = explain::handshake(&source);
        Self { phase, address: address.clone(), hint, source: Some(explain::unwrapped(source)) }
    }

    /// The host of the authority cannot be in a certificate.
    pub(super) fn unverifiable_name(
        address: &Address,
        name: &str,
        source: rustls_pki_types::InvalidDnsNameError,
    ) -> Self {
        let hint = format!(
            "{name:?} is neither a DNS name nor an IP address, so no certificate can name it: \
             say which name to verify by ClientTls::server_name"
        );
        Self {
            phase: ConnectPhase::TlsHandshake,
            address: address.clone(),
            hint: Some(hint.into()),
            source: Some(source.into()),
        }
    }

    /// The handshake ended well and without agreement on `h2`.
    pub(super) fn no_h2(address: &Address) -> Self {
        Self {
            phase: ConnectPhase::Alpn,
            address: address.clone(),
            hint: Some(explain::NO_H2.into()),
            source: None,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { phase, address, .. } = self;
        match phase {
            ConnectPhase::Connect => write!(f, "cannot connect to {address}")?,
            ConnectPhase::TlsHandshake => write!(f, "TLS handshake with {address} failed")?,
            ConnectPhase::Alpn => write!(f, "{address} did not agree to HTTP/2 over TLS")?,
        }
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
