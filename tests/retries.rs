//! Retries against a real server that fails as it is told: by policy, by the server's word, and where there is none.
//!
//! What is decided when is tested in grpc-runtime (`retry/`); here, that calls of each kind come through it whole.

use std::time::Duration;

use grpc_runtime::service_config::{CodeSet, MethodConfig, RetryPolicy, ServiceConfig};
use grpc_runtime::{Channel, ChannelBuilder, Code, Method as _, outbound};
use tests::helloworld::{GreeterClient, HelloRequest, greeter};
use tests::server::{Behaviour, Server};
use tests::within;
use tonic::Status;

const POLICY: &str = r#"{"methodConfig": [{
    "name": [{}],
    "retryPolicy": {
        "maxAttempts": 4,
        "initialBackoff": "0.01s",
        "maxBackoff": "0.01s",
        "backoffMultiplier": 1,
        "retryableStatusCodes": ["UNAVAILABLE"]
    }
}]}"#;

fn retrying(server: &Server) -> ChannelBuilder {
    Channel::builder(server.target()).plaintext().default_service_config(POLICY)
}

fn client(builder: ChannelBuilder) -> GreeterClient {
    GreeterClient::new(builder.build().expect("the settings are right"))
}

fn ada() -> HelloRequest {
    HelloRequest { name: "Ada".to_owned() }
}

fn busy() -> Status {
    Status::unavailable("busy")
}

/// The attempts that came, by the number that each says went before it.
fn attempts(server: &mut Server) -> Vec<Option<String>> {
    server
        .events()
        .iter()
        .filter_map(|event| match event {
            tests::server::Event::Started(start) => {
                Some(start.header("grpc-previous-rpc-attempts").map(str::to_owned))
            }
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_call_that_fails_on_the_way_comes_through() {
    let mut server = Server::start();
    for _ in 0..2 {
        server.fail_next(busy());
    }
    let greeter = client(retrying(&server));
    let (told, end) = std::sync::mpsc::channel();
    let call = greeter.say_hello(ada()).on_end(move |ended| {
        told.send((ended.peer().map(str::to_owned), ended.attempts())).expect("it is told once");
    });
    let reply = within("the third attempt", async { call.send().await }).await.unwrap();
    assert_eq!(reply.message().message, "Hello, Ada!");
    assert_eq!(reply.attempts(), 3);
    assert_eq!(end.recv(), Ok((Some(server.address().to_string()), Some(3))));
    assert_eq!(attempts(&mut server), [None, Some("1".to_owned()), Some("2".to_owned())]);
}

#[tokio::test]
async fn after_the_last_attempt_the_status_says_how_many_there_were() {
    let mut server = Server::start();
    for _ in 0..9 {
        server.fail_next(busy());
    }
    let greeter = client(retrying(&server));
    let status =
        within("four attempts", async { greeter.say_hello(ada()).await }).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "max retries exhausted: failed after 4 attempts: busy");
    assert_eq!(status.attempts(), 4);
    assert_eq!(attempts(&mut server).len(), 4);

    let greeter = client(retrying(&server).max_call_attempts(2));
    let status =
        within("two attempts", async { greeter.say_hello(ada()).await }).await.unwrap_err();
    assert!(status.message().contains("after 2 attempts"), "{status}");

    let greeter = client(retrying(&server).disable_retry());
    let status = within("one attempt", async { greeter.say_hello(ada()).await }).await.unwrap_err();
    assert_eq!(status.message(), "busy");
}

#[tokio::test]
async fn a_policy_may_be_written_in_rust() {
    let mut server = Server::start();
    server.fail_next(busy());
    let policy = RetryPolicy::new(2, CodeSet::of(&[Code::Unavailable])).expect("two is enough");
    let method = greeter::SayHello::DESCRIPTOR;
    let config = ServiceConfig::new().for_method(method, MethodConfig::new().with_retry(policy));
    let channel = Channel::builder(server.target()).plaintext().default_service_config(config);
    let greeter = client(channel);
    within("the retry", async { greeter.say_hello(ada()).await }).await.unwrap();
    assert_eq!(attempts(&mut server).len(), 2);
}

#[tokio::test]
async fn other_codes_are_the_end() {
    let mut server = Server::start();
    server.fail_next(Status::not_found("nobody"));
    let greeter = client(retrying(&server));
    let status = within("one attempt", async { greeter.say_hello(ada()).await }).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "nobody"));
    assert_eq!(attempts(&mut server).len(), 1);
}

