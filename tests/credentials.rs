//! Call credentials on their way: what is sent for them, over which connections they go, and how calls end where there
//! are none.
//!
//! When a token is fetched is tested in grpc-runtime (`credentials/bearer/`).

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use grpc_runtime::credentials::{
    BearerToken, CallCredentials, CredentialsFuture, CredentialsRequest, SecurityLevel, Token,
};
use grpc_runtime::{
    Channel, ChannelBuilder, ClientTls, Code, ConnectivityState, Delivery, Metadata, Origin, Status,
};
use tests::certificates::Certificates;
use tests::client::{all, hello, hellos, said};
use tests::helloworld::GreeterClient;
use tests::server::{CallStart, ClientCertificate, Server};
use tests::within;
use tokio::sync::Semaphore;

fn client(builder: ChannelBuilder) -> GreeterClient {
    GreeterClient::new(builder.build().expect("the settings are right"))
}

/// A server with TLS, and a channel that trusts it.
fn protected() -> (Server, ChannelBuilder) {
    let certificates = Certificates::new(&["greeter.test"]);
    let server = Server::start_tls(&certificates, ClientCertificate::NotAsked);
    let tls = ClientTls::new().ca_pem(&certificates.authority);
    let channel = Channel::builder(server.target()).tls(tls);
    (server, channel)
}

fn token(text: &str) -> BearerToken {
    BearerToken::new(text).expect("it can be sent")
}

fn authorizations(start: &CallStart) -> Vec<&str> {
    start
        .headers
        .get_all("authorization")
        .iter()
        .map(|value| value.to_str().expect("it is text"))
        .collect()
}

/// Gives what a function gives, and needs no protection.
struct Own<F>(F);

impl<F> CallCredentials for Own<F>
where
    F: Fn(&CredentialsRequest<'_>) -> Result<Metadata, Box<dyn Error + Send + Sync>>,
    F: Send + Sync + 'static,
{
    fn metadata<'a>(&'a self, request: &'a CredentialsRequest<'a>) -> CredentialsFuture<'a> {
        let metadata = (self.0)(request);
        Box::pin(async { metadata })
    }

    fn required_security(&self) -> SecurityLevel {
        SecurityLevel::None
    }
}

#[tokio::test]
async fn those_of_the_channel_go_first_and_those_of_the_call_after_them() {
    let (mut server, channel) = protected();
    let greeter = client(channel.call_credentials(token("channel")));
    said(greeter.say_hello(hello("Ada"))).await.unwrap();
    assert_eq!(authorizations(&server.started().await), ["Bearer channel"]);

    said(greeter.say_hello(hello("Ada")).call_credentials(token("call"))).await.unwrap();
    assert_eq!(authorizations(&server.started().await), ["Bearer channel", "Bearer call"]);

    let call = greeter.say_hello(hello("Ada")).metadata("authorization", "Basic own").unwrap();
    said(call).await.unwrap();
    assert_eq!(authorizations(&server.started().await), ["Basic own", "Bearer channel"]);
}

/// On a connection that is there, with a token that is: nothing is waited for, and nothing is left out.
#[tokio::test]
async fn what_is_known_is_sent_at_once() {
    let (mut server, channel) = protected();
    let fetched = BearerToken::fetched(|| async { Ok::<_, Status>(Token::new("fetched")) });
    let greeter = client(channel.call_credentials(fetched).call_credentials(token("fixed")));
    for _ in 0..3 {
        said(greeter.say_hello(hello("Ada"))).await.unwrap();
        assert_eq!(authorizations(&server.started().await), ["Bearer fetched", "Bearer fixed"]);
    }

    struct Panicking;
    impl CallCredentials for Panicking {
        fn metadata<'a>(&'a self, _: &'a CredentialsRequest<'a>) -> CredentialsFuture<'a> {
            Box::pin(async { Ok(Metadata::new()) })
        }

        fn metadata_now(&self) -> Option<Metadata> {
            panic!("not now")
        }
    }
    let call = greeter.say_hello(hello("Ada")).call_credentials(Panicking);
    let status = said(call).await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::Internal, Delivery::NotSent));
    assert!(status.message().contains("not now"), "{status}");

    let mut server = Server::start();
    let channel = Channel::builder(server.target()).plaintext().build().unwrap();
    within("a connection", channel.wait_ready(Duration::from_secs(5))).await.unwrap();
    let call = GreeterClient::new(channel).say_hello(hello("Ada"));
    let status = said(call.call_credentials(token("secret"))).await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::Unauthenticated, Delivery::NotSent));
    assert!(server.events().iter().all(|event| !matches!(event, tests::server::Event::Started(_))));
}

