//! A name in DNS that stands for several backends, and whose records change.
#![cfg(target_os = "linux")] // elsewhere loopback has one address unless somebody adds more

use std::time::Duration;

use grpc_runtime::resolver::DnsResolverFactory;
use grpc_runtime::{ChannelBuilder, Code, ConnectivityState, Delivery};
use tests::client::{hello, impatient, open, said, spreading};
use tests::cluster::{Cluster, shares, spread, until_all_answer};
use tests::load::Load;
use tests::names::Names;

use crate::configs::{PICK_FIRST, ROUND_ROBIN};
use crate::until;

const HOST: &str = "greeter.test";
const ALL: [&str; 3] = ["ada", "bob", "eve"];
const ADDRESSES: [&str; 3] = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];

/// Backends, a DNS server that does not know them yet, and a channel that looks again whenever it has reason to.
fn named(describe: fn(String) -> ChannelBuilder) -> (Cluster, Names, ChannelBuilder) {
    let (cluster, names) = (Cluster::on_one_port(ALL), Names::start());
    let target = names.target(HOST, cluster["ada"].address().port());
    let dns = DnsResolverFactory::new().minimum_interval(Duration::ZERO);
    (cluster, names, describe(target).resolver(dns))
}

#[tokio::test]
async fn three_records_have_a_third_each() {
    let (cluster, names, described) = named(spreading);
    names.host(HOST, ADDRESSES);
    let (_channel, greeter) = open(described);
    until_all_answer(&greeter, ALL).await;
    assert_eq!(spread(&greeter, 30).await.unwrap(), shares(ALL.map(|name| (name, 10))));
    assert!(cluster.iter().all(|backend| backend.counts().connections == 1));
    let queries = names.queries();
    assert_eq!((queries.v4, queries.v6), (1, 1));
}

#[tokio::test]
async fn a_record_that_changes_is_followed_when_a_connection_is_lost() {
    let (mut cluster, names, described) = named(spreading);
    names.host(HOST, [ADDRESSES[0], ADDRESSES[1]]);
    let (_channel, greeter) = open(described);
    until_all_answer(&greeter, ["ada", "bob"]).await;
    names.host(HOST, [ADDRESSES[1], ADDRESSES[2]]);
    // Nothing is lost, so nobody asks.
    assert_eq!(spread(&greeter, 10).await.unwrap(), shares([("ada", 5), ("bob", 5)]));
    cluster["ada"].shut_down().await;
    until_all_answer(&greeter, ["bob", "eve"]).await;
    assert_eq!(spread(&greeter, 20).await.unwrap(), shares([("bob", 10), ("eve", 10)]));
    // What left the records is not connected to any more.
    cluster["ada"].restart();
    assert_eq!(spread(&greeter, 20).await.unwrap(), shares([("bob", 10), ("eve", 10)]));
    assert_eq!(cluster["ada"].counts().connections, 1);
    assert_eq!(cluster["bob"].counts().connections, 1, "what stayed in the records was kept");
}

#[tokio::test]
async fn pick_first_follows_a_name_too() {
    let (mut cluster, names, described) = named(impatient);
    names.host(HOST, [ADDRESSES[2]]);
    let (channel, greeter) = open(described);
    assert_eq!(spread(&greeter, 2).await.unwrap(), shares([("eve", 2)]));
    let mut changes = channel.state_changes();
    names.host(HOST, [ADDRESSES[1]]);
    cluster["eve"].kill();
    until(&mut changes, ConnectivityState::Idle).await;
    let reply = said(greeter.say_hello(hello("")).wait_for_ready(true)).await;
    assert_eq!(reply.unwrap(), "bob");
}

/// All that a service behind a name goes through in a day: its servers restart one after the other, and one is
/// replaced by another.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_under_load_loses_no_call() {
    let (mut cluster, names, described) = named(spreading);
    names.host(HOST, [ADDRESSES[0], ADDRESSES[1]]);
    let (_channel, greeter) = open(described);
    until_all_answer(&greeter, ["ada", "bob"]).await;
    let load = Load::start(&greeter, 8);
    for name in ["ada", "bob"] {
        load.more(100).await;
        cluster[name].shut_down().await;
        load.more(100).await;
        cluster[name].restart();
        load.more_of(name, 20).await;
    }
    names.host(HOST, [ADDRESSES[1], ADDRESSES[2]]);
    cluster["ada"].shut_down().await;
    load.more_of("eve", 20).await;
    let tally = load.stop().await;
    assert_eq!(tally.failed, 0, "of {} calls: {:#?}", tally.answered(), tally.failures);
}