#[tokio::test]
async fn the_server_may_say_when_and_may_say_no() {
    let mut server = Server::start();
    let pushed_back = |value: &str| {
        let mut status = Status::unavailable("busy");
        status.metadata_mut().insert("grpc-retry-pushback-ms", value.parse().unwrap());
        status
    };
    let greeter = client(retrying(&server));
    server.fail_next(pushed_back("150"));
    let before = std::time::Instant::now();
    within("the retry", async { greeter.say_hello(ada()).await }).await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(150));
    assert_eq!(attempts(&mut server).len(), 2);

    server.fail_next(pushed_back("-1"));
    let status = within("no retry", async { greeter.say_hello(ada()).await }).await.unwrap_err();
    assert_eq!(status.message(), "not retried: the server asked not to: busy");
    assert_eq!(attempts(&mut server).len(), 1);
}

#[tokio::test]
async fn a_server_stream_is_retried_until_its_headers() {
    let mut server = Server::start();
    server.fail_next(busy());
    let greeter = client(retrying(&server));
    let mut replies = within("start", async { greeter.list_hellos(ada()).await }).await.unwrap();
    assert!(within("first", replies.message()).await.unwrap().is_some());
    assert_eq!(attempts(&mut server).len(), 2);

    server.behave(Behaviour::new().replies(2).end_with(Status::unavailable("broken")));
    let mut replies = within("start", async { greeter.list_hellos(ada()).await }).await.unwrap();
    let status = within("the end", async {
        loop {
            match replies.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it breaks"),
                Err(status) => break status,
            }
        }
    })
    .await;
    assert_eq!(status.message(), "broken", "what was given out cannot be taken back");
    assert_eq!(attempts(&mut server).len(), 1);
}

#[tokio::test]
async fn a_request_stream_is_sent_again_from_its_start() {
    let mut server = Server::start();
    server.fail_next(busy());
    let greeter = client(retrying(&server));
    let (requests, outgoing) = outbound(1);
    let sending = async {
        for name in ["Ada", "Bob", "Eve"] {
            requests.send(HelloRequest { name: name.to_owned() }).await.unwrap();
        }
        requests.finish();
    };
    let call = async { greeter.collect_hellos(outgoing).await };
    let (reply, ()) = within("both attempts", async { tokio::join!(call, sending) }).await;
    let text = reply.unwrap().message;
    assert!(["Ada", "Bob", "Eve"].iter().all(|name| text.contains(name)), "{text}");
    assert_eq!(attempts(&mut server).len(), 2);
}

#[tokio::test]
async fn a_sender_is_not_held_up_by_an_attempt_that_failed_before_anyone_looked() {
    let mut server = Server::start();
    server.fail_next(busy());
    let greeter = client(retrying(&server));
    let (requests, outgoing) = outbound(1);
    let mut replies = within("start", async { greeter.chat_hellos(outgoing).await }).await.unwrap();
    server.started().await;
    within("sending", async {
        for _ in 0..20 {
            requests.send(ada()).await.unwrap();
        }
    })
    .await;
    requests.finish();
    let mut count = 0;
    while within("replies", replies.message()).await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 20);
}

#[tokio::test]
async fn what_is_too_much_to_keep_is_not_sent_again() {
    let mut server = Server::start();
    server.fail_next(busy());
    let greeter = client(retrying(&server).retry_buffer_bytes(10));
    let call = greeter.collect_hellos(tokio_stream::iter(vec![ada(), ada(), ada()]));
    let status = within("one attempt", async { call.await }).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert_eq!(attempts(&mut server).len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let mut server = Server::start();
    server.kill();
    let greeter = client(retrying(&server));
    let status =
        within("four attempts", async { greeter.say_hello(ada()).await }).await.unwrap_err();
    assert!(
        status.message().starts_with("max retries exhausted: failed after 4 attempts"),
        "{status}"
    );
    assert_eq!(status.attempts(), 0, "it came to no connection");
}
