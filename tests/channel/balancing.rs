//! `round_robin` over backends of which some are down.

use grpc_runtime::resolver::ManualResolver;
use grpc_runtime::{Code, ConnectivityState, Delivery};
use tests::client::{hello, open, said, spreading};
use tests::cluster::{Cluster, shares, spread, until_all_answer};
use tests::load::Load;

use crate::until;

const ALL: [&str; 3] = ["ada", "bob", "eve"];

#[tokio::test]
async fn three_backends_have_a_third_each() {
    let cluster = Cluster::start(ALL);
    let (_channel, greeter) = open(spreading(cluster.target()));
    until_all_answer(&greeter, ALL).await;
    let answers = spread(&greeter, 30).await.unwrap();
    assert_eq!(answers, shares(ALL.map(|name| (name, 10))));
    assert!(cluster.iter().all(|backend| backend.counts().connections == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_from_many_tasks_are_spread_evenly_too() {
    let cluster = Cluster::start(ALL);
    let (_channel, greeter) = open(spreading(cluster.target()));
    until_all_answer(&greeter, ALL).await;
    let before = cluster.iter().map(|backend| backend.counts().started).sum::<usize>();
    let load = Load::start(&greeter, 8);
    load.more(300).await;
    let tally = load.stop().await;
    assert_eq!(tally.failed, 0, "{:?}", tally.failures);
    let started = cluster.iter().map(|backend| backend.counts().started);
    assert_eq!(started.sum::<usize>() - before, tally.answered());
    // Each pick is the next one's turn, whoever makes it.
    let counts = ALL.map(|name| tally.of(name));
    let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
    assert!(most - least <= 1, "{counts:?}");
}

/// grpc-go: `TestRoundRobin_OneServerDown`.
#[tokio::test]
async fn test_round_robin_one_server_down() {
    let mut cluster = Cluster::start(ALL);
    let (channel, greeter) = open(spreading(cluster.target()));
    until_all_answer(&greeter, ALL).await;
    cluster["bob"].kill();
    // Calls that are made after the connection was seen to be lost go round the others.
    let mut attempts = 0;
    while spread(&greeter, 2).await.is_err() {
        attempts += 1;
        assert!(attempts < 10, "the loss is not seen");
    }
    let answers = spread(&greeter, 20).await.unwrap();
    assert_eq!(answers, shares([("ada", 10), ("eve", 10)]));
    assert_eq!(channel.state(), ConnectivityState::Ready);

    cluster["bob"].restart();
    until_all_answer(&greeter, ["bob"]).await;
    let answers = spread(&greeter, 30).await.unwrap();
    assert_eq!(answers, shares(ALL.map(|name| (name, 10))));
}

/// grpc-go: `TestRoundRobin_AllServersDown`.
#[tokio::test]
async fn test_round_robin_all_servers_down() {
    let mut cluster = Cluster::start(["ada", "bob"]);
    let (channel, greeter) = open(spreading(cluster.target()));
    until_all_answer(&greeter, ["ada", "bob"]).await;
    let mut changes = channel.state_changes();
    cluster.iter_mut().for_each(tests::cluster::Backend::kill);
    let change = until(&mut changes, ConnectivityState::TransientFailure).await;
    let reason = change.reason.unwrap().to_string();
    assert!(reason.to_lowercase().contains("refused"), "{reason}");

    let status = said(greeter.say_hello(hello(""))).await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::Unavailable, Delivery::NotSent));
    let text = status.to_string();
    assert!(text.contains("2 endpoints") && text.to_lowercase().contains("refused"), "{text}");
    assert!(
        cluster.addresses().iter().any(|address| text.contains(&address.to_string())),
        "{text}"
    );

    // One that is back is found without being asked for.
    cluster["ada"].restart();
    until(&mut changes, ConnectivityState::Ready).await;
    assert_eq!(spread(&greeter, 3).await.unwrap(), shares([("ada", 3)]));
}

/// grpc-go: `TestRoundRobin_NewAddressWhileBlocking`.
#[tokio::test]
async fn test_round_robin_new_address_while_blocking() {
    let mut cluster = Cluster::start(["ada", "bob"]);
    cluster["ada"].kill();
    let servers = ManualResolver::new("manual");
    servers.set_endpoints([cluster["ada"].endpoint()]);
    let (channel, greeter) = open(spreading("manual:///greeter").resolver(servers.clone()));
    let mut changes = channel.state_changes();
    let waiting = said(greeter.say_hello(hello("")).wait_for_ready(true));
    let adding = async {
        until(&mut changes, ConnectivityState::TransientFailure).await;
        servers.set_endpoints(cluster.endpoints());
    };
    assert_eq!(tokio::join!(waiting, adding).0.unwrap(), "bob");
}

/// A backend behind two addresses has one share, and is reached by whichever of them works.
#[tokio::test]
async fn an_endpoint_with_two_addresses_has_one_share() {
    let mut cluster = Cluster::start(ALL);
    cluster["ada"].kill();
    let addresses = ["ada", "bob"].map(|name| grpc_runtime::Address::Tcp(cluster[name].address()));
    let both = grpc_runtime::lb::Endpoint::of(addresses.into()).unwrap();
    let servers = ManualResolver::new("manual");
    servers.set_endpoints([both, cluster["eve"].endpoint()]);
    let (_channel, greeter) = open(spreading("manual:///greeter").resolver(servers));
    until_all_answer(&greeter, ["bob", "eve"]).await;
    assert_eq!(spread(&greeter, 20).await.unwrap(), shares([("bob", 10), ("eve", 10)]));
}
