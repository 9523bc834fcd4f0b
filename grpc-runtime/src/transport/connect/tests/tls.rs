//! TLS handshakes with a real server and certificates made on the spot: what works, and what each
//! way of failing is called.

use std::error::Error as _;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;

use rustls::{HandshakeKind, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

#[cfg(unix)]
use super::Directory;
use super::{NONE, bounded, exchange, listener};
use crate::ClientTls;
use crate::address::Address;
use crate::credentials::Security;
use crate::credentials::tests::fixtures::Authority;
use crate::transport::connect::io::Io;
use crate::transport::connect::{ConnectError, ConnectPhase, Dialer, MemoryConnector};

const H2: &[&str] = &["h2"];

fn dialer(tls: &ClientTls) -> Dialer {
    Dialer::new(Security::Tls(tls.prepare().unwrap()))
}

/// One attempt over loopback TCP, client and server side by side.
async fn attempt(
    dialer: &Dialer,
    authority: &str,
    server: Arc<ServerConfig>,
) -> (Result<Io, ConnectError>, io::Result<TlsStream<TcpStream>>) {
    bounded(async {
        let (listener, address) = listener().await;
        let serve = async {
            let (stream, _) = listener.accept().await?;
            TlsAcceptor::from(server).accept(stream).await
        };
        tokio::join!(dialer.connect(&address, NONE, authority), serve)
    })
    .await
}

/// An attempt that must fail, and how it did.
async fn failure(tls: &ClientTls, authority: &str, server: Arc<ServerConfig>) -> ConnectError {
    attempt(&dialer(tls), authority, server).await.0.expect_err("the server is not acceptable")
}

fn assert_says(error: &ConnectError, phase: ConnectPhase, words: &[&str]) {
    assert_eq!(error.phase(), phase, "{error}");
    let shown = error.to_string();
    assert!(shown.contains(&error.address().to_string()), "{shown}");
    for word in words {
        assert!(shown.contains(word), "{word:?} is missing in: {shown}");
    }
}

#[tokio::test]
async fn a_trusted_server_is_talked_to() {
    let authority = Authority::new();
    let server = authority.server("localhost").serve(H2, None);
    let dialer = dialer(&ClientTls::new().ca_pem(authority.pem()));

    let (client, server) = attempt(&dialer, "localhost:50051", server).await;
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    assert!(client.is_write_vectored());
    bounded(exchange(&mut client, &mut server)).await.unwrap();

    let slices = [IoSlice::new(b"vec"), IoSlice::new(b"tored")];
    let written =
        bounded(poll_fn(|cx| Pin::new(&mut client).poll_write_vectored(cx, &slices))).await;
    assert_eq!(written.unwrap(), 8, "both slices go into one record");
    bounded(client.shutdown()).await.unwrap();
    let mut received = String::new();
    bounded(server.read_to_string(&mut received)).await.unwrap();
    assert_eq!(received, "vectored");
}

#[tokio::test]
async fn ip_addresses_are_verified_too() {
    let authority = Authority::new();
    let tls = dialer(&ClientTls::new().ca_pem(authority.pem()));
    for (name, as_authority) in [("127.0.0.1", "127.0.0.1:1"), ("::1", "[::1]:1")] {
        let server = authority.server(name).serve(H2, None);
        attempt(&tls, as_authority, server).await.0.unwrap();
    }
}

#[tokio::test]
async fn the_second_connection_of_a_channel_resumes_the_session() {
    let authority = Authority::new();
    let server = authority.server("localhost").serve(H2, None);
    let dialer = dialer(&ClientTls::new().ca_pem(authority.pem()));

    for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let (client, peer) = attempt(&dialer.clone(), "localhost", Arc::clone(&server)).await;
        let (mut client, mut peer) = (client.unwrap(), peer.unwrap());
        // The ticket for next time arrives with the first bytes.
        bounded(exchange(&mut client, &mut peer)).await.unwrap();
        assert_eq!(peer.get_ref().1.handshake_kind(), Some(expected));
    }
}