#[tokio::test]
async fn a_name_that_comes_to_be() {
    for is_broken in [false, true] {
        let (_cluster, names, described) = named(spreading);
        if is_broken {
            names.break_down(HOST);
        }
        let (channel, greeter) = open(described);
        let mut changes = channel.state_changes();
        let status = said(greeter.say_hello(hello(""))).await.unwrap_err();
        assert_eq!((status.code(), status.delivery()), (Code::Unavailable, Delivery::NotSent));
        let text = status.to_string();
        assert!(text.contains(HOST), "{text}");
        assert_eq!(text.contains("produced zero addresses"), !is_broken, "{text}");
        until(&mut changes, ConnectivityState::TransientFailure).await;
        // It is asked again by itself.
        names.host(HOST, [ADDRESSES[1]]);
        let reply = said(greeter.say_hello(hello("")).wait_for_ready(true)).await;
        assert_eq!(reply.unwrap(), "bob");
    }
}

/// Servers that are known outlast the DNS server.
#[tokio::test]
async fn a_broken_dns_server_takes_nothing_away() {
    let (mut cluster, names, described) = named(spreading);
    names.host(HOST, ADDRESSES);
    let (_channel, greeter) = open(described);
    until_all_answer(&greeter, ALL).await;
    names.break_down(HOST);
    let before = names.queries().v4;
    cluster["ada"].shut_down().await;
    names.asked(|queries| queries.v4 > before).await;
    assert_eq!(spread(&greeter, 20).await.unwrap(), shares([("bob", 10), ("eve", 10)]));
    cluster["ada"].restart();
    until_all_answer(&greeter, ["ada"]).await;
    assert_eq!(spread(&greeter, 30).await.unwrap(), shares(ALL.map(|name| (name, 10))));
}

/// With the pause between resolutions that a program has unless it says otherwise (30 s), many losses are one
/// question. grpc-go: `TestRateLimitedResolve`, here through a channel.
#[tokio::test]
async fn test_rate_limited_resolve() {
    let (mut cluster, names, described) = named(spreading);
    names.host(HOST, ADDRESSES);
    let (_channel, greeter) = open(described.resolver(DnsResolverFactory::new()));
    until_all_answer(&greeter, ALL).await;
    for name in ALL.repeat(2) {
        cluster[name].shut_down().await;
        cluster[name].restart();
        until_all_answer(&greeter, [name]).await;
    }
    assert_eq!((names.queries().v4, names.queries().v6), (1, 1));
}

// ===== service configs in TXT records (gRFC A2) =====

fn choice(config: &str) -> String {
    format!(
        r#"[{{"clientLanguage":["go"],"serviceConfig":{PICK_FIRST}}},{{"serviceConfig":{config}}}]"#
    )
}

#[tokio::test]
async fn a_text_record_chooses_the_policy() {
    let (mut cluster, names, described) = named(impatient);
    names.host(HOST, ADDRESSES);
    names.service_config(HOST, &choice(ROUND_ROBIN));
    let (_channel, greeter) = open(described.clone());
    until_all_answer(&greeter, ALL).await;
    assert_eq!(spread(&greeter, 30).await.unwrap(), shares(ALL.map(|name| (name, 10))));
    assert_eq!(names.queries().text, 1);

    // A channel that does not want to know does not ask.
    let (_channel, other) = open(described.disable_service_config());
    assert_eq!(spread(&other, 3).await.unwrap().len(), 1);
    assert_eq!(names.queries().text, 1);

    // One that cannot be read keeps the one before, and addresses are followed all the same. grpc-go:
    // `TestResolverUpdate_InvalidServiceConfigAfterGoodUpdate`.
    names.service_config(HOST, "[{");
    names.host(HOST, [ADDRESSES[1], ADDRESSES[2]]);
    cluster["ada"].shut_down().await;
    names.asked(|queries| queries.text == 2).await;
    until_all_answer(&greeter, ["bob", "eve"]).await;
    assert_eq!(spread(&greeter, 20).await.unwrap(), shares([("bob", 10), ("eve", 10)]));
}

/// grpc-go: `TestResolverUpdate_InvalidServiceConfigAsFirstUpdate`, from DNS.
#[tokio::test]
async fn a_text_record_that_was_never_any_good() {
    let (_cluster, names, described) = named(impatient);
    names.host(HOST, ADDRESSES);
    names.service_config(HOST, "[{");
    let (_channel, greeter) = open(described);
    let status = said(greeter.say_hello(hello(""))).await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::Unavailable, Delivery::NotSent));
    let text = status.to_string();
    assert!(text.contains(HOST) && text.contains("not JSON"), "{text}");
    // It is asked again by itself.
    names.no_service_config(HOST);
    let reply = said(greeter.say_hello(hello("")).wait_for_ready(true)).await.unwrap();
    assert!(ALL.contains(&reply.as_str()), "{reply}");
}
