//! Attempt interceptors against real servers: each attempt is seen, with its number and its server, and ends once,
//! whatever ends it.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use grpc_runtime::credentials::{BearerToken, SecurityLevel};
use grpc_runtime::lb::Endpoint;
use grpc_runtime::resolver::ManualResolver;
use grpc_runtime::{
    Address, Attempt, AttemptInterceptor, Attributes, Channel, ChannelBuilder, Code, Delivery,
    Status,
};
use tests::client::{all, hello, hellos, impatient, said, spreading};
use tests::helloworld::GreeterClient;
use tests::peer::{Peer, code, message};
use tests::server::{Behaviour, Event, Server};
use tests::within;

/// What an interceptor saw, in order.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn push(&self, line: String) {
        self.0.lock().expect("no test panics under it").push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no test panics under it"))
    }

    /// Notes the number and the server of each attempt, and the code of its end.
    fn interceptor(&self) -> impl AttemptInterceptor {
        let seen = self.clone();
        move |attempt: &mut Attempt<'_>| {
            let number = attempt.number();
            seen.push(format!("{number} at {}", attempt.peer()));
            attempt.metadata_mut().insert("x-number", number.to_string())?;
            let seen = seen.clone();
            attempt.on_end(move |end| {
                let code = end.outcome.err().map_or(Code::Ok, Status::code);
                let (sent, received) = (end.is_sent, end.is_received);
                seen.push(format!("{number}: {code}, sent {sent}, received {received}"));
            });
            Ok(())
        }
    }
}

const POLICY: &str = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {
    "maxAttempts": 4, "initialBackoff": "0.01s", "maxBackoff": "0.01s", "backoffMultiplier": 1,
    "retryableStatusCodes": ["UNAVAILABLE"]
}}]}"#;

fn retrying(server: &Server) -> ChannelBuilder {
    Channel::builder(server.target()).plaintext().default_service_config(POLICY)
}

fn client(builder: ChannelBuilder) -> GreeterClient {
    GreeterClient::new(builder.build().expect("the settings are right"))
}

#[tokio::test]
async fn three_attempts_are_seen_with_their_numbers_and_their_ends() {
    let mut server = Server::start();
    for _ in 0..2 {
        server.fail_next(tonic::Status::unavailable("busy"));
    }
    let seen = Seen::default();
    let greeter = client(retrying(&server).attempt_interceptor(seen.interceptor()));
    said(greeter.say_hello(hello("Ada"))).await.unwrap();
    let at = server.address();
    assert_eq!(
        seen.take(),
        [
            format!("1 at {at}"),
            "1: UNAVAILABLE, sent true, received true".to_owned(),
            format!("2 at {at}"),
            "2: UNAVAILABLE, sent true, received true".to_owned(),
            format!("3 at {at}"),
            "3: OK, sent true, received true".to_owned(),
        ]
    );
    for number in ["1", "2", "3"] {
        assert_eq!(server.started().await.header("x-number"), Some(number));
    }
}

#[tokio::test]
async fn attempts_at_several_servers_name_each() {
    let servers = [Server::start(), Server::start()];
    for server in &servers {
        server.fail_next(tonic::Status::unavailable("busy"));
    }
    let addresses = servers.each_ref().map(Server::address);
    let target = format!("ipv4:{},{}", addresses[0], addresses[1]);
    let seen = Seen::default();
    let builder = spreading(target).default_service_config(POLICY);
    let (channel, greeter) = tests::client::open(builder.attempt_interceptor(seen.interceptor()));
    within("both", channel.wait_ready(Duration::from_secs(5))).await.unwrap();
    within("a call by way of both", async {
        // Until the other one is connected as well, all goes to the first.
        loop {
            said(greeter.say_hello(hello("Ada"))).await.unwrap();
            let lines = seen.take();
            let at = |address: &SocketAddr| {
                lines.iter().any(|line| line.ends_with(&format!("at {address}")))
            };
            if addresses.iter().all(at) {
                break;
            }
        }
    })
    .await;
}