#[tokio::test]
async fn custom_authorities_replace_the_default_roots_and_join_named_ones() {
    let authority = Authority::new();
    let server = || authority.server("localhost").serve(H2, None);

    let named = ClientTls::new().ca_pem(Authority::new().pem());
    let error = failure(&named, "localhost", server()).await;
    assert_says(&error, ConnectPhase::TlsHandshake, &["not trusted", "ClientTls::ca_pem"]);

    #[cfg(feature = "tls-webpki-roots")]
    {
        let error = failure(&ClientTls::new().webpki_roots(), "localhost", server()).await;
        assert_says(&error, ConnectPhase::TlsHandshake, &["not trusted", "ClientTls::ca_pem"]);
        let both = dialer(&ClientTls::new().webpki_roots().ca_pem(authority.pem()));
        attempt(&both, "localhost", server()).await.0.unwrap();
    }
    #[cfg(feature = "tls-platform-roots")]
    {
        let both = ClientTls::new().platform_roots().ca_pem(authority.pem());
        attempt(&dialer(&both), "localhost", server()).await.0.unwrap();
        let error = failure(&both, "elsewhere.test", server()).await;
        assert_says(&error, ConnectPhase::TlsHandshake, &["localhost", "elsewhere.test"]);
    }
}

#[tokio::test]
async fn an_authority_made_anew_under_its_old_name_is_told_apart() {
    let (old, new) = (Authority::named("ours"), Authority::named("ours"));
    let server = new.server("localhost").serve(H2, None);
    let error = failure(&ClientTls::new().ca_pem(old.pem()), "localhost", server).await;
    assert_says(&error, ConnectPhase::TlsHandshake, &["made anew", "ClientTls::ca_pem"]);
}

#[tokio::test]
async fn a_wrong_name_is_told_with_both_names_and_can_be_overridden() {
    let authority = Authority::new();
    let server = || authority.server("greeter.test").serve(H2, None);
    let tls = ClientTls::new().ca_pem(authority.pem());

    let error = failure(&tls, "localhost:50051", server()).await;
    assert_says(
        &error,
        ConnectPhase::TlsHandshake,
        &["is for greeter.test, not for localhost", "ClientTls::server_name"],
    );
    let tls: &rustls::Error = error.source().unwrap().downcast_ref().unwrap();
    assert!(matches!(tls, rustls::Error::InvalidCertificate(_)), "{tls:?}");

    let named = ClientTls::new().ca_pem(authority.pem()).server_name("greeter.test");
    attempt(&dialer(&named), "localhost:50051", server()).await.0.unwrap();
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let server = authority.expired("localhost").serve(H2, None);
    let error = failure(&ClientTls::new().ca_pem(authority.pem()), "localhost", server).await;
    assert_says(&error, ConnectPhase::TlsHandshake, &["renew", "clock"]);
}

#[tokio::test]
async fn certificates_for_another_purpose_are_refused() {
    let authority = Authority::new();
    let tls = ClientTls::new().ca_pem(authority.pem());
    let error = failure(&tls, "client.test", authority.client().serve(H2, None)).await;
    assert_says(&error, ConnectPhase::TlsHandshake, &["serverAuth"]);
    let error = failure(&tls, "localhost", authority.as_leaf().serve(H2, None)).await;
    assert_says(&error, ConnectPhase::TlsHandshake, &["CA:FALSE"]);
}

#[tokio::test]
async fn a_server_that_does_not_choose_h2_is_refused() {
    let authority = Authority::new();
    let tls = ClientTls::new().ca_pem(authority.pem());
    for alpn in [&[][..], &["http/1.1"]] {
        let server = authority.server("localhost").serve(alpn, None);
        let error = failure(&tls, "localhost", server).await;
        assert_says(&error, ConnectPhase::Alpn, &["`h2`", "ALPN"]);
    }
}

