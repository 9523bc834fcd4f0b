//! `ClientTls`: what a user asks of TLS, kept as it was said. Checking it is `prepare`'s work.

use std::fmt;
use std::sync::Arc;

use super::identity::Identity;
use super::trust::Trust;

/// How a channel's connections use TLS: whom to trust, who we are, which name to verify.
///
/// ```
/// use grpc_runtime::ClientTls;
///
/// // A server with a certificate that browsers would accept.
/// let public = ClientTls::new();
///
/// // A server with a certificate of our own making.
/// # let ca = "";
/// let private = ClientTls::new().ca_pem(ca).server_name("greeter.internal");
/// ```
///
/// Connections speak TLS 1.2 or newer, offer `h2` and nothing else by ALPN (RFC 9113 section 3.3)
/// and fail when the server does not agree to it. Sessions are resumed across the connections of
/// one channel.
///
/// # Whom is trusted?
///
/// Trust is the union of everything asked for by name:
///
/// | asked for | trusted |
/// |---|---|
/// | nothing | the default roots |
/// | `ca_pem` | these certificates **only** |
/// | `platform_roots` | what the operating system trusts |
/// | `webpki_roots` | Mozilla's list, compiled into the program |
/// | several of them | all of them together |
///
/// The default roots are the platform's where the feature `tls-platform-roots` is on (it is by
/// default), otherwise Mozilla's where `tls-webpki-roots` is on; with neither, building the
/// channel fails. Naming a private authority narrows trust to it, because a client of an internal
/// service should not accept a certificate that any public authority may issue; write
/// `.platform_roots().ca_pem(..)` for both.
///
/// # Which cryptography?
///
/// That of rustls' `aws-lc-rs` where the feature `tls-aws-lc` is on, otherwise `ring` (feature
/// `tls-ring`, on by default). The process-wide default provider of rustls is neither read nor
/// set. With neither feature the program brings its own, by `rustls_config`.
///
/// # When are mistakes found?
///
/// When the channel is built: nothing is parsed earlier, and nothing is left for the first call.
/// See [`TlsConfigError`](crate::TlsConfigError) for the mistakes. Building reads the certificate
/// files of the platform on systems that keep them in files (Linux, the BSDs); build a channel
/// once and share it.
#[derive(Clone, Default)]
#[must_use = "it does nothing until it is given to a channel builder"]
pub struct ClientTls {
    pub(super) trust: Trust,
    pub(super) identity: Option<Identity>,
    pub(super) server_name: Option<String>,
    pub(super) rustls_config: Option<Arc<rustls::ClientConfig>>,
}

impl ClientTls {
    /// TLS with the default roots, no client certificate, and the name of the target as the name
    /// to verify.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts what the operating system trusts, in addition to whatever else is asked for.
    ///
    /// On macOS, iOS, Windows and Android the platform itself verifies; elsewhere its certificate
    /// files are read, and the environment variables `SSL_CERT_FILE` and `SSL_CERT_DIR` are
    /// honoured. A machine without any (a container image of nothing but a program) is an error,
    /// unless other roots were asked for too: then it is a warning in the log.
    #[cfg(feature = "tls-platform-roots")]
    pub fn platform_roots(mut self) -> Self {
        self.trust.platform = true;
        self
    }

    /// Trusts Mozilla's list of authorities, compiled into the program, in addition to whatever
    /// else is asked for.
    ///
    /// It is the same on every machine and needs no file, and ages with the program.
    #[cfg(feature = "tls-webpki-roots")]
    pub fn webpki_roots(mut self) -> Self {
        self.trust.webpki = true;
        self
    }

    /// Trusts the certificate authorities in this PEM text: one or more `CERTIFICATE` sections,
    /// other sections are ignored.
    ///
    /// May be called several times; all of them are trusted. On its own it *replaces* the default
    /// roots, see [above](ClientTls#whom-is-trusted).
    pub fn ca_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.trust.authorities.push(pem.as_ref().to_vec());
        self
    }

    /// Presents a certificate of our own to servers that ask for one (mutual TLS).
    ///
    /// `cert_chain` is PEM text with our certificate first and the intermediate authorities after
    /// it; `key` is PEM text with its private key, not encrypted, in PKCS#8, PKCS#1 or SEC1 form.
    /// The last call wins. Neither appears in any `Debug` output or error.
    ///
    /// A server that wants a certificate and gets none often says so only after the handshake: the
    /// connection then fails on its first read.
    pub fn identity_pem(mut self, cert_chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        self.identity = Some(Identity::new(cert_chain.as_ref(), key.as_ref()));
        self
    }

    /// Verifies the server's certificate against this name, and sends it as SNI, in place of the
    /// host of the channel's target.
    ///
    /// A DNS name or an IP address, without a port. Useful where the target is an address or an
    /// alias that the certificate does not name. It does not change the `:authority` of calls.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Uses a rustls configuration made by the program: its provider, its verifier, its protocol
    /// versions, its client certificate, its key log.
    ///
    /// A copy is taken on which ALPN is set to `h2` alone; the original is left as it is. Whom to
    /// trust and who we are is then said there, so combining this with the roots, `ca_pem` or
    /// `identity_pem` is an error; [`server_name`](Self::server_name) still applies.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use grpc_runtime::ClientTls;
    ///
    /// # #[cfg(feature = "tls-ring")] {
    /// let provider = Arc::new(rustls::crypto::ring::default_provider());
    /// let mut config = rustls::ClientConfig::builder_with_provider(provider)
    ///     .with_safe_default_protocol_versions()
    ///     .expect("ring supports TLS 1.2 and 1.3")
    ///     .with_root_certificates(rustls::RootCertStore::empty())
    ///     .with_no_client_auth();
    /// config.key_log = Arc::new(rustls::KeyLogFile::new());
    /// let tls = ClientTls::new().rustls_config(Arc::new(config));
    /// # }
    /// ```
    pub fn rustls_config(mut self, config: Arc<rustls::ClientConfig>) -> Self {
        self.rustls_config = Some(config);
        self
    }
}

impl fmt::Debug for ClientTls {
    /// Says what was asked for; certificates are counted and keys never shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("trust", &self.trust)
            .field("identity", &self.identity)
            .field("server_name", &self.server_name)
            .field("rustls_config", &self.rustls_config.as_ref().map(|_| "..."))
            .finish()
    }
}
