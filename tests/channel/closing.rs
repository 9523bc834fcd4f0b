//! The end of a channel: by `close`, and with its last handle.

use std::future::Future;
use std::time::Duration;

use grpc_runtime::ConnectivityState::{self, Connecting, Idle, Ready, Shutdown, TransientFailure};
use grpc_runtime::resolver::ManualResolver;
use grpc_runtime::{Channel, Code, Delivery, Status, outbound};
use tests::client::{GreeterClient, all, hello, impatient, open, said, spreading};
use tests::cluster::{Cluster, spread, until_all_answer};
use tests::load::Load;
use tests::server::Behaviour;
use tests::within;

use crate::{expect, next, until};

/// Closes the channel as soon as it is in this state, and gives what becomes of a call that waits meanwhile.
async fn closed_while<T>(
    channel: &Channel,
    state: ConnectivityState,
    call: impl Future<Output = Result<T, Status>>,
) -> Status {
    let mut changes = channel.state_changes();
    let closing = async {
        until(&mut changes, state).await;
        channel.close();
        expect(&mut changes, [Shutdown]).await;
        assert!(within("the end of the changes", changes.next()).await.is_none());
    };
    match tokio::join!(biased; call, closing).0 {
        Ok(_) => panic!("nobody was there to answer"),
        Err(status) => status,
    }
}

fn assert_closed(status: &Status) {
    assert_eq!(status.code(), Code::Cancelled, "{status}");
    assert!(status.message().contains("the channel was closed"), "{status}");
}

/// grpc-go: `TestClientConnClose_WithPendingRPC`.
#[tokio::test]
async fn test_client_conn_close_with_pending_rpc() {
    // A resolver that has found nothing yet.
    let resolver = ManualResolver::new("manual");
    let (channel, greeter) = open(impatient("manual:///greeter").resolver(resolver));
    let status = closed_while(&channel, Connecting, said(greeter.say_hello(hello("")))).await;
    assert_closed(&status);
    assert_eq!(status.delivery(), Delivery::NotSent);
}

#[tokio::test]
async fn a_call_that_waits_for_a_connection_ends() {
    let mut cluster = Cluster::start(["ada"]);
    cluster["ada"].black_hole();
    let (channel, greeter) = open(impatient(cluster["ada"].target()));
    let status = closed_while(&channel, Connecting, said(greeter.say_hello(hello("")))).await;
    assert_closed(&status);
}

/// grpc-go: `TestInvokeCancelClosedNonFailFast`, and its sibling that waits.
#[tokio::test]
async fn a_call_that_waits_for_ready_ends() {
    let mut cluster = Cluster::start(["ada"]);
    cluster["ada"].kill();
    let (channel, greeter) = open(impatient(cluster["ada"].target()));
    let call = said(greeter.say_hello(hello("")).wait_for_ready(true));
    let status = closed_while(&channel, TransientFailure, call).await;
    assert_closed(&status);
    assert_eq!(status.delivery(), Delivery::NotSent);
}

#[tokio::test]
async fn calls_in_flight_end_and_so_do_later_ones() {
    let cluster = Cluster::start(["ada"]);
    let ada = &cluster["ada"];
    ada.behave(Behaviour::new().never_answer());
    let (channel, greeter) = open(impatient(ada.target()));
    let (requests, outgoing) = outbound(1);
    let mut replies = greeter.chat_hellos(outgoing).await.unwrap();
    let unary = said(greeter.say_hello(hello("")));
    let closing = async {
        ada.counted("both calls", |counts| counts.started == 2).await;
        channel.close();
    };
    assert_closed(&tokio::join!(unary, closing).0.unwrap_err());
    assert_closed(&within("the end", replies.message()).await.unwrap_err());
    requests.send(hello("")).await.unwrap_err();
    ada.counted("the connection to be closed", |counts| (counts.open, counts.cancelled) == (0, 2))
        .await;

    // For good, for all its handles, and as often as one likes.
    channel.close();
    assert_eq!(channel.state(), Shutdown);
    for waits in [false, true] {
        let status = said(greeter.say_hello(hello("")).wait_for_ready(waits)).await.unwrap_err();
        assert_closed(&status);
        assert_eq!(status.delivery(), Delivery::NotSent);
    }
    channel.connect();
    channel.reset_connect_backoff();
    assert_closed(&channel.wait_ready(Duration::from_secs(10)).await.unwrap_err());
    assert_eq!(ada.counts().connections, 1);
}

