//! `pick_first`: one backend at a time, and which.

use std::time::{Duration, Instant};

use grpc_runtime::BackoffConfig;
use grpc_runtime::ConnectivityState::{Connecting, Idle, Ready, TransientFailure};
use grpc_runtime::resolver::{ManualResolver, UpdateOutcome};
use tests::client::{hello, impatient, open, said};
use tests::cluster::{Cluster, shares, spread};
use tests::within;

use crate::{expect, next, ready};

/// grpc-go: `TestPickFirstLeaf_StopConnectedServer_FirstServerToSecond`.
#[tokio::test]
async fn test_pick_first_leaf_stop_connected_server_first_server_to_second() {
    let mut cluster = Cluster::start(["ada", "bob"]);
    let (channel, greeter) = open(impatient(cluster.target()));
    let mut changes = channel.state_changes();
    assert_eq!(spread(&greeter, 3).await.unwrap(), shares([("ada", 3)]));
    assert_eq!(cluster["bob"].counts().connections, 0);
    expect(&mut changes, [Idle, Connecting, Ready]).await;

    cluster["ada"].kill();
    // Nobody connects until there is a call.
    expect(&mut changes, [Idle]).await;
    assert_eq!(channel.state(), Idle);
    assert_eq!(spread(&greeter, 3).await.unwrap(), shares([("bob", 3)]));
    expect(&mut changes, [Connecting, Ready]).await;

    // What is preferred and comes back does not take calls from what works ..
    cluster["ada"].restart();
    assert_eq!(spread(&greeter, 3).await.unwrap(), shares([("bob", 3)]));
    // .. but is the first to be tried when that goes.
    cluster["bob"].kill();
    expect(&mut changes, [Idle]).await;
    assert_eq!(spread(&greeter, 3).await.unwrap(), shares([("ada", 3)]));
    expect(&mut changes, [Connecting, Ready]).await;
}

/// grpc-go: `TestPickFirstLeaf_StopConnectedServer_SecondServerRestart`.
#[tokio::test]
async fn test_pick_first_leaf_stop_connected_server_second_server_restart() {
    let mut cluster = Cluster::start(["ada", "bob"]);
    cluster["ada"].kill();
    let (channel, greeter) = open(impatient(cluster.target()));
    let mut changes = channel.state_changes();
    assert_eq!(spread(&greeter, 3).await.unwrap(), shares([("bob", 3)]));
    cluster["bob"].kill();
    expect(&mut changes, [Idle, Connecting, Ready, Idle]).await;
    cluster["bob"].restart();
    assert_eq!(spread(&greeter, 3).await.unwrap(), shares([("bob", 3)]));
    expect(&mut changes, [Connecting, Ready]).await;
}

/// grpc-go: `TestPickFirstLeaf_ResolverUpdates_ActiveBackendInUpdatedList`.
#[tokio::test]
async fn test_pick_first_leaf_resolver_updates_active_backend_in_updated_list() {
    let cluster = Cluster::start(["ada", "bob"]);
    let (ada, bob) = (&cluster["ada"], &cluster["bob"]);
    let servers = ManualResolver::new("manual");
    servers.set_endpoints([ada.endpoint(), bob.endpoint()]);
    let (channel, greeter) = open(impatient("manual:///greeter").resolver(servers.clone()));
    let mut changes = channel.state_changes();
    assert_eq!(spread(&greeter, 2).await.unwrap(), shares([("ada", 2)]));

    let lists = [vec![bob, ada], vec![ada], vec![ada, ada], vec![bob, ada, bob]];
    for list in lists {
        servers.set_endpoints(list.iter().map(|backend| backend.endpoint()));
        let outcome = within("the update", servers.next_outcome()).await;
        assert_eq!(outcome, UpdateOutcome::Accepted);
        assert_eq!(spread(&greeter, 2).await.unwrap(), shares([("ada", 2)]));
    }
    assert_eq!((ada.counts().connections, bob.counts().connections), (1, 0));

    // grpc-go: `TestPickFirstLeaf_ResolverUpdates_InActiveBackendInUpdatedList`.
    servers.set_endpoints([bob.endpoint()]);
    assert_eq!(within("the update", servers.next_outcome()).await, UpdateOutcome::Accepted);
    assert_eq!(spread(&greeter, 2).await.unwrap(), shares([("bob", 2)]));
    ada.counted("the connection to be closed", |counts| counts.open == 0).await;
    expect(&mut changes, [Idle, Connecting, Ready]).await;
    let mut seen = Vec::new();
    while seen.last() != Some(&Ready) {
        seen.push(next(&mut changes).await.state);
    }
    assert!(!seen.contains(&TransientFailure), "{seen:?}");
}

/// grpc-go: `TestPickFirst_StickyTransientFailure`, here with backends that are down.
#[tokio::test]
async fn test_pick_first_sticky_transient_failure() {
    let mut cluster = Cluster::start(["ada", "bob"]);
    cluster["ada"].kill();
    cluster["bob"].black_hole();
    let backoff = BackoffConfig::new()
        .with_base_delay(Duration::from_millis(20))
        .with_max_delay(Duration::from_millis(40))
        .with_min_connect_timeout(Duration::from_millis(20));
    let (channel, greeter) = open(impatient(cluster.target()).connection_backoff(backoff));
    let mut changes = channel.state_changes();
    channel.connect();
    expect(&mut changes, [Idle, Connecting, TransientFailure]).await;
    // Attempts go on by themselves ..
    for _ in 0..4 {
        cluster["bob"].swallowed().await;
    }
    // .. and calls fail meanwhile, instead of waiting for each of them.
    let status = said(greeter.say_hello(hello(""))).await.unwrap_err();
    assert!(status.message().contains("2 addresses"), "{status}");
    cluster["ada"].restart();
    expect(&mut changes, [Ready]).await;
    assert_eq!(spread(&greeter, 2).await.unwrap(), shares([("ada", 2)]));
}

/// Happy Eyeballs (gRFC A61) over real sockets: a silent server holds the next one up for 250 ms and no longer.
#[tokio::test]
async fn a_black_hole_costs_a_quarter_of_a_second() {
    let mut cluster = Cluster::start(["ada", "bob"]);
    cluster["ada"].black_hole();
    let (channel, greeter) = open(impatient(cluster.target()));
    let before = Instant::now();
    ready(&channel).await;
    let passed = before.elapsed();
    assert!(passed >= Duration::from_millis(250), "{passed:?}");
    // The attempt at the first one would go on for 20 s.
    assert!(passed < Duration::from_secs(10), "{passed:?}");
    cluster["ada"].swallowed().await;
    assert_eq!(spread(&greeter, 3).await.unwrap(), shares([("bob", 3)]));
}

#[tokio::test]
async fn a_server_that_refuses_costs_no_time() {
    let mut cluster = Cluster::start(["ada", "bob", "eve"]);
    cluster["ada"].kill();
    cluster["bob"].kill();
    // With the pauses that a program has.
    let (channel, _greeter) = open(grpc_runtime::Channel::builder(cluster.target()).plaintext());
    let mut changes = channel.state_changes();
    channel.connect();
    expect(&mut changes, [Idle, Connecting, Ready]).await;
    assert_eq!(cluster["eve"].counts().connections, 1);
}
