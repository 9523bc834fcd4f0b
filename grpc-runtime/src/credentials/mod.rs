//! Who calls: credentials that go with calls, and how safe a connection has to be to carry them.
//!
//! | you have | use |
//! |---|---|
//! | a token | [`BearerToken::new`] |
//! | a way to get a token, which expires | [`BearerToken::fetched`], [`BearerToken::fetched_for`] |
//! | a file with a JWT that something keeps fresh | [`BearerToken::jwt_file`] |
//! | a scheme of your own | [`CallCredentials`] |
//! | a client certificate | `ClientTls::identity_pem`, which is of the connection and not of a call |
//! | metadata that is no secret | [`layer::StaticMetadata`](crate::layer::StaticMetadata), [`layer::AsyncMetadata`](crate::layer::AsyncMetadata) |
//!
//! Credentials are asked for each attempt, below the layers, when it is known which connection it takes; they refuse one
//! that is not safe enough. A metadata layer is asked once for each call, cannot know the connection, and so would send a
//! secret in plaintext as well. In process, where there is no connection, credentials are not asked.
//!
//! ```
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use grpc_runtime::Channel;
//! use grpc_runtime::credentials::BearerToken;
//!
//! // For all calls of a channel ..
//! let channel = Channel::builder("dns:///greeter.prod:50051")
//!     .call_credentials(BearerToken::jwt_file("/var/run/secrets/tokens/greeter"))
//!     .build()?;
//! // .. and, beside or without those, for one: `greeter.say_hello(request).call_credentials(..)`.
//! # Ok(()) }
//! ```

// Beside call credentials there are those of connections: `ClientTls` is what the user says, `Security` is what it became
// once checked. Nothing here opens a connection: `transport/connect` runs the handshake with the prepared configuration.
// Preparing reads the platform's root certificates and parses PEM text; it happens once, when a channel is built.

mod bearer;
mod call;
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

pub use bearer::{BearerToken, InvalidToken, Token};
pub use call::{CallCredentials, CredentialsFuture, CredentialsRequest, SecurityLevel};
// At the crate's root is where they are public.
#[cfg(feature = "tls")]
#[doc(hidden)]
pub use client_tls::ClientTls;
#[cfg(feature = "tls")]
#[doc(hidden)]
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
