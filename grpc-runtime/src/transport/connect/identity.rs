//! [`ServerIdentity`]: for which names the server at the other end may speak, as far as that was proven.
//!
//! The name that a connection was made for is verified by the handshake. This answers for others, which single calls
//! ask for by their `:authority` (gRFC A81).

#[cfg(feature = "tls")]
use rustls::client::verify_server_name;
#[cfg(feature = "tls")]
use rustls::server::ParsedCertificate;
#[cfg(feature = "tls")]
use rustls_pki_types::{CertificateDer, ServerName};

use std::error::Error;
use std::fmt;

#[cfg(feature = "tls")]
use super::tls::host_of;

/// What the handshake proved of the server.
pub(crate) enum ServerIdentity {
    /// Nothing: without TLS any name is as good as another.
    Unproven,
    /// The names in its certificate, the first of the chain.
    #[cfg(feature = "tls")]
    Certificate(CertificateDer<'static>),
}

impl ServerIdentity {
    /// Whether calls may name the server so.
    ///
    /// # Errors
    /// What is wrong with the name, or with the certificate for it.
    pub(crate) fn check(
        &self,
        #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "nothing is proven"))]
        authority: &str,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        match self {
            Self::Unproven => Ok(()),
            #[cfg(feature = "tls")]
            Self::Certificate(certificate) => {
                let name = ServerName::try_from(host_of(authority))?;
                Ok(verify_server_name(&ParsedCertificate::try_from(certificate)?, &name)?)
            }
        }
    }
}

impl fmt::Debug for ServerIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unproven => "Unproven",
            #[cfg(feature = "tls")]
            Self::Certificate(_) => "Certificate",
        })
    }
}