/// The slow attempt and the hedge are both seen, and the one that loses ends when it is let go.
#[tokio::test]
async fn hedged_attempts_are_seen_side_by_side() {
    let slow = Server::start();
    let fast = Server::start();
    slow.behave(Behaviour::new().never_answer());
    let target = format!("ipv4:{},{}", slow.address(), fast.address());
    let policy = r#"{"methodConfig": [{"name": [{}], "hedgingPolicy": {
        "maxAttempts": 2, "hedgingDelay": "0.02s"
    }}]}"#;
    let seen = Seen::default();
    let builder = spreading(target).default_service_config(policy);
    let (channel, greeter) = tests::client::open(builder.attempt_interceptor(seen.interceptor()));
    within("a connection", channel.wait_ready(Duration::from_secs(5))).await.unwrap();
    within("a call that is hedged", async {
        loop {
            // The slow one may be the only one that is connected.
            let call = greeter.say_hello(hello("Ada")).timeout(Duration::from_secs(1));
            if said(call).await.is_err() || slow.counts().started == 0 {
                seen.take();
                continue;
            }
            let lines = seen.take();
            if lines.len() == 4 {
                assert_eq!(lines[0], format!("1 at {}", slow.address()));
                assert_eq!(lines[1], format!("2 at {}", fast.address()));
                let mut ends = [&*lines[2], &*lines[3]];
                ends.sort_unstable();
                let lost = "1: CANCELLED, sent true, received false";
                assert_eq!(ends, [lost, "2: OK, sent true, received true"]);
                break;
            }
        }
    })
    .await;
}

/// A server that refuses the stream has not looked at it: the call goes on by itself, and both attempts are seen.
#[tokio::test]
async fn a_transparent_retry_is_an_attempt_of_the_same_number() {
    let peer = Peer::script()
        .accept()
        .preface()
        .settings([])
        .read_headers()
        .rst(code::REFUSED_STREAM)
        .read_headers()
        .headers([(":status", "200"), ("content-type", "application/grpc")])
        .data(&message(&[]))
        .trailers([("grpc-status", "0")])
        .play();
    let seen = Seen::default();
    let channel = Channel::builder(peer.target()).plaintext();
    let greeter = client(channel.attempt_interceptor(seen.interceptor()));
    said(greeter.say_hello(hello("Ada"))).await.unwrap();
    let lines = seen.take();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(lines[1], "1: UNAVAILABLE, sent true, received false");
    assert_eq!(lines[3], "1: OK, sent true, received true");
}

#[tokio::test]
async fn an_attempt_may_be_failed_and_the_policy_decides_what_follows() {
    let mut server = Server::start();
    let refusing = |code: Code, times: u32| {
        move |attempt: &mut Attempt<'_>| match attempt.number() <= times {
            true => Err(Status::new(code, "not this one")),
            false => Ok(()),
        }
    };
    let (before, after) = (Seen::default(), Seen::default());
    let builder = retrying(&server)
        .attempt_interceptor(before.interceptor())
        .attempt_interceptor(refusing(Code::Unavailable, 2))
        .attempt_interceptor(after.interceptor());
    said(client(builder).say_hello(hello("Ada"))).await.unwrap();
    assert_eq!(server.counts().started, 1);
    assert_eq!(before.take().len(), 6);
    assert_eq!(after.take().len(), 2, "what is failed goes no further");
    server.events();

    // The same where the connection is there already, so that the first attempt begins with the call.
    let builder = retrying(&server).attempt_interceptor(refusing(Code::Unavailable, 2));
    let (channel, greeter) = tests::client::open(builder);
    within("a connection", channel.wait_ready(Duration::from_secs(5))).await.unwrap();
    said(greeter.say_hello(hello("Ada"))).await.unwrap();
    assert_eq!(server.counts().started, 2);
    server.events();

    // Any code will do, and where the policy says nothing of it, it is the end.
    let builder = retrying(&server).attempt_interceptor(refusing(Code::NotFound, 9));
    let status = said(client(builder).say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "not this one"));
    assert_eq!(status.delivery(), Delivery::NotSent);
    assert_eq!(status.peer(), Some(&*server.address().to_string()));

    let panicking = |attempt: &mut Attempt<'_>| panic!("at {}", attempt.number());
    let builder =
        retrying(&server).attempt_interceptor(before.interceptor()).attempt_interceptor(panicking);
    let status = said(client(builder).say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!(status.message(), "an attempt interceptor panicked: at 1");
    assert_eq!(before.take()[1], "1: INTERNAL, sent false, received false");
    assert!(!server.events().iter().any(|event| matches!(event, Event::Started(_))));
}

