//! pick_first over the network: which address is tried when, which connection stays, and what an update changes.

use std::net::SocketAddr;

use grpc_runtime::lb::Endpoint;
use grpc_runtime::{Address, Code};
use tests::network::Door;

use crate::lab::{
    Connecting, Idle, Lab, Ready, TransientFailure, call, ms, pass, patient_call, s, settle, unread,
};

fn names(attempts: Vec<(std::time::Duration, String)>) -> Vec<String> {
    attempts.into_iter().map(|(_, name)| name).collect()
}

/// TestPickFirstLeaf_HappyEyeballs_TriggerConnectionDelay
#[tokio::test(start_paused = true)]
async fn happy_eyeballs_trigger_connection_delay() {
    let (lab, [one, two, three]) = Lab::of(["one", "two", "three"]);
    one.door(Door::Silent);
    two.door(Door::Silent);
    three.door(Door::OpensAfter(ms(40)));
    let channel = lab.channel();
    let mut changes = channel.state_changes();
    assert_eq!(call(&channel).await.unwrap(), "three");
    assert_eq!(lab.now(), ms(540));
    let begun = [(ms(0), "one"), (ms(250), "two"), (ms(500), "three")];
    assert_eq!(lab.network.attempts(), begun.map(|(at, name)| (at, name.to_owned())));
    settle().await;
    assert_eq!(lab.network.open(), 1, "the others are given up");
    assert_eq!(unread(&mut changes), [Idle, Connecting, Ready]);
}

/// An attempt that was overtaken may still be the first to succeed.
#[tokio::test(start_paused = true)]
async fn happy_eyeballs_first_ready_wins() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    one.door(Door::OpensAfter(ms(300)));
    two.door(Door::SettingsAfter(ms(100)));
    let channel = lab.channel();
    assert_eq!(call(&channel).await.unwrap(), "one");
    // The other server looks only when it would have said SETTINGS.
    pass(ms(100)).await;
    assert_eq!((lab.network.open(), two.open()), (1, 0));
}

/// TestPickFirstLeaf_HappyEyeballs_TF_ThenTimerFires: the failure of the address whose turn it is advances at once; that of
/// an earlier one advances nothing.
#[tokio::test(start_paused = true)]
async fn happy_eyeballs_tf_then_timer_fires() {
    let (lab, [one, two, three, _four]) = Lab::of(["one", "two", "three", "four"]);
    one.door(Door::RefusesAfter(ms(400)));
    two.door(Door::RefusesAfter(ms(100)));
    three.door(Door::Silent);
    let channel = lab.channel();
    assert_eq!(call(&channel).await.unwrap(), "four");
    let at: Vec<_> = lab.network.attempts().into_iter().map(|(at, _)| at).collect();
    assert_eq!(at, [ms(0), ms(250), ms(350), ms(600)]);
}

/// TestPickFirstLeaf_HappyEyeballs_TF_AfterEndOfList: not before all have failed, and with the error of the last.
#[tokio::test(start_paused = true)]
async fn happy_eyeballs_tf_after_end_of_list() {
    let (lab, [one, two, three]) = Lab::of(["one", "two", "three"]);
    one.door(Door::RefusesAfter(s(3)));
    two.door(Door::Refuses);
    three.door(Door::RefusesAfter(s(1)));
    let channel = lab.channel();
    let mut changes = channel.state_changes();
    let status = call(&channel).await.unwrap_err();
    assert_eq!(lab.now(), s(3));
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.to_string().contains("one"), "{status}");
    assert_eq!(unread(&mut changes), [Idle, Connecting, TransientFailure]);
}

