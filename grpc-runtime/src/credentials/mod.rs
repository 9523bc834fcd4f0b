//! How a channel protects its connections: [`ClientTls`] is what the user says, [`Security`] is
//! what it became once checked.
//!
//! Nothing here opens a connection: `transport/connect` runs the handshake with the prepared
//! configuration. Preparing reads the platform's root certificates and parses PEM text; it
//! happens once, when a channel is built.

#[cfg(feature = "tls")]
mod client_tls;
#[cfg(feature = "tls")]
mod error;
#[cfg(feature = "tls")]
mod identity;
#[cfg(feature = "tls")]
mod prepare;
#[cfg(test)]
#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
pub(crate) mod tests;
#[cfg(feature = "tls")]
mod trust;

#[cfg(feature = "tls")]
pub use client_tls::ClientTls;
#[cfg(feature = "tls")]
pub use error::TlsConfigError;
#[cfg(feature = "tls")]
pub(crate) use prepare::{ALPN_H2, PreparedTls};

/// What a channel does to a byte stream before it speaks HTTP/2 on it.
///
/// Cheap to clone: every connection of a channel shares one TLS configuration, and with it one
/// session cache.
#[derive(Clone, Debug)]
pub(crate) enum Security {
    /// Nothing: HTTP/2 with prior knowledge (RFC 9113 section 3.3). Always asked for by name.
    Plaintext,
    /// A TLS handshake that must agree on `h2`.
    #[cfg(feature = "tls")]
    Tls(PreparedTls),
}

impl Security {
    /// The value of the `:scheme` pseudo header on connections of this kind.
    pub(crate) fn scheme(&self) -> http::uri::Scheme {
        match self {
            Self::Plaintext => http::uri::Scheme::HTTP,
            #[cfg(feature = "tls")]
            Self::Tls(_) => http::uri::Scheme::HTTPS,
        }
    }
}
