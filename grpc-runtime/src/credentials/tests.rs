//! What each mistake in a `ClientTls` is called, and what the good ones become.

pub(crate) mod fixtures;

use std::error::Error as _;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

use self::fixtures::{Authority, provider};
use super::{ClientTls, TlsConfigError};

fn error_of(tls: &ClientTls) -> TlsConfigError {
    tls.prepare().expect_err("the configuration is wrong")
}

fn own_config() -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Arc::new(config)
}

#[test]
fn h2_is_the_only_protocol_offered() {
    let prepared = ClientTls::new().ca_pem(Authority::new().pem()).prepare().unwrap();
    assert_eq!(prepared.config().alpn_protocols, [b"h2"]);
    assert!(prepared.server_name().is_none());
}

#[test]
fn an_own_configuration_is_copied_before_alpn_is_set() {
    let own = own_config();
    let prepared =
        ClientTls::new().rustls_config(Arc::clone(&own)).server_name("a.test").prepare().unwrap();
    assert_eq!(prepared.config().alpn_protocols, [b"h2"]);
    assert!(own.alpn_protocols.is_empty());
    assert_eq!(prepared.server_name().unwrap().to_str(), "a.test");
}

#[test]
fn options_that_an_own_configuration_decides_are_refused_by_name() {
    let own = ClientTls::new().rustls_config(own_config());
    for (tls, expected) in [
        (own.clone().ca_pem(""), "ca_pem"),
        (own.clone().identity_pem("", ""), "identity_pem"),
        #[cfg(feature = "tls-webpki-roots")]
        (own.clone().webpki_roots(), "webpki_roots"),
        #[cfg(feature = "tls-platform-roots")]
        (own.clone().platform_roots(), "platform_roots"),
    ] {
        let error = error_of(&tls);
        assert!(
            matches!(error, TlsConfigError::ConflictsWithRustlsConfig { option } if option == expected),
            "{error:?}"
        );
    }
}

#[test]
fn text_without_a_certificate_is_refused() {
    let key = Authority::new().client().key_pem();
    for pem in ["", "hello", &key] {
        let error = error_of(&ClientTls::new().ca_pem(pem));
        assert!(matches!(error, TlsConfigError::NoCertificate { option: "ca_pem" }), "{error:?}");
    }
    assert!(
        error_of(&ClientTls::new().ca_pem("")).to_string().contains("BEGIN CERTIFICATE"),
        "says what was expected"
    );
}

#[test]
fn damaged_certificates_are_refused() {
    let pem = Authority::new().pem();
    let truncated = &pem[..pem.len() / 2];
    let error = error_of(&ClientTls::new().ca_pem(truncated));
    assert!(matches!(error, TlsConfigError::InvalidPem { .. }), "{error:?}");

    let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let error = error_of(&ClientTls::new().ca_pem(not_der));
    assert!(matches!(error, TlsConfigError::InvalidCertificate { .. }), "{error:?}");
    assert!(error.source().is_some());
}

#[test]
fn several_authorities_in_one_text_and_in_several_calls_are_accepted() {
    let both = Authority::new().pem() + &Authority::new().pem();
    ClientTls::new().ca_pem(both).ca_pem(Authority::new().pem()).prepare().unwrap();
}

#[test]
fn every_mistake_in_an_identity_has_its_own_error() {
    let authority = Authority::new();
    let (one, other) = (authority.client(), authority.client());
    let base = ClientTls::new().ca_pem(authority.pem());
    let with = |chain: &str, key: &str| error_of(&base.clone().identity_pem(chain, key));

    base.clone().identity_pem(one.pem(), one.key_pem()).prepare().unwrap();
    assert!(matches!(with(&one.pem(), &other.key_pem()), TlsConfigError::KeyMismatch));
    assert!(matches!(with(&one.pem(), &one.pem()), TlsConfigError::NoPrivateKey));
    assert!(matches!(
        with(&one.key_pem(), &one.key_pem()),
        TlsConfigError::NoCertificate { option: "identity_pem" }
    ));
    let not_a_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(matches!(with(&one.pem(), not_a_key), TlsConfigError::InvalidPrivateKey { .. }));
}

