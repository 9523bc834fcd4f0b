//! Whom to trust: the union of the platform's roots, Mozilla's list and the authorities given as
//! PEM text, turned into one verifier of server certificates.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::error::TlsConfigError;
use super::identity::certificates;

/// What was asked to be trusted. All of it empty means the default roots.
#[derive(Clone, Default)]
pub(super) struct Trust {
    /// What the operating system trusts.
    pub(super) platform: bool,
    /// Mozilla's list, compiled in.
    pub(super) webpki: bool,
    /// PEM texts with certificate authorities.
    pub(super) authorities: Vec<Vec<u8>>,
}

impl Trust {
    /// Whether nothing was asked for.
    pub(super) fn is_default(&self) -> bool {
        !self.platform && !self.webpki && self.authorities.is_empty()
    }

    /// The verifier for all that was asked for.
    pub(super) fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, TlsConfigError> {
        let platform_by_default = self.is_default() && cfg!(feature = "tls-platform-roots");
        let webpki_by_default = self.is_default() && !cfg!(feature = "tls-platform-roots");

        let listed = self.listed(self.webpki || webpki_by_default)?;
        let listed = (!listed.is_empty()).then(|| webpki(listed, provider)).transpose()?;
        if !(self.platform || platform_by_default) {
            return listed.ok_or(TlsConfigError::NoRoots);
        }
        match (listed, platform(provider)) {
            (None, platform) => platform,
            (Some(listed), Ok(platform)) => Ok(Arc::new(EitherVerifier { listed, platform })),
            (Some(listed), Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "trusting only the other roots asked for"
                );
                Ok(listed)
            }
        }
    }

    /// The roots that are lists of certificates, as opposed to the platform's own judgement.
    fn listed(&self, webpki: bool) -> Result<RootCertStore, TlsConfigError> {
        const OPTION: &str = "ca_pem";

        let mut roots = RootCertStore::empty();
        if webpki {
            #[cfg(feature = "tls-webpki-roots")]
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for pem in &self.authorities {
            for certificate in certificates(pem, OPTION)? {
                roots.add(certificate).map_err(|source| TlsConfigError::InvalidCertificate {
                    option: OPTION,
                    source,
                })?;
            }
        }
        Ok(roots)
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("platform", &self.platform)
            .field("webpki", &self.webpki)
            .field("authorities", &format_args!("{} PEM texts", self.authorities.len()))
            .finish()
    }
}

fn webpki(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsConfigError> {
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            // Without revocation lists, an empty store is the only thing it complains about.
            .map_err(|_| TlsConfigError::NoRoots)?;
    Ok(verifier)
}

#[cfg(feature = "tls-platform-roots")]
fn platform(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, TlsConfigError> {
    match rustls_platform_verifier::Verifier::new(Arc::clone(provider)) {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(source) => Err(TlsConfigError::NoPlatformRoots { source }),
    }
}

#[cfg(not(feature = "tls-platform-roots"))]
fn platform(_: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, TlsConfigError> {
    Err(TlsConfigError::NoRoots)
}

/// Accepts what either verifier accepts.
///
/// The listed roots go first, because the platform's verifier logs every refusal as an error.
#[derive(Debug)]
struct EitherVerifier {
    listed: Arc<dyn ServerCertVerifier>,
    platform: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for EitherVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verify = |verifier: &Arc<dyn ServerCertVerifier>| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        verify(&self.listed).or_else(|listed| {
            verify(&self.platform).map_err(|platform| match listed {
                // Says nothing about the certificate: the platform knows more.
                rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => platform,
                // The issuer is listed, so this is what is wrong with the certificate.
                listed => listed,
            })
        })
    }

    // Signatures are checked with the key of the certificate, whoever issued it; both verifiers
    // hold the same provider.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.listed.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.listed.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.listed.supported_verify_schemes()
    }
}