/// TestPickFirstLeaf_InterleavingIPV4Preferred, and with IPv6 and names in front (RFC 8305, section 4).
#[tokio::test(start_paused = true)]
async fn interleaving() {
    for (resolved, tried) in [
        (
            ["1.1.1.1:1", "2.2.2.2:2", "3.3.3.3:3", "[::1]:1", "[::2]:2", "[::3]:3"],
            ["1.1.1.1:1", "[::1]:1", "2.2.2.2:2", "[::2]:2", "3.3.3.3:3", "[::3]:3"],
        ),
        (
            ["[::1]:1", "1.1.1.1:1", "2.2.2.2:2", "3.3.3.3:3", "[::2]:2", "x"],
            ["[::1]:1", "1.1.1.1:1", "x", "[::2]:2", "2.2.2.2:2", "3.3.3.3:3"],
        ),
        (
            ["x", "y", "1.1.1.1:1", "[::1]:1", "[::2]:2", "2.2.2.2:2"],
            ["x", "1.1.1.1:1", "[::1]:1", "y", "2.2.2.2:2", "[::2]:2"],
        ),
    ] {
        let lab = Lab::new();
        let servers = resolved.map(|text| {
            let address = match text.parse::<SocketAddr>() {
                Ok(address) => Address::Tcp(address),
                Err(_) => Address::Custom(text.to_owned()),
            };
            lab.network.server_at(address)
        });
        for server in &servers {
            server.door(Door::Silent);
        }
        lab.knows(&servers);
        let channel = lab.channel();
        channel.connect();
        pass(s(2)).await;
        assert_eq!(names(lab.network.attempts()), tried);
    }
}

/// TestPickFirst_StickyTransientFailure: no CONNECTING while it knocks again and again; READY when somebody opens.
#[tokio::test(start_paused = true)]
async fn sticky_transient_failure() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    one.door(Door::Closes);
    two.door(Door::Refuses);
    let channel = lab.channel();
    let mut changes = channel.state_changes();
    channel.connect();
    pass(s(60)).await;
    assert_eq!(unread(&mut changes), [Idle, Connecting, TransientFailure]);
    assert!(one.attempts().len() > 4 && two.attempts().len() > 4, "{:?}", lab.network);
    two.door(Door::Opens);
    assert_eq!(patient_call(&channel).await.unwrap(), "two");
    assert_eq!(unread(&mut changes), [Ready]);
    settle().await;
    assert_eq!(lab.network.open(), 1);
}

/// TestPickFirstLeaf_ResolverUpdates_ActiveBackendInUpdatedList
#[tokio::test(start_paused = true)]
async fn active_backend_in_updated_list() {
    let (lab, [one, two, three]) = Lab::of(["one", "two", "three"]);
    let channel = lab.channel();
    call(&channel).await.unwrap();
    let mut changes = channel.state_changes();
    for list in [
        vec![two.clone(), one.clone()],
        vec![three.clone(), one.clone(), three.clone()],
        vec![one.clone()],
    ] {
        lab.knows(&list);
        settle().await;
        assert_eq!(call(&channel).await.unwrap(), "one");
    }
    assert_eq!(unread(&mut changes), [Ready]);
    assert_eq!((lab.network.opened(), lab.network.open()), (1, 1));
}

/// TestPickFirstLeaf_ResolverUpdates_DisjointLists
#[tokio::test(start_paused = true)]
async fn disjoint_lists() {
    let (lab, [one, two, three]) = Lab::of(["one", "two", "three"]);
    let channel = lab.channel();
    assert_eq!(call(&channel).await.unwrap(), "one");
    lab.knows(&[two, three]);
    settle().await;
    assert_eq!(call(&channel).await.unwrap(), "two");
    settle().await;
    assert_eq!((one.open(), lab.network.open()), (0, 1));
}

/// TestPickFirstLeaf_StopConnectedServer_FirstServerToSecond: after a loss the list begins anew, with the first.
#[tokio::test(start_paused = true)]
async fn stop_connected_server() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    let channel = lab.channel();
    assert_eq!(call(&channel).await.unwrap(), "one");
    one.down();
    settle().await;
    assert_eq!(channel.state(), Idle);
    assert_eq!(call(&channel).await.unwrap(), "two");
    one.door(Door::Opens);
    two.down();
    settle().await;
    assert_eq!(call(&channel).await.unwrap(), "one");
}

