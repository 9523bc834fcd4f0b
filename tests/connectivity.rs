//! What a program can ask of a channel and its connection: state, waiting, connecting ahead, hurrying.

use std::time::Duration;

use grpc_runtime::{Channel, Code, ConnectivityState};
use tests::helloworld::{GreeterClient, HelloRequest};
use tests::server::Server;
use tests::within;

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
