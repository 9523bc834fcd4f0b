//! What a channel protects its connections with: as the program says, else as the target does, else TLS.

use crate::channel::ChannelError;
#[cfg(feature = "tls")]
use crate::credentials::ClientTls;
use crate::credentials::Security;
use crate::target::SecurityHint;

/// What the program said about protection.
#[derive(Clone)]
pub(super) enum Protection {
    /// Nothing: the target decides, else TLS.
    Nothing,
    Plaintext,
    #[cfg(feature = "tls")]
    Tls(Box<ClientTls>),
}

impl Protection {
    pub(super) fn decide(self, hint: Option<SecurityHint>) -> Result<Security, ChannelError> {
        match (self, hint) {
            (Self::Plaintext, Some(SecurityHint::Tls)) => {
                Err(ChannelError::Contradiction { scheme: "https", setting: ".plaintext()" })
            }
            (Self::Plaintext, Some(SecurityHint::Plaintext) | None)
            | (Self::Nothing, Some(SecurityHint::Plaintext)) => Ok(Security::Plaintext),
            #[cfg(feature = "tls")]
            (Self::Tls(_), Some(SecurityHint::Plaintext)) => {
                Err(ChannelError::Contradiction { scheme: "http", setting: ".tls(..)" })
            }
            #[cfg(feature = "tls")]
            (Self::Tls(tls), Some(SecurityHint::Tls) | None) => Ok(Security::Tls(tls.prepare()?)),
            #[cfg(feature = "tls")]
            (Self::Nothing, Some(SecurityHint::Tls) | None) => {
                Ok(Security::Tls(ClientTls::new().prepare()?))
            }
            #[cfg(not(feature = "tls"))]
            (Self::Nothing, Some(SecurityHint::Tls) | None) => Err(ChannelError::TlsNotBuiltIn),
        }
    }
}
