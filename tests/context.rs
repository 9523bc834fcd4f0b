//! A server's handler that makes calls in the scope of its request: what the request has, the calls have.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::time::Duration;

use grpc_runtime::{CallContext, CancelHandle, Code};
use tests::client::{all, hello, plaintext, said};
use tests::server::{Behaviour, Relay, Server};
use tests::within;

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The `grpc-timeout` of a call with less than 100 s.
fn microseconds(timeout: &str) -> Duration {
    Duration::from_micros(timeout.strip_suffix('u').unwrap().parse().unwrap())
}

#[tokio::test]
async fn deadline_trace_and_chosen_keys_are_passed_on_and_no_others() {
    let mut server = Server::start();
    let relay = Relay::start(plaintext(server.target())).await;
    let greeter = plaintext(relay.target());
    let call = greeter.say_hello(hello("Ada")).timeout(Duration::from_secs(20));
    let call = call.metadata("traceparent", TRACE).unwrap().metadata("x-tenant", "a").unwrap();
    let call = call.metadata("x-other", "b").unwrap().metadata("authorization", "c").unwrap();
    assert_eq!(said(call).await.unwrap(), "Hello, Ada!");

    let arrived = server.started().await;
    assert_eq!(arrived.header("traceparent"), Some(TRACE));
    assert_eq!(arrived.header("x-tenant"), Some("a"));
    assert_eq!(arrived.header("x-other"), None);
    assert_eq!(arrived.header("authorization"), None);
    let left = microseconds(arrived.timeout().unwrap());
    assert!(left > Duration::ZERO && left <= Duration::from_secs(20), "{left:?}");

    let replies = greeter.list_hellos(hello("Bob")).await.unwrap();
    assert_eq!(all(replies).await.unwrap().len(), 3);
    let arrived = server.started().await;
    assert_eq!((arrived.timeout(), arrived.header("x-tenant")), (None, None));
}

#[tokio::test]
async fn who_gives_up_in_front_gives_up_behind() {
    let mut server = Server::start();
    server.behave(Behaviour::new().stall_after_headers());
    let relay = Relay::start(plaintext(server.target())).await;
    let greeter = plaintext(relay.target());

    let handle = CancelHandle::new();
    let call = tokio::spawn(said(greeter.say_hello(hello("Ada")).cancel_on(&handle)));
    server.started().await;
    handle.cancel();
    assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Cancelled);
    assert_eq!(server.cancelled().await, "/helloworld.Greeter/SayHello");

    let call = greeter.say_hello(hello("Ada")).timeout(Duration::from_millis(200));
    assert_eq!(said(call).await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(server.cancelled().await, "/helloworld.Greeter/SayHello");
}

#[tokio::test]
async fn one_deadline_for_all_calls_of_a_scope() {
    let mut server = Server::start();
    let greeter = plaintext(server.target());
    let context = CallContext::new().with_timeout(Duration::from_millis(300));
    let work = context.scope(async {
        let mut answered = 0;
        while said(greeter.say_hello(hello("Ada"))).await.is_ok() {
            answered += 1;
        }
        assert!(answered > 0);
        // The time is over for every later call, and nothing is sent.
        let call = greeter.say_hello(hello("Bob")).timeout(Duration::from_secs(20));
        said(call).await.unwrap_err()
    });
    let status = within("the deadline", work).await;
    assert_eq!(
        (status.code(), status.delivery().is_safe_to_repeat()),
        (Code::DeadlineExceeded, true)
    );
    let first = microseconds(server.started().await.timeout().unwrap());
    assert!(first <= Duration::from_millis(300), "{first:?}");
}
