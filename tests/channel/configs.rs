//! Service configs: from the resolver, from DNS, and the channel's own; good, bad, and changed under load.

use std::net::SocketAddr;

use grpc_runtime::ConnectivityState::{Ready, TransientFailure};
use grpc_runtime::lb::Endpoint;
use grpc_runtime::resolver::{ManualResolver, ResolverUpdate, ServiceConfigUpdate, UpdateOutcome};
use grpc_runtime::{Address, Channel, ChannelError, Code, Delivery, Status};
use tests::client::{GreeterClient, hello, impatient, open, said};
use tests::cluster::{Cluster, shares, spread, until_all_answer};
use tests::load::Load;
use tests::within;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::{expect, until};

pub(crate) const PICK_FIRST: &str = r#"{"loadBalancingConfig":[{"pick_first":{}}]}"#;
pub(crate) const ROUND_ROBIN: &str =
    r#"{"loadBalancingConfig":[{"of_the_future":{}},{"round_robin":{}}]}"#;
const BAD: &str = r#"{"loadBalancingConfig":[{"of_the_future":{}}]}"#;

fn fed() -> (ManualResolver, Channel, GreeterClient) {
    let servers = ManualResolver::new("manual");
    let described = impatient("manual:///greeter").resolver(servers.clone());
    let (channel, greeter) = open(described);
    (servers, channel, greeter)
}

fn update(endpoints: Vec<Endpoint>, config: &str) -> ResolverUpdate {
    let config = ServiceConfigUpdate::Json(config.to_owned());
    ResolverUpdate::endpoints(endpoints).with_service_config(config)
}

async fn push(servers: &ManualResolver, update: ResolverUpdate) -> UpdateOutcome {
    servers.push(update);
    within("the update", servers.next_outcome()).await
}

/// A port behind which is `to`, but for which a connection waits until it is let through.
async fn gate(to: SocketAddr) -> (Endpoint, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (open, opened) = oneshot::channel();
    tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        opened.await.unwrap();
        let mut far = TcpStream::connect(to).await.unwrap();
        tokio::io::copy_bidirectional(&mut near, &mut far).await
    });
    (Endpoint::new(Address::Tcp(address)), open)
}

/// grpc-go: `TestBalancerSwitch_Graceful`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn test_balancer_switch_graceful() {
    let cluster = Cluster::start(["ada", "bob"]);
    let (servers, channel, greeter) = fed();
    servers.push(update(vec![cluster["ada"].endpoint()], PICK_FIRST));
    let load = Load::start(&greeter, 4);
    load.more_of("ada", 50).await;
    let mut changes = channel.state_changes();

    let (bob, open) = gate(cluster["bob"].address()).await;
    assert_eq!(push(&servers, update(vec![bob], ROUND_ROBIN)).await, UpdateOutcome::Accepted);
    // The new policy has no connection yet, so the old one goes on with what it has.
    load.more_of("ada", 50).await;
    assert_eq!(load.tally().of("bob"), 0);
    open.send(()).unwrap();
    load.more_of("bob", 50).await;
    let tally = load.stop().await;
    assert_eq!(tally.failed, 0, "of {} calls: {:#?}", tally.answered(), tally.failures);
    assert_eq!(spread(&greeter, 5).await.unwrap(), shares([("bob", 5)]));
    cluster["ada"].counted("the connection to be closed", |counts| counts.open == 0).await;
    // Calls never had to wait.
    expect(&mut changes, [Ready]).await;
    assert_eq!(channel.state(), Ready);
    channel.close();
    expect(&mut changes, [grpc_runtime::ConnectivityState::Shutdown]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn policies_change_back_and_forth_under_load() {
    let cluster = Cluster::start(["ada", "bob", "eve"]);
    let (servers, _channel, greeter) = fed();
    servers.push(update(cluster.endpoints(), PICK_FIRST));
    let load = Load::start(&greeter, 8);
    for _ in 0..5 {
        push(&servers, update(cluster.endpoints(), ROUND_ROBIN)).await;
        for name in ["ada", "bob", "eve"] {
            load.more_of(name, 20).await;
        }
        push(&servers, update(cluster.endpoints(), PICK_FIRST)).await;
        for name in ["bob", "eve"] {
            let what = "the connection to be closed";
            cluster[name].counted(what, |counts| counts.open == 0).await;
        }
        load.more_of("ada", 20).await;
    }
    let tally = load.stop().await;
    assert_eq!(tally.failed, 0, "of {} calls: {:#?}", tally.answered(), tally.failures);
    assert_eq!(cluster["ada"].counts().connections, 1, "both policies use the same one");
}

async fn fails(greeter: &GreeterClient) -> Status {
    let status = said(greeter.say_hello(hello(""))).await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::Unavailable, Delivery::NotSent));
    status
}

