//! Who we are to a server that asks: a certificate chain and its key, from PEM text to the form
//! that rustls signs with. Key material leaves this file only inside that form.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::error::TlsConfigError;

/// The method of `ClientTls` that all mistakes here go back to.
const OPTION: &str = "identity_pem";

/// A client certificate as it was given.
#[derive(Clone)]
pub(super) struct Identity {
    cert_chain: Arc<[u8]>,
    key: Arc<[u8]>,
}

impl Identity {
    pub(super) fn new(cert_chain: &[u8], key: &[u8]) -> Self {
        Self { cert_chain: cert_chain.into(), key: key.into() }
    }

    /// Parses both texts and checks that they belong together.
    pub(super) fn resolver(
        &self,
        provider: &CryptoProvider,
    ) -> Result<SingleCertAndKey, TlsConfigError> {
        let cert_chain = certificates(&self.cert_chain, OPTION)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            // A PEM error quotes the line it failed on, and where line breaks were lost that line
            // is the key. So the error stays here.
            .map_err(|_| TlsConfigError::NoPrivateKey)?;
        let key = provider
            .key_provider
            .load_private_key(key)
            .map_err(|source| TlsConfigError::InvalidPrivateKey { source })?;
        let certified = CertifiedKey::new(cert_chain, key);
        match certified.keys_match() {
            // A provider that cannot tell the public half of a key leaves it to the handshake.
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
                Ok(SingleCertAndKey::from(certified))
            }
            Err(rustls::Error::InconsistentKeys(_)) => Err(TlsConfigError::KeyMismatch),
            Err(source) => Err(TlsConfigError::InvalidCertificate { option: OPTION, source }),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// Every certificate in `pem`, at least one.
pub(super) fn certificates(
    pem: &[u8],
    option: &'static str,
) -> Result<Vec<CertificateDer<'static>>, TlsConfigError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsConfigError::InvalidPem { option, reason: reason(&error) })?;
    if certificates.is_empty() {
        return Err(TlsConfigError::NoCertificate { option });
    }
    Ok(certificates)
}

/// The kind of a PEM mistake, without the text that the error would quote: a chain is sometimes
/// kept in one file with its key.
fn reason(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => {
            "a section has no end line; were the line breaks lost?"
        }
        pem::Error::IllegalSectionStart { .. } => "a begin line does not end in `-----`",
        pem::Error::Base64Decode(_) => "a section is not base64",
        _ => "a section cannot be read",
    }
}