#[tokio::test]
async fn it_sees_the_endpoint_the_call_and_the_credentials() {
    #[derive(Debug, PartialEq)]
    struct Zone(&'static str);

    let server = Server::start();
    let resolver = ManualResolver::new("zoned");
    let attributes = Attributes::new().with(Zone("b"));
    let endpoint = Endpoint::new(Address::Tcp(server.address()));
    resolver.set_endpoints([endpoint.with_connection_attributes(attributes)]);
    let seen = Seen::default();
    let noting = seen.clone();
    let channel = impatient("zoned:///greeter")
        .resolver(resolver)
        .call_credentials(BearerToken::new("abc").unwrap().allow_plaintext())
        .attempt_interceptor(move |attempt: &mut Attempt<'_>| {
            assert_eq!(attempt.attributes().get::<Zone>(), Some(&Zone("b")));
            assert_eq!(attempt.security_level(), SecurityLevel::None);
            assert_eq!(attempt.method().path(), "/helloworld.Greeter/SayHello");
            assert_eq!(attempt.options().metadata.get("x-tenant"), Some("a"));
            assert_eq!(attempt.metadata().get("authorization"), Some("Bearer abc"));
            assert!(attempt.deadline().is_some());
            assert!(!format!("{attempt:?}").contains("abc"));
            noting.push("seen".to_owned());
            Ok(())
        });
    let call = client(channel)
        .say_hello(hello("Ada"))
        .timeout(Duration::from_secs(5))
        .metadata("x-tenant", "a")
        .unwrap();
    said(call).await.unwrap();
    assert_eq!(seen.take(), ["seen"]);
}

#[tokio::test]
async fn an_end_is_told_once_whatever_it_was() {
    let mut server = Server::start();
    let seen = Seen::default();
    let greeter = client(
        Channel::builder(server.target()).plaintext().attempt_interceptor(seen.interceptor()),
    );
    let ended = |with: &str| {
        let lines = seen.take();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[1].starts_with(&format!("1: {with}, sent true")), "{lines:?}");
    };

    drop(greeter.say_hello(hello("Ada")).into_future());
    assert!(seen.take().is_empty(), "nothing began");

    said(greeter.collect_hellos(hellos(["Ada"]))).await.unwrap();
    ended("OK");
    all(greeter.list_hellos(hello("Ada")).await.unwrap()).await.unwrap();
    ended("OK");

    let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    within("a reply", replies.message()).await.unwrap();
    drop(replies);
    ended("CANCELLED");

    server.behave(Behaviour::new().fail(tonic::Status::not_found("nobody")));
    said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    ended("NOT_FOUND");

    server.behave(Behaviour::new().stall_after_headers());
    let call = greeter.say_hello(hello("Ada")).timeout(Duration::from_millis(50));
    said(call).await.unwrap_err();
    ended("DEADLINE_EXCEEDED");

    server.events();
    let lost = said(greeter.say_hello(hello("Ada")));
    let killing = async {
        server.started().await;
        server.kill();
    };
    let (outcome, ()) = tokio::join!(lost, killing);
    outcome.unwrap_err();
    ended("UNAVAILABLE");
}

/// Given up after each number of polls that it takes: what began has ended, and nothing twice.
#[tokio::test]
async fn an_end_is_told_once_wherever_the_call_is_dropped() {
    let server = Server::start();
    server.fail_next(tonic::Status::unavailable("busy"));
    let seen = Seen::default();
    let builder = retrying(&server)
        .call_credentials(
            BearerToken::fetched(|| async {
                tokio::task::yield_now().await;
                Ok::<_, Status>(grpc_runtime::credentials::Token::new("a"))
            })
            .allow_plaintext(),
        )
        .attempt_interceptor(seen.interceptor());
    let channel = builder.build().unwrap();
    within("a connection", channel.wait_ready(Duration::from_secs(5))).await.unwrap();
    let greeter = GreeterClient::new(channel);
    for most in 0..200 {
        let mut polls = 0;
        let is_done = {
            let mut call = Box::pin(said(greeter.say_hello(hello("Ada"))));
            poll_fn(|context| {
                if polls == most {
                    return Poll::Ready(false);
                }
                polls += 1;
                call.as_mut().poll(context).map(|_| true)
            })
            .await
        };
        let lines = seen.take();
        let began = lines.iter().filter(|line| line.contains(" at ")).count();
        assert_eq!(lines.len(), began * 2, "after {most} polls: {lines:?}");
        if is_done {
            return;
        }
    }
    panic!("the call does not end");
}
