//! One policy takes the place of another, as service configs of the resolver have it: when, and what calls see of it
//! (requirements CS-07).

use grpc_runtime::Channel;
use grpc_runtime::resolver::{ResolverUpdate, ServiceConfigUpdate};
use tests::network::{Door, Server};

use crate::lab::{
    Connecting, Idle, Lab, Ready, TransientFailure, call, ms, pass, s, settle, unread,
};

const PICK_FIRST: &str = r#"{"loadBalancingConfig": [{"pick_first": {}}]}"#;
const ROUND_ROBIN: &str = r#"{"loadBalancingConfig": [{"round_robin": {}}]}"#;

fn push(lab: &Lab, servers: &[&Server], config: &str) {
    let endpoints: Vec<_> = servers.iter().map(|server| server.endpoint()).collect();
    let config = ServiceConfigUpdate::Json(config.to_owned());
    lab.resolver.push(ResolverUpdate::endpoints(endpoints).with_service_config(config));
}

/// READY at this server by pick_first.
async fn ready(lab: &Lab, server: &Server) -> Channel {
    push(lab, &[server], PICK_FIRST);
    let channel = lab.channel();
    assert_eq!(call(&channel).await.unwrap(), server.address().to_string());
    channel
}

/// TestCurrentNotReadyPendingUpdate, the other way round: the old one serves until the new one is READY.
#[tokio::test(start_paused = true)]
async fn the_old_policy_serves_until_the_new_one_is_ready() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    two.door(Door::OpensAfter(s(3)));
    let channel = ready(&lab, &one).await;
    let mut changes = channel.state_changes();

    push(&lab, &[&two], ROUND_ROBIN);
    for _ in 0..2 {
        pass(s(1)).await;
        assert_eq!(call(&channel).await.unwrap(), "one");
        assert_eq!((one.open(), two.open()), (1, 0));
    }
    pass(s(2)).await;
    assert_eq!(call(&channel).await.unwrap(), "two");
    settle().await;
    assert_eq!((one.open(), two.open()), (0, 1), "what only the old one had is let go");
    assert_eq!(unread(&mut changes), [Ready], "nobody sees the change");
}

/// With the same addresses, the connection passes from the old one to the new one.
#[tokio::test(start_paused = true)]
async fn the_new_policy_takes_over_connections() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    let channel = ready(&lab, &one).await;
    push(&lab, &[&one, &two], ROUND_ROBIN);
    settle().await;
    let mut answers = [call(&channel).await.unwrap(), call(&channel).await.unwrap()];
    answers.sort();
    assert_eq!(answers, ["one", "two"]);
    push(&lab, &[&one, &two], PICK_FIRST);
    settle().await;
    assert_eq!(call(&channel).await.unwrap(), "one");
    settle().await;
    assert_eq!((one.opened(), two.opened(), two.open()), (1, 1, 0));
}

/// TRANSIENT_FAILURE is a state to change over in, too: the old one's addresses are no longer true.
#[tokio::test(start_paused = true)]
async fn a_new_policy_that_fails_takes_over() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    two.door(Door::RefusesAfter(s(2)));
    let channel = ready(&lab, &one).await;
    let mut changes = channel.state_changes();
    push(&lab, &[&two], ROUND_ROBIN);
    pass(s(1)).await;
    assert_eq!(call(&channel).await.unwrap(), "one");
    pass(s(1) + ms(1)).await;
    let status = call(&channel).await.unwrap_err();
    assert!(status.to_string().contains("two"), "{status}");
    settle().await;
    assert_eq!(one.open(), 0);
    assert_eq!(unread(&mut changes), [Ready, TransientFailure]);
}

/// TestCurrentLeavingReady: the new one takes over with what it has said last.
#[tokio::test(start_paused = true)]
async fn an_old_policy_that_loses_its_connection_goes_at_once() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    two.door(Door::OpensAfter(s(5)));
    let channel = ready(&lab, &one).await;
    let mut changes = channel.state_changes();
    push(&lab, &[&two], ROUND_ROBIN);
    pass(s(1)).await;
    one.cut();
    settle().await;
    assert_eq!(call(&channel).await.unwrap(), "two", "it waits for the new one");
    assert_eq!(lab.now(), s(5));
    assert_eq!(one.opened(), 1, "the old one is not asked to come back");
    assert_eq!(unread(&mut changes), [Ready, Connecting, Ready]);
}

/// A policy that serves nobody is replaced at once.
#[tokio::test(start_paused = true)]
async fn an_old_policy_that_is_not_ready_goes_at_once() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    one.door(Door::Silent);
    push(&lab, &[&one], PICK_FIRST);
    let channel = lab.channel();
    let mut changes = channel.state_changes();
    channel.connect();
    settle().await;
    push(&lab, &[&two], ROUND_ROBIN);
    settle().await;
    assert_eq!(call(&channel).await.unwrap(), "two");
    assert_eq!(one.pending(), 0, "its attempt is given up");
    assert_eq!(unread(&mut changes), [Idle, Connecting, Ready]);
}

/// A third one takes the place of the one that was to come; and the name of the one in force, of nobody.
#[tokio::test(start_paused = true)]
async fn the_policy_that_waits_is_replaced() {
    let (lab, [one, two, three]) = Lab::of(["one", "two", "three"]);
    two.door(Door::Silent);
    let channel = ready(&lab, &one).await;
    push(&lab, &[&two], ROUND_ROBIN);
    settle().await;
    assert_eq!((two.pending(), call(&channel).await.unwrap().as_str()), (1, "one"));
    push(&lab, &[&three], PICK_FIRST);
    settle().await;
    assert_eq!(call(&channel).await.unwrap(), "three");
    settle().await;
    assert_eq!((two.pending(), one.open(), three.open()), (0, 0, 1));
}

/// Calls go on throughout, and none fails, however often the policy changes.
#[tokio::test(start_paused = true)]
async fn no_call_fails_while_policies_change() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    one.door(Door::OpensAfter(ms(7)));
    two.door(Door::OpensAfter(ms(30)));
    let channel = ready(&lab, &one).await;
    for round in 0..100_u64 {
        let config = if round % 2 == 0 { ROUND_ROBIN } else { PICK_FIRST };
        let servers = if round % 3 == 0 { [&one, &two] } else { [&two, &one] };
        push(&lab, &servers, config);
        for _ in 0..4 {
            call(&channel).await.unwrap();
            pass(ms(round % 13)).await;
        }
    }
}
