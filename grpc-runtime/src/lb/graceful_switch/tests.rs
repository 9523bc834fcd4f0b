//! Switching between `pick_first`, `round_robin` and a policy that does as it is told.

use serde_json::json;

use super::GracefulSwitch;
use crate::connectivity::ConnectivityState;
use crate::lb::harness::{Harness, endpoint};
use crate::lb::policy::Update;
use crate::lb::registry::{Chosen, PolicyRegistry};
use crate::lb::subchannel::SubchannelState;

fn harness() -> Harness {
    Harness::new(Box::new(GracefulSwitch::new()))
}

fn chosen(name: &str) -> Chosen {
    PolicyRegistry::builtin().choose(&json!([{ name: {} }])).unwrap()
}

fn switch(harness: &mut Harness, policy: &str, names: &[&str]) {
    let endpoints = names.iter().map(|name| endpoint(name)).collect();
    let _ = harness.update(Update::new(endpoints).with_config(chosen(policy)));
}

/// TestSuccessfulFirstUpdate, TestTwoBalancersSameType
#[test]
fn the_first_policy_is_in_charge_at_once_and_the_same_name_is_an_update() {
    let mut harness = harness();
    switch(&mut harness, "pick_first", &["a"]);
    assert_eq!(harness.log(), "create a, connect a, CONNECTING");
    harness.ready("a");
    switch(&mut harness, "pick_first", &["b", "a"]);
    assert_eq!(harness.log(), "READY");
    assert_eq!(harness.pick(), "a");
}

/// TestBalancerSubconns, TestSuccessfulFirstUpdate
#[test]
fn the_old_policy_serves_until_the_new_one_is_ready() {
    let mut harness = harness();
    switch(&mut harness, "pick_first", &["a"]);
    harness.ready("a");
    harness.log();
    switch(&mut harness, "round_robin", &["a", "b"]);
    let log = harness.log();
    assert!(
        log.contains("create a") && log.contains("create b") && !log.contains("remove"),
        "{log}"
    );
    assert_eq!((harness.subchannels.len(), harness.pick()), (3, "a".to_owned()));
    harness.fail("a");
    assert_eq!(harness.log(), "resolve", "only that of the new one; calls see nothing");
    harness.ready("b");
    assert_eq!(harness.log(), "remove a, READY");
    assert_eq!((harness.subchannels.len(), harness.pick()), (2, "b".to_owned()));
}

/// TestCurrentLeavingReady
#[test]
fn the_new_policy_takes_over_when_the_old_one_loses_its_connection() {
    let mut harness = harness();
    switch(&mut harness, "pick_first", &["a"]);
    harness.ready("a");
    let old = harness.id("a");
    switch(&mut harness, "round_robin", &["b"]);
    harness.log();
    harness.tell_id(old, SubchannelState::Idle);
    // The old one's wish to resolve again died with it.
    assert_eq!(harness.log(), "remove a, CONNECTING");
    harness.ready("b");
    assert_eq!(harness.pick(), "b");
}

/// TestCurrentNotReadyPendingUpdate
#[test]
fn the_new_policy_takes_over_at_once_when_there_is_no_service_to_lose() {
    let mut harness = harness();
    switch(&mut harness, "pick_first", &["a"]);
    harness.log();
    switch(&mut harness, "round_robin", &["a"]);
    assert_eq!(harness.log(), "create a, connect a, remove a, CONNECTING");
}

#[test]
fn a_new_policy_that_fails_takes_over() {
    let mut harness = harness();
    switch(&mut harness, "pick_first", &["a"]);
    harness.ready("a");
    switch(&mut harness, "round_robin", &["b"]);
    harness.fail("b");
    assert_eq!(harness.state(), Some(ConnectivityState::TransientFailure));
    assert_eq!((harness.pick(), harness.subchannels.len()), ("b refused".to_owned(), 1));
}

/// TestPendingReplacedByAnotherPending
#[test]
fn a_third_policy_takes_the_place_of_the_second() {
    let mut harness = harness();
    switch(&mut harness, "pick_first", &["a"]);
    harness.ready("a");
    switch(&mut harness, "round_robin", &["b"]);
    harness.log();
    switch(&mut harness, "pick_first", &["c"]);
    assert_eq!(harness.log(), "remove b, create c, connect c");
    assert_eq!(harness.pick(), "a");
    harness.ready("c");
    assert_eq!((harness.pick(), harness.subchannels.len()), ("c".to_owned(), 1));
}

/// TestResolverError, TestExitIdle
#[test]
fn errors_and_wishes_for_a_connection_go_to_the_newest() {
    let mut harness = harness();
    harness.resolver_fails("no such name");
    assert_eq!(harness.pick(), "no such name");
    harness.exit_idle();
    switch(&mut harness, "pick_first", &["a"]);
    harness.ready("a");
    switch(&mut harness, "round_robin", &["b"]);
    harness.resolver_fails("no such name");
    harness.exit_idle();
    harness.fail("b");
    assert!(harness.pick().contains("no such name"));
}

#[test]
fn an_update_without_a_policy_is_rejected() {
    let mut harness = harness();
    let rejected = harness.update(Update::new(vec![endpoint("a")])).unwrap_err();
    assert!(rejected.status().message().contains("names no policy"));
    assert_eq!(harness.log(), "");
}

#[test]
fn the_one_in_charge_has_a_name() {
    let mut harness = harness();
    assert!(harness.state().is_none());
    let mut switch = GracefulSwitch::default();
    assert_eq!(switch.current(), None);
    let mut random = || 0.5;
    let mut ids = crate::lb::Ids::new();
    let mut context = crate::lb::Context::new(crate::rt::now(), &mut random, &mut ids);
    let update = Update::new(vec![endpoint("a")]).with_config(chosen("round_robin"));
    crate::lb::Policy::update(&mut switch, update, &mut context).unwrap();
    assert_eq!(switch.current(), Some("round_robin"));
    harness.log();
}