#[test]
fn keys_appear_in_no_error_and_no_debug_output() {
    let leaf = Authority::new().client();
    let key = leaf.key_pem();
    let secret = key.lines().nth(1).unwrap();
    // Line breaks are what an environment variable or a YAML file loses.
    let one_line = key.replace('\n', "");

    let tls = ClientTls::new().ca_pem(Authority::new().pem());
    for (chain, key) in
        [(&leaf.pem(), &one_line), (&one_line, &key), (&(leaf.pem() + &one_line), &key)]
    {
        let tls = tls.clone().identity_pem(chain, key);
        let error = error_of(&tls);
        let shown = format!("{tls:?} {error:?} {error} {:?}", error.source());
        assert!(!shown.contains(secret), "{shown}");
    }
    let good = tls.identity_pem(leaf.pem(), &key);
    assert!(!format!("{good:?} {:?}", good.prepare().unwrap()).contains(secret));
}

#[test]
fn a_server_name_is_a_dns_name_or_an_ip_address() {
    let tls = ClientTls::new().ca_pem(Authority::new().pem());
    for good in ["greeter.internal", "127.0.0.1", "::1", "localhost"] {
        let prepared = tls.clone().server_name(good).prepare().unwrap();
        assert_eq!(prepared.server_name().unwrap().to_str(), good);
    }
    for bad in ["", "https://greeter.internal", "greeter.internal:443", "a b", "[::1]"] {
        let error = error_of(&tls.clone().server_name(bad));
        assert!(
            matches!(&error, TlsConfigError::InvalidServerName { name, .. } if name == bad),
            "{error:?}"
        );
    }
}

#[test]
#[cfg(not(any(feature = "tls-platform-roots", feature = "tls-webpki-roots")))]
fn without_any_roots_a_client_cannot_be_built() {
    assert!(matches!(error_of(&ClientTls::new()), TlsConfigError::NoRoots));
}

#[test]
#[cfg(feature = "tls-webpki-roots")]
fn compiled_in_roots_need_nothing_of_the_machine() {
    ClientTls::new().webpki_roots().prepare().unwrap();
}

#[test]
#[cfg(all(feature = "tls-platform-roots", feature = "tls-webpki-roots"))]
fn platform_roots_beside_others_may_be_missing() {
    ClientTls::new().platform_roots().webpki_roots().prepare().unwrap();
}

/// Runs itself again in an environment that has no roots, since a process cannot safely change its
/// own.
#[test]
#[cfg(all(target_os = "linux", feature = "tls-platform-roots"))]
fn a_machine_without_roots_is_told_what_to_do() {
    const THIS: &str = "credentials::tests::a_machine_without_roots_is_told_what_to_do";
    const AGAIN: &str = "GRPC_RUNTIME_TEST_WITHOUT_ROOTS";

    if std::env::var_os(AGAIN).is_none() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", THIS])
            .env(AGAIN, "")
            .env("SSL_CERT_FILE", "/nonexistent")
            .env("SSL_CERT_DIR", "/nonexistent")
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
        return;
    }

    for tls in [ClientTls::new(), ClientTls::new().platform_roots()] {
        let error = error_of(&tls);
        assert!(matches!(error, TlsConfigError::NoPlatformRoots { .. }), "{error:?}");
        assert!(error.to_string().contains("`ca-certificates`"), "{error}");
    }
    let beside_others = ClientTls::new().platform_roots().ca_pem(Authority::new().pem());
    beside_others.prepare().unwrap();
}

#[test]
fn the_process_default_provider_is_left_alone() {
    ClientTls::new().ca_pem(Authority::new().pem()).prepare().unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}
