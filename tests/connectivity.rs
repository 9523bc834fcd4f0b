//! What a program can ask of a channel and its connection: state, waiting, connecting ahead, hurrying.

use std::future::{Future, IntoFuture};
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use grpc_runtime::resolver::ManualResolver;
use grpc_runtime::{Channel, Code, ConnectivityState, Delivery};
use tests::helloworld::{GreeterClient, HelloRequest};
use tests::server::Server;
use tests::within;
use tokio::runtime::Builder;

#[tokio::test]
async fn a_channel_says_how_it_stands() {
    let mut server = Server::start();
    let channel = Channel::builder(server.target()).plaintext().build().unwrap();
    assert_eq!(channel.state(), ConnectivityState::Idle);

    channel.connect();
    let next = within("leaving idle", channel.wait_for_state_change(ConnectivityState::Idle)).await;
    assert!(matches!(next, ConnectivityState::Connecting | ConnectivityState::Ready));
    within("ready", channel.wait_ready(PATIENCE)).await.unwrap();
    assert_eq!(channel.state(), ConnectivityState::Ready);

    server.kill();
    let next = within("loss", channel.wait_for_state_change(ConnectivityState::Ready)).await;
    assert_eq!(next, ConnectivityState::Idle);

    server.restart();
    let greeter = GreeterClient::new(channel.clone());
    let call = greeter.say_hello(HelloRequest { name: "again".to_owned() }).wait_for_ready(true);
    within("a call after the restart", async { call.await }).await.unwrap();
    assert_eq!(channel.state(), ConnectivityState::Ready);
}

/// The mistake of a program that has another executor, or none: it is told, and the channel is as it was.
#[test]
fn outside_a_runtime_nothing_is_broken() {
    let server = Server::start();
    let channel = Channel::builder(server.target()).plaintext().build().unwrap();
    let greeter = GreeterClient::new(channel.clone());
    let hello = || greeter.say_hello(HelloRequest { name: "there".to_owned() });

    let mut context = Context::from_waker(Waker::noop());
    let mut call = pin!(hello().into_future());
    let Poll::Ready(Err(status)) = call.as_mut().poll(&mut context) else {
        panic!("it can neither wait nor succeed");
    };
    assert_eq!((status.code(), status.delivery()), (Code::Internal, Delivery::NotSent));
    assert!(status.message().contains("outside a tokio runtime"), "{status}");

    let panic = catch_unwind(AssertUnwindSafe(|| channel.connect())).unwrap_err();
    let text = panic.downcast_ref::<&str>().unwrap();
    assert!(text.contains("`Channel::connect`") && text.contains("tokio runtime"), "{text}");
    assert_eq!(channel.state(), ConnectivityState::Idle);

    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(within("a call", async { hello().await })).unwrap();
}

#[tokio::test]
async fn waiting_for_a_server_that_is_not_there_says_why() {
    let mut server = Server::start();
    server.kill();
    let channel = Channel::builder(server.target()).plaintext().build().unwrap();
    let waiting = channel.wait_ready(Duration::from_millis(200));
    let status = within("the bound", waiting).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let text = status.to_string();
    assert!(text.contains(&server.address().to_string()), "{text}");
}

/// Nothing has failed, and nothing is known but where silence comes from.
#[tokio::test]
async fn waiting_for_servers_that_do_not_answer_names_them() {
    // They take connections, as the kernel does that for them, and never say a word.
    let silent = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [one, two, three] = silent.each_ref().map(|silent| silent.local_addr().unwrap());
    let all = format!("{one},{two},{three}");
    for (target, policy, text) in [
        (one.to_string(), "pick_first", format!("{one}: no answer so far from {one}")),
        (
            format!("ipv4:{all}"),
            "pick_first",
            format!("ipv4:{all}: no answer so far from {one} and 2 other addresses"),
        ),
        (
            format!("ipv4:{all}"),
            "round_robin",
            format!("ipv4:{all}: no answer so far from {one}, nor from 2 other endpoints"),
        ),
    ] {
        let channel = Channel::builder(target).plaintext().load_balancing(policy).build().unwrap();
        let client = GreeterClient::new(channel.clone());
        let call = client.say_hello(HelloRequest::default()).timeout(Duration::from_millis(100));
        let status = within("the deadline", async { call.await }).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        let begin = "the deadline passed while waiting for a connection to";
        assert_eq!(status.message(), format!("{begin} {text}"));
        let waiting = channel.wait_ready(Duration::from_millis(20));
        let status = within("the bound", waiting).await.unwrap_err();
        assert_eq!(status.message(), format!("{begin} {text}"));
    }
}

#[tokio::test]
async fn waiting_for_a_resolver_says_so() {
    let nothing = ManualResolver::new("nothing");
    let channel = Channel::builder("nothing:///greeter").plaintext().resolver(nothing);
    let client = GreeterClient::new(channel.build().unwrap());
    let call = client.say_hello(HelloRequest::default()).timeout(Duration::from_millis(20));
    let status = within("the deadline", async { call.await }).await.unwrap_err();
    let text = "to nothing:///greeter: the resolver has not found its servers yet";
    assert!(status.message().ends_with(text), "{status}");
}

#[tokio::test]
async fn a_hurried_channel_does_not_sit_out_its_pause() {
    let mut server = Server::start();
    server.kill();
    let channel = Channel::builder(server.target()).plaintext().build().unwrap();
    let greeter = GreeterClient::new(channel.clone());
    let failed =
        within("a refused call", async { greeter.say_hello(HelloRequest::default()).await });
    assert_eq!(failed.await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(channel.state(), ConnectivityState::TransientFailure);

    server.restart();
    let before = std::time::Instant::now();
    channel.reset_connect_backoff();
    within("ready", channel.wait_ready(PATIENCE)).await.unwrap();
    assert!(before.elapsed() < Duration::from_millis(700), "the first pause is a second");
}

const PATIENCE: Duration = Duration::from_secs(10);