#[tokio::test]
async fn calls_of_every_kind_carry_them() {
    let (mut server, channel) = protected();
    let greeter = client(channel.call_credentials(token("abc")));
    said(greeter.say_hello(hello("Ada"))).await.unwrap();
    all(greeter.list_hellos(hello("Ada")).await.unwrap()).await.unwrap();
    said(greeter.collect_hellos(hellos(["Ada", "Bob"]))).await.unwrap();
    all(greeter.chat_hellos(hellos(["Ada", "Bob"])).await.unwrap()).await.unwrap();
    for _ in 0..4 {
        assert_eq!(authorizations(&server.started().await), ["Bearer abc"]);
    }
}

#[tokio::test]
async fn a_token_does_not_leave_in_plaintext_unless_that_is_said() {
    let mut server = Server::start();
    let plaintext = || Channel::builder(server.target()).plaintext();
    for greeter in [client(plaintext().call_credentials(token("abc"))), client(plaintext())] {
        let call = greeter.say_hello(hello("Ada")).call_credentials(token("secret"));
        let status = said(call).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!((status.origin(), status.delivery()), (Origin::Local, Delivery::NotSent));
        assert!(status.message().contains("allow_plaintext"), "{status}");
        assert!(!status.to_string().contains("secret"));
    }
    let greeter = client(plaintext().call_credentials(token("abc").allow_plaintext()));
    said(greeter.say_hello(hello("Ada"))).await.unwrap();
    let start = server.started().await;
    assert_eq!(authorizations(&start), ["Bearer abc"], "the first that was sent");
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_safe() {
    let mut server = Server::start_unix();
    let channel = Channel::builder(server.target()).plaintext();
    let greeter = client(channel.call_credentials(token("abc")));
    said(greeter.say_hello(hello("Ada"))).await.unwrap();
    assert_eq!(authorizations(&server.started().await), ["Bearer abc"]);
}

#[tokio::test]
async fn a_connector_says_how_safe_its_streams_are() {
    #[derive(Clone)]
    struct Tunnel(SecurityLevel, std::net::SocketAddr);

    impl grpc_runtime::Connector for Tunnel {
        fn connect<'a>(&'a self, _: &'a grpc_runtime::Address) -> grpc_runtime::ConnectFuture<'a> {
            Box::pin(async {
                let stream = tokio::net::TcpStream::connect(self.1).await?;
                Ok(Box::new(stream) as Box<dyn grpc_runtime::IoStream>)
            })
        }

        fn security_level(&self, _: &grpc_runtime::Address) -> SecurityLevel {
            self.0
        }
    }

    let server = Server::start();
    for (level, code) in [
        (SecurityLevel::PrivacyAndIntegrity, None),
        (SecurityLevel::IntegrityOnly, Some(Code::Unauthenticated)),
    ] {
        let channel = Channel::builder("passthrough:///tunnel")
            .plaintext()
            .connector(Tunnel(level, server.address()))
            .call_credentials(token("abc"));
        let outcome = said(client(channel).say_hello(hello("Ada"))).await;
        assert_eq!(outcome.err().map(|status| status.code()), code, "{level}");
    }
}

#[tokio::test]
async fn they_know_the_method_the_audience_and_the_connection() {
    let (mut server, channel) = protected();
    let port = server.target().rsplit(':').next().unwrap().to_owned();
    let own = Own(|request: &CredentialsRequest<'_>| {
        let mut metadata = Metadata::new();
        metadata.insert("x-audience", request.audience())?;
        metadata.insert("x-method", request.method().path())?;
        metadata.insert("x-level", request.security_level().to_string())?;
        Ok(metadata)
    });
    let greeter = client(channel.call_credentials(own));
    said(greeter.say_hello(hello("Ada"))).await.unwrap();
    let start = server.started().await;
    let audience = format!("https://localhost:{port}/helloworld.Greeter");
    assert_eq!(start.header("x-audience"), Some(&*audience));
    assert_eq!(start.header("x-method"), Some("/helloworld.Greeter/SayHello"));
    assert_eq!(start.header("x-level"), Some("privacy and integrity"));

    let call = greeter.say_hello(hello("Ada")).authority("greeter.test:443").unwrap();
    said(call).await.unwrap();
    let start = server.started().await;
    assert_eq!(start.header("x-audience"), Some("https://greeter.test/helloworld.Greeter"));
}

