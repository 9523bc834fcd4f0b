//! A resolver that changes its mind while calls flow.

use grpc_runtime::resolver::{ManualResolver, ResolverUpdate, UpdateOutcome};
use grpc_runtime::{ChannelBuilder, Code, ConnectivityState, Delivery, Status, outbound};
use tests::client::{GreeterClient, hello, impatient, open, said, spreading};
use tests::cluster::{Cluster, shares, spread, until_all_answer};
use tests::load::Load;
use tests::within;

use crate::{expect, next, until};

const TARGET: &str = "manual:///greeter";

fn fed(describe: fn(&'static str) -> ChannelBuilder) -> (ManualResolver, ChannelBuilder) {
    let servers = ManualResolver::new("manual");
    (servers.clone(), describe(TARGET).resolver(servers))
}

async fn told(servers: &ManualResolver) -> UpdateOutcome {
    within("the update", servers.next_outcome()).await
}

/// Opens a conversation, replaces the backend that has it, and goes on with it.
async fn a_conversation_outlives_its_endpoint(described: ChannelBuilder, servers: ManualResolver) {
    let cluster = Cluster::start(["ada", "bob"]);
    servers.set_endpoints([cluster["ada"].endpoint()]);
    let (_channel, greeter) = open(described);
    let (requests, outgoing) = outbound(1);
    let mut replies = greeter.chat_hellos(outgoing).await.unwrap();
    requests.send(hello("")).await.unwrap();
    let reply = within("a reply", replies.message()).await.unwrap();
    assert_eq!(reply.unwrap().message, "ada");

    servers.set_endpoints([cluster["bob"].endpoint()]);
    assert_eq!(told(&servers).await, UpdateOutcome::Accepted);
    assert_eq!(spread(&greeter, 3).await.unwrap(), shares([("bob", 3)]));
    for _ in 0..3 {
        requests.send(hello("")).await.unwrap();
        let reply = within("a reply", replies.message()).await.unwrap();
        assert_eq!(reply.unwrap().message, "ada", "the conversation stays where it is");
    }
    assert_eq!(cluster["ada"].counts().open, 1);
    requests.finish();
    assert!(within("the end", replies.message()).await.unwrap().is_none());
    // Nothing keeps the connection now.
    cluster["ada"].counted("the connection to be closed", |counts| counts.open == 0).await;
    assert_eq!(cluster["ada"].counts().cancelled, 0);
}

/// grpc-go: `TestRoundRobin_AddressesRemoved`, and that calls in flight stay.
#[tokio::test]
async fn round_robin_drains_what_is_replaced() {
    let (servers, described) = fed(spreading);
    a_conversation_outlives_its_endpoint(described, servers).await;
}

#[tokio::test]
async fn pick_first_drains_what_is_replaced() {
    let (servers, described) = fed(impatient);
    a_conversation_outlives_its_endpoint(described, servers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_backend_is_replaced_under_load() {
    const ALL: [&str; 4] = ["ada", "bob", "eve", "kim"];
    let cluster = Cluster::start(ALL);
    for describe in [impatient, spreading] {
        let (servers, described) = fed(describe);
        servers.set_endpoints([cluster["ada"].endpoint()]);
        let (_channel, greeter) = open(described);
        let load = Load::start(&greeter, 8);
        for name in ALL.repeat(3) {
            servers.set_endpoints([cluster[name].endpoint()]);
            load.more_of(name, 20).await;
        }
        let tally = load.stop().await;
        assert_eq!(tally.failed, 0, "of {} calls: {:#?}", tally.answered(), tally.failures);
    }
}

async fn fails(greeter: &GreeterClient) -> Status {
    let status = said(greeter.say_hello(hello(""))).await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::Unavailable, Delivery::NotSent));
    status
}

/// grpc-go: `TestStateTransitions_WithRPC_ResolverUpdateContainsNoAddresses`, `TestPickFirst_AddressesRemoved`.
#[tokio::test]
async fn test_pick_first_addresses_removed() {
    for describe in [impatient, spreading] {
        let cluster = Cluster::start(["ada"]);
        let (servers, described) = fed(describe);
        servers.push(ResolverUpdate::endpoints([]).with_note("the registry is empty"));
        let (channel, greeter) = open(described);
        // As the first thing there is ..
        let text = fails(&greeter).await.to_string();
        assert!(text.contains("produced zero addresses"), "{text}");
        assert!(text.contains("the registry is empty") && text.contains(TARGET), "{text}");
        assert_eq!(servers.last_outcome(), Some(UpdateOutcome::Rejected));
        servers.set_endpoints(cluster.endpoints());
        assert_eq!(told(&servers).await, UpdateOutcome::Accepted);
        assert_eq!(spread(&greeter, 2).await.unwrap(), shares([("ada", 2)]));
        // .. and after something better.
        let mut changes = channel.state_changes();
        servers.set_endpoints([]);
        assert_eq!(told(&servers).await, UpdateOutcome::Rejected);
        assert!(fails(&greeter).await.message().contains("produced zero addresses"));
        until(&mut changes, ConnectivityState::TransientFailure).await;
        cluster["ada"].counted("the connection to be closed", |counts| counts.open == 0).await;
    }
}

#[tokio::test]
async fn an_error_is_told_to_calls_only_while_there_is_nothing_better() {
    for describe in [impatient, spreading] {
        let cluster = Cluster::start(["ada"]);
        let (servers, described) = fed(describe);
        servers.set_error(Status::unavailable("the registry is on fire"));
        let (channel, greeter) = open(described);
        let text = fails(&greeter).await.to_string();
        assert!(text.contains("the registry is on fire") && text.contains(TARGET), "{text}");
        assert_eq!(channel.state(), ConnectivityState::TransientFailure);

        // A call that waits is not told, and has its answer as soon as there is a server.
        let waiting = said(greeter.say_hello(hello("")).wait_for_ready(true));
        let feeding = async { servers.set_endpoints(cluster.endpoints()) };
        assert_eq!(tokio::join!(biased; waiting, feeding).0.unwrap(), "ada");

        servers.set_error(Status::unavailable("the registry is on fire again"));
        told(&servers).await;
        assert_eq!(spread(&greeter, 2).await.unwrap(), shares([("ada", 2)]));
        assert_eq!(channel.state(), ConnectivityState::Ready);
        assert_eq!(cluster["ada"].counts().connections, 1);
    }
}

/// grpc-go: `TestPickFirstLeaf_SimpleResolverUpdate_DuplicateAddrs`.
#[tokio::test]
async fn test_pick_first_leaf_simple_resolver_update_duplicate_addrs() {
    let mut cluster = Cluster::start(["ada", "bob"]);
    cluster["ada"].kill();
    let ada = cluster["ada"].endpoint();
    let (servers, described) = fed(impatient);
    servers.set_endpoints([ada.clone(), ada.clone(), ada, cluster["bob"].endpoint()]);
    let (_channel, greeter) = open(described);
    assert_eq!(spread(&greeter, 2).await.unwrap(), shares([("bob", 2)]));
    assert_eq!(cluster["bob"].counts().connections, 1);
}

#[tokio::test]
async fn one_that_is_listed_twice_has_one_share() {
    let cluster = Cluster::start(["ada", "bob"]);
    let (ada, bob) = (cluster["ada"].endpoint(), cluster["bob"].endpoint());
    let (servers, described) = fed(spreading);
    servers.set_endpoints([ada.clone(), ada.clone(), bob, ada]);
    let (_channel, greeter) = open(described);
    until_all_answer(&greeter, ["ada", "bob"]).await;
    assert_eq!(spread(&greeter, 20).await.unwrap(), shares([("ada", 10), ("bob", 10)]));
    assert!(cluster.iter().all(|backend| backend.counts().connections == 1));
}

/// A resolver that polls has reason to look again when a connection is lost or cannot be made.
#[tokio::test]
async fn a_loss_asks_for_a_new_resolution() {
    for describe in [impatient, spreading] {
        let mut cluster = Cluster::start(["ada", "bob"]);
        let (servers, described) = fed(describe);
        servers.set_endpoints([cluster["ada"].endpoint()]);
        let (channel, greeter) = open(described);
        until_all_answer(&greeter, ["ada"]).await;
        let mut changes = channel.state_changes();
        let before = servers.resolve_now_requests();
        cluster["ada"].kill();
        expect(&mut changes, [ConnectivityState::Ready]).await;
        let change = next(&mut changes).await;
        assert_ne!(change.state, ConnectivityState::Ready, "{change}");
        within("a request", servers.next_resolve_now(before)).await;
        servers.set_endpoints([cluster["bob"].endpoint()]);
        told(&servers).await;
        let reply = said(greeter.say_hello(hello("")).wait_for_ready(true)).await;
        assert_eq!(reply.unwrap(), "bob");
    }
}

/// grpc-go: `TestRPCWaitsForResolver`.
#[tokio::test]
async fn test_rpc_waits_for_resolver() {
    let cluster = Cluster::start(["ada"]);
    let (servers, described) = fed(impatient);
    let (channel, greeter) = open(described);
    let mut changes = channel.state_changes();
    let hurried = greeter.say_hello(hello("")).timeout(std::time::Duration::from_millis(10));
    let status = said(hurried).await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::DeadlineExceeded, Delivery::NotSent));
    assert!(status.message().contains(TARGET), "{status}");

    // It waits, although it does not wait for ready: nothing has failed.
    let waiting = said(greeter.say_hello(hello("")));
    let feeding = async {
        until(&mut changes, ConnectivityState::Connecting).await;
        servers.set_endpoints(cluster.endpoints());
    };
    assert_eq!(tokio::join!(biased; waiting, feeding).0.unwrap(), "ada");
}
