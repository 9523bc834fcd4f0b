//! From what a user asked of TLS to a configuration that cannot be wrong, made once per channel
//! and shared by its connections.

use std::fmt;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::ServerName;

use super::client_tls::ClientTls;
use super::error::TlsConfigError;

/// The one protocol offered by ALPN: HTTP/2 over TLS (RFC 9113 section 3.2).
pub(crate) const ALPN_H2: &[u8] = b"h2";

/// A checked [`ClientTls`], ready for handshakes.
#[derive(Clone)]
pub(crate) struct PreparedTls {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
}

impl PreparedTls {
    /// The configuration of every handshake; it carries the session cache.
    pub(crate) fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// The name to verify in place of the host of the target, if the user set one.
    pub(crate) fn server_name(&self) -> Option<&ServerName<'static>> {
        self.server_name.as_ref()
    }
}

impl fmt::Debug for PreparedTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedTls")
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

impl ClientTls {
    /// Checks everything and builds the configuration.
    ///
    /// Reads the platform's certificate files where those are asked for; everything else is
    /// computation.
    pub(crate) fn prepare(&self) -> Result<PreparedTls, TlsConfigError> {
        let server_name = self.server_name.as_deref().map(server_name).transpose()?;
        let mut config = match &self.rustls_config {
            Some(config) => {
                self.refuse_beside_rustls_config()?;
                ClientConfig::clone(config)
            }
            None => self.build_config()?,
        };
        config.alpn_protocols = vec![ALPN_H2.to_vec()];
        Ok(PreparedTls { config: Arc::new(config), server_name })
    }

    /// The provider goes to rustls, to the verifier and to the key by hand, so that nothing falls
    /// back on the process-wide default.
    fn build_config(&self) -> Result<ClientConfig, TlsConfigError> {
        let provider = Arc::new(provider()?);
        let verifier = self.trust.verifier(&provider)?;
        let identity =
            self.identity.as_ref().map(|identity| identity.resolver(&provider)).transpose()?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| TlsConfigError::UnusableProvider { source })?
            // Not "dangerous" here: the verifier is rustls' own or the platform's.
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        Ok(match identity {
            Some(identity) => builder.with_client_cert_resolver(Arc::new(identity)),
            None => builder.with_no_client_auth(),
        })
    }

    fn refuse_beside_rustls_config(&self) -> Result<(), TlsConfigError> {
        let unused = [
            ("platform_roots", self.trust.platform),
            ("webpki_roots", self.trust.webpki),
            ("ca_pem", !self.trust.authorities.is_empty()),
            ("identity_pem", self.identity.is_some()),
        ];
        match unused.into_iter().find(|(_, used)| *used) {
            Some((option, _)) => Err(TlsConfigError::ConflictsWithRustlsConfig { option }),
            None => Ok(()),
        }
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, TlsConfigError> {
    ServerName::try_from(name.to_owned())
        .map_err(|source| TlsConfigError::InvalidServerName { name: name.to_owned(), source })
}

#[cfg(feature = "tls-aws-lc")]
pub(super) fn provider() -> Result<CryptoProvider, TlsConfigError> {
    Ok(rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(all(feature = "tls-ring", not(feature = "tls-aws-lc")))]
pub(super) fn provider() -> Result<CryptoProvider, TlsConfigError> {
    Ok(rustls::crypto::ring::default_provider())
}

#[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc")))]
pub(super) fn provider() -> Result<CryptoProvider, TlsConfigError> {
    Err(TlsConfigError::NoProvider)
}

#[cfg(test)]
#[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc")))]
mod tests {
    use super::*;

    #[test]
    fn without_a_provider_the_features_to_enable_are_named() {
        let error = ClientTls::new().ca_pem("").prepare().expect_err("there is no cryptography");
        assert!(matches!(error, TlsConfigError::NoProvider), "{error:?}");
        assert!(error.to_string().contains("`tls-ring`"), "{error}");
    }
}
