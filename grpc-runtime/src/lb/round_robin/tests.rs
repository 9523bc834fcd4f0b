//! `round_robin` against a driver that is played.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::RoundRobin;
use crate::attributes::Attributes;
use crate::connectivity::ConnectivityState;
use crate::lb::endpoint::EndpointWeight;
use crate::lb::harness::{Harness, endpoint};
use crate::lb::policy::Update;
use crate::lb::registry::PolicyBuilder;
use crate::lb::subchannel::SubchannelState;

fn harness() -> Harness {
    Harness::new(RoundRobin::new().build())
}

fn connected(names: &[&str]) -> Harness {
    let mut harness = harness();
    harness.resolve(names);
    for name in names {
        harness.ready(name);
    }
    harness.log();
    harness
}

fn picks(harness: &Harness, rounds: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..rounds {
        *counts.entry(harness.pick()).or_default() += 1;
    }
    counts
}

/// TestRoundRobin_Basic
#[test]
fn all_endpoints_are_connected_and_calls_go_to_those_that_are_ready_in_turn() {
    let mut harness = harness();
    harness.resolve(&["a", "b", "c"]);
    let log = harness.log();
    for name in ["a", "b", "c"] {
        assert!(log.contains(&format!("create {name}, connect {name}")), "{log}");
    }
    assert!(log.ends_with("CONNECTING") && log.matches("CONNECTING").count() == 1, "{log}");
    assert_eq!(harness.pick(), "queue");
    harness.ready("b");
    harness.ready("a");
    assert_eq!(harness.log(), "READY, READY");
    let even = BTreeMap::from([("a".to_owned(), 50), ("b".to_owned(), 50)]);
    assert_eq!(picks(&harness, 100), even);
}

/// TestRoundRobin_OneServerDown
#[test]
fn a_lost_connection_is_made_again_at_once() {
    let mut harness = connected(&["a", "b"]);
    harness.idle("a");
    assert_eq!(harness.log(), "connect a, resolve, READY");
    assert_eq!(picks(&harness, 4), BTreeMap::from([("b".to_owned(), 4)]));
    harness.fail("a");
    assert_eq!(harness.log(), "resolve", "calls see no difference");
    harness.idle("b");
    assert_eq!(harness.log(), "connect b, resolve, CONNECTING");
}

/// TestRoundRobin_AllServersDown
#[test]
fn failure_is_told_when_all_fail_with_the_newest_reason_and_the_note() {
    let mut harness = harness();
    let endpoints = vec![endpoint("a"), endpoint("b")];
    let _ = harness.update(Update::new(endpoints.clone()).with_note("old"));
    harness.fail("a");
    assert_eq!(harness.state(), Some(ConnectivityState::Connecting));
    let told = harness.published.as_ref().unwrap().1.last_failure();
    assert!(told.unwrap().message().contains("a refused"));
    harness.fail("b");
    harness.log();
    let around = "no connection to any of 2 endpoints (resolver: old), the last failure: ";
    assert_eq!(harness.pick(), format!("{around}b refused"));
    harness.idle("a");
    harness.tell("a", SubchannelState::Connecting);
    assert_eq!(harness.log(), "connect a", "failure sticks");
    harness.fail("a");
    assert_eq!(harness.log(), "resolve, TRANSIENT_FAILURE");
    assert_eq!(harness.pick(), format!("{around}a refused"));
    let _ = harness.update(Update::new(endpoints));
    assert_eq!(harness.log(), "TRANSIENT_FAILURE");
    assert!(!harness.pick().contains("old"));
    harness.resolver_fails("no such name");
    assert!(harness.pick().contains("no such name") && harness.pick().contains("a refused"));
    let told = harness.published.as_ref().unwrap().1.last_failure();
    assert_eq!(told.unwrap().message(), harness.pick());
}

/// TestRoundRobin_AddressesRemoved
#[test]
fn an_endpoint_that_left_is_let_go() {
    let mut harness = connected(&["a", "b"]);
    harness.resolve(&["b"]);
    assert_eq!(harness.log(), "remove a, READY");
    let rejected = harness.update(Update::new(Vec::new()));
    assert!(rejected.is_err());
    assert_eq!(harness.log(), "remove b, TRANSIENT_FAILURE");
    assert_eq!(harness.pick(), "name resolver error: produced zero addresses");
    harness.resolver_fails("no such name");
    assert_eq!(harness.pick(), "no such name");
    harness.resolve(&["c"]);
    assert_eq!(harness.log(), "TRANSIENT_FAILURE, create c, connect c, CONNECTING");
}

#[test]
fn an_update_touches_only_what_it_changes() {
    let mut names: Vec<String> = (0..1_000).map(|index| format!("s{index}")).collect();
    let list = |names: &[String]| names.iter().map(|name| endpoint(name)).collect::<Vec<_>>();
    let mut harness = harness();
    let _ = harness.update(Update::new(list(&names)));
    for name in &names {
        harness.ready(name);
    }
    harness.log();
    let before = harness.published.as_ref().map(|(_, picker)| Arc::clone(picker)).unwrap();
    let _ = harness.update(Update::new(list(&names)));
    assert_eq!(harness.log(), "");
    assert!(Arc::ptr_eq(&before, &harness.published.as_ref().unwrap().1));
    names[500] = "new".to_owned();
    let _ = harness.update(Update::new(list(&names)));
    assert_eq!(harness.log(), "remove s500, create new, connect new, READY");
    assert_eq!(picks(&harness, 999).len(), 999);
}

#[test]
fn an_endpoint_counts_once_and_its_order_and_attributes_may_change() {
    let mut harness = harness();
    harness.resolve(&["a+b", "b+a", "c"]);
    assert_eq!(harness.subchannels.len(), 2);
    harness.ready("a");
    harness.ready("c");
    harness.log();
    let weight = Attributes::new().with(EndpointWeight(3));
    let endpoints = vec![endpoint("b+a").with_attributes(weight), endpoint("c")];
    let _ = harness.update(Update::new(endpoints));
    assert_eq!(harness.log(), "");
    let even = BTreeMap::from([("a".to_owned(), 5), ("c".to_owned(), 5)]);
    assert_eq!(picks(&harness, 10), even);
}

#[test]
fn another_way_to_connect_replaces_the_connection_at_once() {
    let mut harness = connected(&["a"]);
    let attributes = Attributes::new().with("secret");
    let _ = harness.update(Update::new(vec![endpoint("a").with_connection_attributes(attributes)]));
    assert_eq!(harness.log(), "remove a, create a, connect a, resolve, CONNECTING");
}

#[test]
fn timers_reach_the_child_that_started_them() {
    let mut harness = harness();
    harness.resolve(&["a+b", "c+d"]);
    harness.log();
    harness.wait(std::time::Duration::from_millis(250));
    let log = harness.log();
    assert!(log.contains("connect b") && log.contains("connect d"), "{log}");
}