#[tokio::test]
async fn a_failure_of_theirs_ends_the_call_unsent() {
    let mut server = Server::start();
    type Failing = fn() -> Box<dyn Error + Send + Sync>;
    let cases: [(Failing, Code, &str); 5] = [
        (|| Status::unavailable("asleep").into(), Code::Unavailable, "asleep"),
        (|| Status::permission_denied("not you").into(), Code::PermissionDenied, "not you"),
        // gRFC A54.
        (|| Status::not_found("no key").into(), Code::Internal, "which only servers may do"),
        (|| "out of ink".into(), Code::Unauthenticated, "out of ink"),
        (|| Metadata::new().insert("x y", "z").unwrap_err().into(), Code::Internal, "metadata key"),
    ];
    for (error, code, text) in cases {
        let channel = Channel::builder(server.target()).plaintext();
        let greeter =
            client(channel.call_credentials(Own(move |_: &CredentialsRequest<'_>| Err(error()))));
        let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        assert_eq!(status.delivery(), Delivery::NotSent);
        assert!(status.to_string().contains(text), "{status}");
    }
    let channel = Channel::builder(server.target()).plaintext();
    let panicking = Own(|request: &CredentialsRequest<'_>| panic!("at {}", request.audience()));
    let status = said(client(channel.call_credentials(panicking)).say_hello(hello("Ada"))).await;
    let status = status.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("panicked: at https://127.0.0.1"), "{status}");
    assert!(server.events().iter().all(|event| !matches!(event, tests::server::Event::Started(_))));
}

#[tokio::test]
async fn each_attempt_asks_them_and_the_policy_retries_their_failures() {
    let mut server = Server::start();
    server.fail_next(tonic::Status::unavailable("busy"));
    let asked = Arc::new(AtomicU32::new(0));
    let asking = Arc::clone(&asked);
    let own = Own(move |_: &CredentialsRequest<'_>| {
        let number = asking.fetch_add(1, Ordering::SeqCst) + 1;
        if number == 2 {
            return Err(Status::unavailable("asleep").into());
        }
        let mut metadata = Metadata::new();
        metadata.insert("x-number", number.to_string())?;
        Ok(metadata)
    });
    let policy = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {
        "maxAttempts": 4, "initialBackoff": "0.01s", "maxBackoff": "0.01s", "backoffMultiplier": 1,
        "retryableStatusCodes": ["UNAVAILABLE"]
    }}]}"#;
    let channel = Channel::builder(server.target())
        .plaintext()
        .default_service_config(policy)
        .call_credentials(own);
    said(client(channel).say_hello(hello("Ada"))).await.unwrap();
    assert_eq!(server.started().await.header("x-number"), Some("1"));
    assert_eq!(server.started().await.header("x-number"), Some("3"));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

/// A token that comes when a permit is added.
fn gated() -> (BearerToken, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let opening = Arc::clone(&gate);
    let credentials = BearerToken::fetched(move || {
        let gate = Arc::clone(&opening);
        async move {
            gate.acquire().await?.forget();
            Ok::<_, tokio::sync::AcquireError>(Token::new("late"))
        }
    });
    (credentials.allow_plaintext(), gate)
}

#[tokio::test]
async fn waiting_for_them_counts_against_the_deadline() {
    let server = Server::start();
    let (credentials, _gate) = gated();
    let channel = Channel::builder(server.target()).plaintext().call_credentials(credentials);
    let call = client(channel).say_hello(hello("Ada")).timeout(Duration::from_millis(100));
    let status = said(call).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().contains("waited for its credentials"), "{status}");
    assert_eq!(status.delivery(), Delivery::NotSent);
}

#[tokio::test]
async fn closing_the_channel_ends_the_wait() {
    let server = Server::start();
    let (credentials, _gate) = gated();
    let builder = Channel::builder(server.target()).plaintext();
    let channel = builder.call_credentials(credentials).build().unwrap();
    within("a connection", channel.wait_ready(Duration::from_secs(5))).await.unwrap();
    let greeter = GreeterClient::new(channel.clone());
    let closing = async {
        tokio::task::yield_now().await;
        channel.close();
    };
    let (outcome, ()) = tokio::join!(said(greeter.say_hello(hello("Ada"))), closing);
    assert_eq!(outcome.unwrap_err().code(), Code::Cancelled);
}

/// A server that restarts while a call waits for its token is simply called on the new connection.
#[tokio::test]
async fn the_connection_may_go_while_they_are_waited_for() {
    let mut server = Server::start();
    let (credentials, gate) = gated();
    let (channel, greeter) = tests::client::open(
        tests::client::impatient(server.target()).call_credentials(credentials),
    );
    within("a connection", channel.wait_ready(Duration::from_secs(5))).await.unwrap();
    let mut changes = channel.state_changes();
    let restarting = async {
        tokio::task::yield_now().await;
        server.kill();
        within("the loss", async {
            while changes.next().await.expect("it is open").state != ConnectivityState::Idle {}
        })
        .await;
        server.restart();
        gate.add_permits(1);
    };
    let call = greeter.say_hello(hello("Ada")).wait_for_ready(true);
    let (outcome, ()) = tokio::join!(said(call), restarting);
    outcome.unwrap();
    assert_eq!(authorizations(&server.started().await), ["Bearer late"]);
}