/// TestPickFirstLeaf_SimpleResolverUpdate_DuplicateAddrs
#[tokio::test(start_paused = true)]
async fn duplicate_addresses() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    one.door(Door::Silent);
    two.door(Door::Silent);
    let both = Endpoint::of(vec![one.address().clone(), two.address().clone()]).unwrap();
    lab.knows_endpoints([one.endpoint(), one.endpoint(), both.clone(), both, one.endpoint()]);
    let channel = lab.channel();
    channel.connect();
    pass(s(2)).await;
    assert_eq!(names(lab.network.attempts()), ["one", "two"]);
}

/// TestPickFirst_AddressesRemoved, TestStateTransitions_WithRPC_ResolverUpdateContainsNoAddresses
#[tokio::test(start_paused = true)]
async fn addresses_removed() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = lab.channel();
    let mut changes = channel.state_changes();
    call(&channel).await.unwrap();
    lab.knows(&[]);
    settle().await;
    let status = call(&channel).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.to_string().contains("zero addresses"), "{status}");
    assert_eq!(lab.network.open(), 0);
    lab.knows(&[one]);
    assert_eq!(patient_call(&channel).await.unwrap(), "one");
    let expected = [Idle, Connecting, Ready, TransientFailure, Connecting, Ready];
    assert_eq!(unread(&mut changes), expected);
}

/// TestPickFirst_ResolverError_WithPreviousUpdate_Ready: it goes on with what it knows.
#[tokio::test(start_paused = true)]
async fn resolver_error() {
    let lab = Lab::new();
    let channel = lab.channel();
    lab.resolver.set_error(grpc_runtime::Status::unavailable("the registry is down"));
    let status = call(&channel).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.to_string().contains("the registry is down"), "{status}");
    lab.knows(&[lab.network.server("one")]);
    assert_eq!(patient_call(&channel).await.unwrap(), "one");
    lab.resolver.set_error(grpc_runtime::Status::unavailable("the registry is down"));
    settle().await;
    assert_eq!(call(&channel).await.unwrap(), "one");
    assert_eq!(lab.network.opened(), 1);
}

/// TestPickFirst_ShuffleAddressList: who is first is left to chance, endpoint by endpoint; without it, it is not.
#[tokio::test(start_paused = true)]
async fn shuffle_address_list() {
    assert_eq!(as_listed_of_sixty(false).await, 60);
    // Further off than this by chance: once in a hundred million runs.
    let as_listed = as_listed_of_sixty(true).await;
    assert!((8..=52).contains(&as_listed), "{as_listed}");
}

/// In how many of sixty channels two endpoints are tried in the order in which they are listed.
async fn as_listed_of_sixty(shuffles: bool) -> usize {
    let config = format!(
        r#"{{"loadBalancingConfig": [{{"pick_first": {{"shuffleAddressList": {shuffles}}}}}]}}"#
    );
    let mut as_listed = 0;
    for _ in 0..60 {
        let (lab, servers) = Lab::of(["one", "also one", "two"]);
        for server in &servers {
            server.door(Door::RefusesAfter(ms(5)));
        }
        let [one, also_one, two] = servers;
        let both = Endpoint::of(vec![one.address().clone(), also_one.address().clone()]).unwrap();
        lab.knows_endpoints([both, two.endpoint()]);
        let channel = lab.builder().default_service_config(config.as_str()).build().unwrap();
        call(&channel).await.unwrap_err();
        let order = names(lab.network.attempts()).join(", ");
        as_listed += match order.as_str() {
            "one, also one, two" => 1,
            "two, one, also one" => 0,
            _ => panic!("addresses of an endpoint stay together: {order}"),
        };
    }
    as_listed
}