#[tokio::test]
async fn a_channel_that_never_connected_is_closed_as_well() {
    let (channel, greeter) = open(impatient("http://127.0.0.1:1"));
    let mut changes = channel.state_changes();
    channel.close();
    expect(&mut changes, [Idle, Shutdown]).await;
    assert_closed(&said(greeter.say_hello(hello(""))).await.unwrap_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_channel_is_closed_under_load() {
    let cluster = Cluster::start(["ada", "bob"]);
    let (channel, greeter) = open(spreading(cluster.target()));
    until_all_answer(&greeter, ["ada", "bob"]).await;
    let load = Load::start(&greeter, 8);
    load.more(100).await;
    channel.close();
    load.more_failures(16).await;
    let tally = load.stop().await;
    tally.failures.iter().for_each(assert_closed);
    for backend in cluster.iter() {
        backend.counted("the connection to be closed", |counts| counts.open == 0).await;
    }
}

// ===== the last handle =====

async fn conversation_outlives(greeter: GreeterClient, channel: Channel, cluster: Cluster) {
    let ada = &cluster["ada"];
    ada.behave(Behaviour::new().replies(3));
    let (requests, outgoing) = outbound(1);
    let mut replies = greeter.chat_hellos(outgoing).await.unwrap();
    let list = greeter.list_hellos(hello("")).await.unwrap();
    let mut changes = channel.state_changes();
    drop((greeter, channel));
    assert_eq!(all(list).await.unwrap(), ["ada"; 3]);
    for _ in 0..3 {
        requests.send(hello("")).await.unwrap();
        let reply = within("a reply", replies.message()).await.unwrap();
        assert_eq!(reply.unwrap().message, "ada");
    }
    assert_eq!(ada.counts().open, 1);
    requests.finish();
    assert!(within("the end", replies.message()).await.unwrap().is_none());
    let counts = ada.counted("the connection to be closed", |counts| counts.open == 0).await;
    assert_eq!((counts.finished, counts.cancelled, counts.connections), (2, 0, 1));
    // Whoever follows the states is not left waiting.
    drop(replies);
    while within("the end of the changes", changes.next()).await.is_some() {}
}

#[tokio::test]
async fn a_dropped_channel_lets_calls_in_flight_finish() {
    for describe in [impatient, spreading] {
        let cluster = Cluster::start(["ada"]);
        let (channel, greeter) = open(describe(cluster.target()));
        conversation_outlives(greeter, channel, cluster).await;
    }
}

#[tokio::test]
async fn a_dropped_channel_closes_what_nobody_uses() {
    let cluster = Cluster::start(["ada", "bob"]);
    let (channel, greeter) = open(spreading(cluster.target()));
    until_all_answer(&greeter, ["ada", "bob"]).await;
    drop(channel);
    spread(&greeter, 2).await.unwrap();
    drop(greeter);
    for backend in cluster.iter() {
        backend.counted("the connection to be closed", |counts| counts.open == 0).await;
    }
}

/// Closing is not undone by a handle that is dropped right after it.
#[tokio::test]
async fn a_channel_that_is_closed_and_dropped_ends_its_calls() {
    let cluster = Cluster::start(["ada"]);
    cluster["ada"].behave(Behaviour::new().replies(1).end_stalling());
    let (channel, greeter) = open(impatient(cluster.target()));
    let mut replies = greeter.list_hellos(hello("")).await.unwrap();
    within("a reply", replies.message()).await.unwrap();
    let mut changes = channel.state_changes();
    expect(&mut changes, [Ready]).await;
    channel.close();
    drop((channel, greeter));
    assert_eq!(next(&mut changes).await.state, Shutdown);
    assert_closed(&within("the end", replies.message()).await.unwrap_err());
    cluster["ada"].counted("the connection to be closed", |counts| counts.open == 0).await;
}

/// Whatever a channel is about when its last handle goes, no connection is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_that_are_dropped_at_any_moment_leave_nothing_open() {
    let cluster = Cluster::start(["ada", "bob"]);
    for moment in 0..200 {
        let describe = if moment % 2 == 0 { impatient } else { spreading };
        let (channel, greeter) = open(describe(cluster.target()));
        let call = tokio::spawn(async move { said(greeter.say_hello(hello(""))).await });
        for _ in 0..moment / 4 {
            tokio::task::yield_now().await;
        }
        match moment % 3 {
            0 => call.abort(),
            1 => channel.close(),
            _ => {}
        }
        drop(channel);
        // It was answered, or cancelled on one side or the other.
        match within("the call", call).await {
            Ok(Ok(_)) => {}
            Ok(Err(status)) => assert_closed(&status),
            Err(aborted) => assert!(aborted.is_cancelled()),
        }
    }
    for backend in cluster.iter() {
        backend.counted("all connections to be closed", |counts| counts.open == 0).await;
    }
}
