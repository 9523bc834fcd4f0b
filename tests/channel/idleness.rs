//! A channel that nobody uses gives its connections back.

use std::time::Duration;

use grpc_runtime::ConnectivityState::{Connecting, Idle, Ready};
use grpc_runtime::outbound;
use grpc_runtime::resolver::ManualResolver;
use tests::client::{hello, impatient, open, said, spreading};
use tests::cluster::{Cluster, until_all_answer};
use tests::within;

use crate::{expect, next, until};

const SOON: Duration = Duration::from_millis(150);

/// grpc-go: `TestChannelIdleness_Enabled_NoActivity`.
#[tokio::test]
async fn test_channel_idleness_enabled_no_activity() {
    let cluster = Cluster::start(["ada", "bob"]);
    let (channel, _greeter) = open(spreading(cluster.target()).idle_timeout(SOON));
    let mut changes = channel.state_changes();
    channel.connect();
    expect(&mut changes, [Idle, Connecting, Ready, Idle]).await;
    for backend in cluster.iter() {
        let counts = backend.counted("a connection closed", |counts| counts.open == 0).await;
        assert!(counts.connections <= 1, "{counts:?}");
    }
}

/// grpc-go: `TestChannelIdleness_Enabled_ExitIdleOnRPC`.
#[tokio::test]
async fn test_channel_idleness_enabled_exit_idle_on_rpc() {
    let cluster = Cluster::start(["ada"]);
    let ada = &cluster["ada"];
    let servers = ManualResolver::new("manual");
    servers.set_endpoints(cluster.endpoints());
    let described = impatient("manual:///greeter").resolver(servers.clone()).idle_timeout(SOON);
    let (channel, greeter) = open(described);
    let mut changes = channel.state_changes();
    expect(&mut changes, [Idle]).await;
    for round in 1..=3 {
        assert_eq!(said(greeter.say_hello(hello(""))).await.unwrap(), "ada");
        expect(&mut changes, [Connecting, Ready, Idle]).await;
        let counts = ada.counted("the connection to be closed", |counts| counts.open == 0).await;
        assert_eq!((counts.connections, counts.finished), (round, round));
    }
    // What changed while it was idle is what the next call finds.
    let moved = Cluster::start(["bob"]);
    servers.set_endpoints(moved.endpoints());
    assert_eq!(said(greeter.say_hello(hello(""))).await.unwrap(), "bob");
    assert_eq!(ada.counts().connections, 3);
}

/// grpc-go: `TestChannelIdleness_Enabled_OngoingCall`.
#[tokio::test]
async fn test_channel_idleness_enabled_ongoing_call() {
    let cluster = Cluster::start(["ada"]);
    let ada = &cluster["ada"];
    let (channel, greeter) = open(impatient(ada.target()).idle_timeout(SOON));
    let (requests, outgoing) = outbound(1);
    let mut replies = greeter.chat_hellos(outgoing).await.unwrap();
    requests.send(hello("")).await.unwrap();
    within("a reply", replies.message()).await.unwrap();
    let mut changes = channel.state_changes();
    expect(&mut changes, [Ready]).await;
    // Silent for much longer than that, but there.
    assert!(tokio::time::timeout(4 * SOON, next(&mut changes)).await.is_err());
    requests.send(hello("")).await.unwrap();
    within("a reply", replies.message()).await.unwrap();
    assert_eq!((ada.counts().open, ada.counts().cancelled), (1, 0));
    requests.finish();
    assert!(within("the end", replies.message()).await.unwrap().is_none());
    expect(&mut changes, [Idle]).await;
    ada.counted("the connection to be closed", |counts| counts.open == 0).await;
}

/// A call that waits is in use as much as one that runs.
#[tokio::test]
async fn a_call_that_waits_keeps_the_channel_awake() {
    let mut cluster = Cluster::start(["ada"]);
    cluster["ada"].black_hole();
    let (channel, greeter) = open(impatient(cluster["ada"].target()).idle_timeout(SOON));
    let mut changes = channel.state_changes();
    let deadline = 3 * SOON;
    let waiting = said(greeter.say_hello(hello("")).timeout(deadline)).await.unwrap_err();
    assert_eq!(waiting.code(), grpc_runtime::Code::DeadlineExceeded);
    expect(&mut changes, [Idle, Connecting]).await;
    // Idleness is entered from any state, and the attempt that is under way ends with it.
    expect(&mut changes, [Idle]).await;
    cluster["ada"].swallowed().await;
    cluster["ada"].restart();
    assert_eq!(said(greeter.say_hello(hello(""))).await.unwrap(), "ada");
}

/// grpc-go: `TestChannelIdleness_Disabled_NoActivity`.
#[tokio::test]
async fn test_channel_idleness_disabled_no_activity() {
    let cluster = Cluster::start(["ada"]);
    let (channel, _greeter) = open(impatient(cluster.target()).idle_timeout(Duration::ZERO));
    let mut changes = channel.state_changes();
    channel.connect();
    until(&mut changes, Ready).await;
    assert!(tokio::time::timeout(2 * SOON, next(&mut changes)).await.is_err());
    assert_eq!(cluster["ada"].counts().open, 1);
}

/// Calls that come when it is just about to become idle: none is lost, however the timer and the call meet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_the_brink_of_idleness() {
    const BRINK: Duration = Duration::from_millis(5);
    let cluster = Cluster::start(["ada", "bob"]);
    for describe in [impatient, spreading] {
        let (channel, greeter) = open(describe(cluster.target()).idle_timeout(BRINK));
        let mut changes = channel.state_changes();
        for round in 0_u64..100 {
            said(greeter.say_hello(hello(""))).await.unwrap();
            // Waits for the change, but only until about when it comes.
            let pause = BRINK + Duration::from_micros(100 * (round % 20));
            let _ = tokio::time::timeout(pause, async { until(&mut changes, Idle).await }).await;
        }
        until_all_answer(&greeter, ["ada"]).await;
    }
}
