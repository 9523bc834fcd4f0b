//! `TlsConfigError`: what can be wrong with a `ClientTls`, found when a channel is built.
//!
//! Mistakes that only a handshake reveals are `ConnectError`s.

use std::error::Error;
use std::fmt;

use rustls_pki_types::InvalidDnsNameError;

/// Why a [`ClientTls`](crate::ClientTls) cannot be used. Each message says what to do about it.
///
/// No variant carries any part of a private key.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsConfigError {
    /// The program was built with TLS but without cryptography for it.
    NoProvider,
    /// Nothing was asked to be trusted, and the program was built without default roots.
    NoRoots,
    /// The operating system has no root certificates, or none that could be read.
    NoPlatformRoots {
        /// What the platform said.
        source: rustls::Error,
    },
    /// A PEM text has no `CERTIFICATE` section.
    NoCertificate {
        /// The method it was given to, such as `ca_pem`.
        option: &'static str,
    },
    /// A text that should hold certificates is not well-formed PEM.
    InvalidPem {
        /// The method it was given to.
        option: &'static str,
        /// What is wrong with it. Only the kind of the mistake: the line itself may be a key.
        reason: &'static str,
    },
    /// A certificate does not parse.
    InvalidCertificate {
        /// The method it was given to.
        option: &'static str,
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// The PEM text of a private key holds none that can be read.
    ///
    /// There is no source: what a PEM parser quotes may be the key.
    NoPrivateKey,
    /// The private key is of a kind or form that the cryptography provider does not accept.
    InvalidPrivateKey {
        /// What the provider said.
        source: rustls::Error,
    },
    /// The private key does not belong to the first certificate of the chain.
    KeyMismatch,
    /// The name to verify is neither a DNS name nor an IP address.
    InvalidServerName {
        /// The name as it was given.
        name: String,
        /// What is wrong with it.
        source: InvalidDnsNameError,
    },
    /// An option has no effect beside `rustls_config`, which already decides it.
    ConflictsWithRustlsConfig {
        /// The method that was called beside it, such as `ca_pem`.
        option: &'static str,
    },
    /// The cryptography provider cannot do TLS 1.2 or 1.3 with what it has.
    UnusableProvider {
        /// What rustls said.
        source: rustls::Error,
    },
}

impl fmt::Display for TlsConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProvider => f.write_str(
                "no TLS cryptography in this build: enable the feature `tls-ring` or \
                 `tls-aws-lc` of grpc-runtime, or use ClientTls::rustls_config",
            ),
            Self::NoRoots => f.write_str(
                "no certificate authority to trust: enable the feature `tls-platform-roots` or \
                 `tls-webpki-roots` of grpc-runtime, or use ClientTls::ca_pem",
            ),
            Self::NoPlatformRoots { .. } => f.write_str(
                "no root certificates found on this machine: install the package \
                 `ca-certificates`, or use ClientTls::webpki_roots or ClientTls::ca_pem",
            ),
            Self::NoCertificate { option } => write!(
                f,
                "no certificate in the PEM text given to ClientTls::{option}: expected \
                 `-----BEGIN CERTIFICATE-----` on a line of its own"
            ),
            Self::InvalidPem { option, reason } => {
                write!(f, "malformed PEM text given to ClientTls::{option}: {reason}")
            }
            Self::InvalidCertificate { option, .. } => {
                write!(f, "invalid certificate given to ClientTls::{option}")
            }
            Self::NoPrivateKey => f.write_str(
                "no private key in the PEM text given to ClientTls::identity_pem: expected a \
                 PKCS#8, PKCS#1 or SEC1 section, not encrypted, with its line breaks kept",
            ),
            Self::InvalidPrivateKey { .. } => f.write_str(
                "unusable private key given to ClientTls::identity_pem: expected RSA, ECDSA \
                 (P-256, P-384) or Ed25519",
            ),
            Self::KeyMismatch => f.write_str(
                "the private key given to ClientTls::identity_pem does not belong to the first \
                 certificate of the chain",
            ),
            Self::InvalidServerName { name, .. } => write!(
                f,
                "invalid name {name:?} given to ClientTls::server_name: expected a DNS name or \
                 an IP address, without scheme and port"
            ),
            Self::ConflictsWithRustlsConfig { option } => write!(
                f,
                "ClientTls::{option} has no effect beside ClientTls::rustls_config: say it in \
                 the rustls configuration"
            ),
            Self::UnusableProvider { .. } => {
                f.write_str("the TLS cryptography provider supports neither TLS 1.2 nor TLS 1.3")
            }
        }
    }
}

impl Error for TlsConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoPlatformRoots { source }
            | Self::InvalidCertificate { source, .. }
            | Self::InvalidPrivateKey { source }
            | Self::UnusableProvider { source } => Some(source),
            Self::InvalidServerName { source, .. } => Some(source),
            Self::NoProvider
            | Self::NoRoots
            | Self::NoCertificate { .. }
            | Self::InvalidPem { .. }
            | Self::NoPrivateKey
            | Self::KeyMismatch
            | Self::ConflictsWithRustlsConfig { .. } => None,
        }
    }
}