/// grpc-go: `TestResolverUpdate_InvalidServiceConfigAsFirstUpdate`.
#[tokio::test]
async fn test_resolver_update_invalid_service_config_as_first_update() {
    let cluster = Cluster::start(["ada"]);
    for bad in [BAD, "{", r#"{"methodConfig":[{"name":[{}],"timeout":"soon"}]}"#] {
        let (servers, channel, greeter) = fed();
        servers.push(update(cluster.endpoints(), bad));
        let mut changes = channel.state_changes();
        let text = fails(&greeter).await.to_string();
        assert!(text.contains("service config"), "{text}");
        let change = until(&mut changes, TransientFailure).await;
        assert!(change.to_string().contains("service config"), "{change}");
        assert_eq!(servers.last_outcome(), Some(UpdateOutcome::Rejected));
        // One that is good ends that.
        servers.push(update(cluster.endpoints(), PICK_FIRST));
        until(&mut changes, Ready).await;
        assert_eq!(spread(&greeter, 2).await.unwrap(), shares([("ada", 2)]));
    }
}

/// grpc-go: `TestResolverUpdate_InvalidServiceConfigAfterGoodUpdate`.
#[tokio::test]
async fn test_resolver_update_invalid_service_config_after_good_update() {
    let cluster = Cluster::start(["ada", "bob", "eve"]);
    let (servers, _channel, greeter) = fed();
    let endpoints = |names: [&str; 2]| names.map(|name| cluster[name].endpoint()).to_vec();
    servers.push(update(endpoints(["ada", "bob"]), ROUND_ROBIN));
    until_all_answer(&greeter, ["ada", "bob"]).await;
    // The config stays, the endpoints do not.
    let bad = update(endpoints(["bob", "eve"]), BAD);
    assert_eq!(push(&servers, bad).await, UpdateOutcome::Rejected);
    until_all_answer(&greeter, ["bob", "eve"]).await;
    assert_eq!(spread(&greeter, 10).await.unwrap(), shares([("bob", 5), ("eve", 5)]));
    assert_eq!(cluster["bob"].counts().connections, 1);
}

/// grpc-go: `TestRPCWaitsForResolver`, the half about what the resolver says of methods.
#[tokio::test]
async fn a_call_that_waited_for_the_resolver_follows_its_config() {
    let cluster = Cluster::start(["ada"]);
    let (servers, channel, greeter) = fed();
    let mut changes = channel.state_changes();
    let waiting = said(greeter.say_hello(hello("a name")));
    let feeding = async {
        until(&mut changes, grpc_runtime::ConnectivityState::Connecting).await;
        let name = r#"{"service":"helloworld.Greeter","method":"SayHello"}"#;
        let config =
            format!(r#"{{"methodConfig":[{{"name":[{name}],"maxRequestMessageBytes":3}}]}}"#);
        servers.push(update(cluster.endpoints(), &config));
    };
    let status = tokio::join!(biased; waiting, feeding).0.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(cluster["ada"].counts().started, 0);
    assert_eq!(said(greeter.say_hello(hello(""))).await.unwrap(), "ada", "small enough");
}

#[tokio::test]
async fn the_default_holds_while_the_resolver_has_none() {
    let cluster = Cluster::start(["ada", "bob"]);
    let servers = ManualResolver::new("manual");
    let described = impatient("manual:///greeter")
        .resolver(servers.clone())
        .default_service_config(ROUND_ROBIN);
    let (_channel, greeter) = open(described.clone());
    let even = shares([("ada", 5), ("bob", 5)]);
    servers.set_endpoints(cluster.endpoints());
    until_all_answer(&greeter, ["ada", "bob"]).await;
    assert_eq!(spread(&greeter, 10).await.unwrap(), even);
    push(&servers, update(cluster.endpoints(), PICK_FIRST)).await;
    assert_eq!(spread(&greeter, 10).await.unwrap(), shares([("ada", 10)]));
    servers.set_endpoints(cluster.endpoints());
    until_all_answer(&greeter, ["ada", "bob"]).await;
    assert_eq!(spread(&greeter, 10).await.unwrap(), even);

    // A channel that takes no orders.
    let (_channel, greeter) = open(described.disable_service_config());
    servers.push(update(cluster.endpoints(), PICK_FIRST));
    until_all_answer(&greeter, ["ada", "bob"]).await;
    assert_eq!(spread(&greeter, 10).await.unwrap(), even);
}

#[test]
fn a_default_that_is_none_is_found_when_the_channel_is_built() {
    for bad in [BAD, "", "[]", r#"{"loadBalancingConfig":[{"round_robin":[]}]}"#] {
        let described = Channel::builder("http://127.0.0.1:1").default_service_config(bad);
        let error = described.build().unwrap_err();
        assert!(matches!(error, ChannelError::ServiceConfig(_)), "{bad}: {error:?}");
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        assert!(cause.is_some_and(|cause| !cause.is_empty()), "{bad}");
    }
}