#[tokio::test]
async fn a_server_without_tls_is_recognised() {
    bounded(async {
        let tls = dialer(&ClientTls::new().ca_pem(Authority::new().pem()));
        // What such a server does with a ClientHello: answer in its own language, or hang up.
        let http2_settings = &[0, 0, 0, 4, 0, 0, 0, 0, 0][..];
        for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], http2_settings, b""] {
            let (listener, address) = listener().await;
            let serve = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.read_u8().await.unwrap();
                stream.write_all(answer).await.unwrap();
                stream.shutdown().await.unwrap();
                stream
            };
            let (client, _server) = tokio::join!(tls.connect(&address, NONE, "localhost"), serve);
            assert_says(&client.unwrap_err(), ConnectPhase::TlsHandshake, &[".plaintext()"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_certificate_is_presented_when_asked_for() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let server = servers.server("localhost").serve(H2, Some(&clients));
    let leaf = clients.client();
    let tls = ClientTls::new().ca_pem(servers.pem()).identity_pem(leaf.pem(), leaf.key_pem());

    let (client, server) = attempt(&dialer(&tls), "localhost", server).await;
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    assert_eq!(server.get_ref().1.peer_certificates().map(<[_]>::len), Some(1));
    bounded(exchange(&mut client, &mut server)).await.unwrap();
}

#[tokio::test]
async fn a_missing_or_foreign_client_certificate_is_told_on_the_first_read() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let foreign = Authority::new().client();
    let missing = ClientTls::new().ca_pem(servers.pem());
    let refused = missing.clone().identity_pem(foreign.pem(), foreign.key_pem());

    for (tls, words) in [(missing, "wants a client certificate"), (refused, "refused the client")] {
        let server = servers.server("localhost").serve(H2, Some(&clients));
        let (client, server) = attempt(&dialer(&tls), "localhost", server).await;
        assert!(server.is_err());
        // TLS 1.3: the client has finished before the server looks at its certificate.
        let error = bounded(client.unwrap().read_u8()).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("ClientTls::identity_pem"), "{error}");
        let alert = error.get_ref().and_then(|error| error.source());
        assert!(alert.is_some_and(|alert| alert.to_string().contains("alert")), "{alert:?}");
    }
}

#[tokio::test]
async fn a_host_that_no_certificate_can_name_is_refused_with_the_way_out() {
    let authority = Authority::new();
    let server = || authority.server("localhost").serve(H2, None);
    let tls = ClientTls::new().ca_pem(authority.pem());
    let (client, _) = attempt(&dialer(&tls), "%2Frun%2Fgreeter.sock", server()).await;
    assert_says(
        &client.unwrap_err(),
        ConnectPhase::TlsHandshake,
        &["%2Frun%2Fgreeter.sock", "ClientTls::server_name"],
    );
}

#[tokio::test]
async fn tls_runs_on_every_kind_of_socket() {
    let authority = Authority::new();
    let config = authority.server("localhost").serve(H2, None);
    let dialer = dialer(&ClientTls::new().ca_pem(authority.pem()));

    bounded(async {
        let (connector, mut listener) = MemoryConnector::pair();
        let in_memory = dialer.clone().with_connector(Arc::new(connector));
        let address = Address::Custom("greeter".into());
        let serve = async {
            let stream: DuplexStream = listener.accept().await.unwrap();
            TlsAcceptor::from(Arc::clone(&config)).accept(stream).await.unwrap()
        };
        let (client, mut server) =
            tokio::join!(in_memory.connect(&address, NONE, "localhost"), serve);
        exchange(&mut client.unwrap(), &mut server).await.unwrap();
    })
    .await;

    #[cfg(unix)]
    bounded(async {
        let directory = Directory::new("tls_on_unix");
        let path = directory.0.join("server.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let address = Address::Unix(path);
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            TlsAcceptor::from(config).accept(stream).await.unwrap()
        };
        let (client, mut server) = tokio::join!(dialer.connect(&address, NONE, "localhost"), serve);
        exchange(&mut client.unwrap(), &mut server).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn dropping_an_attempt_closes_its_socket() {
    bounded(async {
        let (listener, address) = listener().await;
        let dialer = dialer(&ClientTls::new().ca_pem(Authority::new().pem()));
        let mut connecting = Box::pin(dialer.connect(&address, NONE, "localhost"));
        let mut stream = tokio::select! {
            biased;
            accepted = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.read_u8().await.unwrap();
                stream
            } => accepted,
            ended = &mut connecting => panic!("the server said nothing: {ended:?}"),
        };
        drop(connecting);
        let mut rest = Vec::new();
        // The rest of the ClientHello, and then the end.
        stream.read_to_end(&mut rest).await.unwrap();
    })
    .await;
}
