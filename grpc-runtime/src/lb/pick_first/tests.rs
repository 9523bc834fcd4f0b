//! `pick_first` against a driver that is played. Several re-create tests of grpc-go, whose names they then give.

use std::time::Duration;

use serde_json::json;

use super::PickFirst;
use crate::address::Address;
use crate::attributes::Attributes;
use crate::connectivity::ConnectivityState;
use crate::lb::endpoint::{Endpoint, EndpointWeight};
use crate::lb::harness::{Harness, endpoint};
use crate::lb::policy::Update;
use crate::lb::registry::PolicyBuilder;
use crate::lb::subchannel::SubchannelState;
use crate::status::Status;

const TURN: Duration = Duration::from_millis(250);

fn harness() -> Harness {
    Harness::new(PickFirst::new().build())
}

/// With a connection to `name`, nothing logged yet.
fn connected(names: &[&str], name: &str) -> Harness {
    let mut harness = harness();
    harness.resolve(names);
    for earlier in names.iter().take_while(|other| **other != name) {
        harness.fail(earlier);
    }
    harness.ready(name);
    harness.log();
    harness
}

#[test]
fn the_first_address_that_answers_gets_all_calls() {
    let mut harness = harness();
    harness.resolve(&["a", "b"]);
    assert_eq!(harness.log(), "CONNECTING, create a, connect a, timer 250 ms");
    assert_eq!(harness.pick(), "queue");
    harness.tell("a", SubchannelState::Connecting);
    harness.ready("a");
    assert_eq!(harness.log(), "cancel, READY");
    assert_eq!(harness.pick(), "a");
}

/// TestPickFirstLeaf_HappyEyeballs_TriggerConnectionDelay
#[test]
fn the_next_address_starts_beside_one_that_takes_long_and_the_first_to_answer_wins() {
    let mut harness = harness();
    harness.resolve(&["a", "b", "c"]);
    harness.log();
    harness.wait(TURN - Duration::from_millis(1));
    assert_eq!(harness.log(), "");
    harness.wait(Duration::from_millis(1));
    assert_eq!(harness.log(), "create b, connect b, timer 250 ms");
    harness.wait(TURN);
    assert_eq!(harness.log(), "create c, connect c");
    harness.ready("b");
    assert_eq!(harness.log(), "remove a, remove c, READY");
    assert_eq!((harness.pick(), harness.timers()), ("b".to_owned(), 0));
}

/// TestPickFirstLeaf_HappyEyeballs_TF_ThenTimerFires
#[test]
fn a_failure_moves_on_at_once_and_only_that_of_the_one_whose_turn_it_is() {
    let mut harness = harness();
    harness.resolve(&["a", "b", "c"]);
    harness.log();
    harness.fail("a");
    assert_eq!(harness.log(), "cancel, create b, connect b, timer 250 ms, CONNECTING");
    harness.wait(TURN);
    assert_eq!(harness.log(), "create c, connect c");
    harness.fail("b");
    assert_eq!(harness.log(), "CONNECTING");
    harness.fail("c");
    assert_eq!(harness.log(), "TRANSIENT_FAILURE, resolve");
    assert_eq!(harness.pick(), "no connection to any of 3 addresses, the last failure: c refused");
}

/// TestPickFirstLeaf_HappyEyeballs_TF_AfterEndOfList
#[test]
fn a_pass_is_not_over_while_an_earlier_attempt_goes_on() {
    let mut harness = harness();
    harness.resolve(&["a", "b"]);
    harness.wait(TURN);
    harness.fail("b");
    harness.log();
    assert_eq!(harness.state(), Some(ConnectivityState::Connecting));
    harness.idle("b");
    harness.fail("a");
    // The backoff of b is over, so it is tried again at once.
    assert_eq!(harness.log(), "TRANSIENT_FAILURE, resolve, connect b");
}

/// TestPickFirst_StickyTransientFailure, TestPickFirstLeaf_TFPickerUpdate
#[test]
fn failure_sticks_until_ready_and_is_renewed_after_as_many_failures_as_addresses() {
    let mut harness = harness();
    harness.resolve(&["a", "b"]);
    harness.fail("a");
    harness.fail("b");
    harness.log();
    for name in ["b", "a"] {
        harness.idle(name);
        assert_eq!(harness.log(), format!("connect {name}"));
        harness.tell(name, SubchannelState::Connecting);
        assert_eq!(harness.log(), "");
    }
    harness.fail("a");
    assert_eq!(harness.log(), "");
    assert!(harness.pick().ends_with("b refused"));
    harness.fail("b");
    assert_eq!(harness.log(), "TRANSIENT_FAILURE, resolve");
    harness.idle("a");
    harness.idle("b");
    harness.ready("b");
    assert_eq!(harness.log(), "connect a, connect b, remove a, READY");
}

/// TestPickFirstLeaf_StopConnectedServer, TestPickFirstLeaf_Reconnection
#[test]
fn a_lost_connection_is_made_again_when_wanted_beginning_at_the_first_address() {
    let mut harness = connected(&["a", "b"], "b");
    harness.idle("b");
    assert_eq!(harness.log(), "IDLE, resolve");
    assert_eq!(harness.pick(), "queue");
    harness.exit_idle();
    assert_eq!(harness.log(), "CONNECTING, create a, connect a, timer 250 ms");
    harness.exit_idle();
    assert_eq!(harness.log(), "");
    harness.fail("a");
    assert_eq!(harness.log(), "cancel, connect b, CONNECTING");
}

/// gRFC A105
#[test]
fn a_connection_that_reconnects_by_itself_begins_a_pass_at_once() {
    let mut harness = connected(&["a", "b"], "b");
    harness.tell("b", SubchannelState::Connecting);
    assert_eq!(harness.log(), "CONNECTING, create a, connect a, timer 250 ms");
    let mut harness = connected(&["a"], "a");
    harness.fail("a");
    assert_eq!(harness.log(), "CONNECTING, TRANSIENT_FAILURE, resolve");
    assert_eq!(harness.pick(), "a refused");
}

#[test]
fn a_connection_lost_before_anyone_looked_leaves_the_policy_idle() {
    let mut harness = harness();
    harness.resolve(&["a", "b"]);
    harness.wait(TURN);
    harness.tell("a", SubchannelState::Connecting);
    harness.log();
    harness.idle("a");
    assert_eq!(harness.log(), "remove b, IDLE, resolve");
}

/// TestPickFirstLeaf_ResolverUpdates_ActiveBackendInUpdatedList, _IdenticalLists
#[test]
fn an_update_that_has_the_address_keeps_the_connection() {
    let mut harness = connected(&["a", "b"], "a");
    for names in [&["a", "b"][..], &["c", "a"], &["a"]] {
        harness.resolve(names);
        assert_eq!((harness.log(), harness.pick()), (String::new(), "a".to_owned()));
    }
    let weight = Attributes::new().with(EndpointWeight(7));
    let _ = harness.update(Update::new(vec![endpoint("a").with_attributes(weight)]));
    assert_eq!(harness.log(), "");
}

/// TestPickFirstLeaf_ResolverUpdates_DisjointLists
#[test]
fn an_update_without_the_address_lets_the_connection_go() {
    let mut harness = connected(&["a", "b"], "a");
    harness.resolve(&["b", "c"]);
    assert_eq!(harness.log(), "remove a, IDLE, resolve");
    harness.exit_idle();
    assert_eq!(harness.log(), "CONNECTING, create b, connect b, timer 250 ms");
}

/// TestPickFirst_AddressUpdateWithAttributes
#[test]
fn another_way_to_connect_is_another_connection() {
    let mut harness = connected(&["a"], "a");
    let attributes = Attributes::new().with("secret");
    let changed = endpoint("a").with_connection_attributes(attributes.clone());
    let _ = harness.update(Update::new(vec![changed]));
    assert_eq!(harness.log(), "remove a, IDLE, resolve");
    harness.exit_idle();
    assert_eq!(harness.subchannels[&harness.id("a")].attributes, attributes);
}

#[test]
fn an_update_while_connecting_starts_over_with_what_is_under_way() {
    let mut harness = harness();
    harness.resolve(&["a", "b", "c"]);
    harness.wait(TURN);
    harness.log();
    harness.resolve(&["a", "b", "c"]);
    assert_eq!(harness.log(), "", "nothing changed");
    harness.resolve(&["b", "d"]);
    assert_eq!(harness.log(), "remove a, cancel, timer 250 ms");
    harness.fail("b");
    assert_eq!(harness.log(), "cancel, create d, connect d, CONNECTING");
}

#[test]
fn an_update_while_failing_begins_a_pass_and_does_not_cut_a_backoff_short() {
    let mut harness = harness();
    harness.resolve(&["a", "b"]);
    harness.fail("a");
    harness.fail("b");
    harness.log();
    harness.resolve(&["a", "b"]);
    assert_eq!(harness.log(), "");
    harness.resolve(&["b", "c"]);
    assert_eq!(harness.log(), "remove a, create c, connect c");
    assert_eq!(harness.state(), Some(ConnectivityState::TransientFailure));
    harness.fail("c");
    assert_eq!(harness.log(), "TRANSIENT_FAILURE, resolve");
    harness.resolve(&["d", "c"]);
    harness.ready("d");
    assert_eq!(harness.pick(), "d");
}

/// TestPickFirstLeaf_EmptyAddressList, TestPickFirst_AddressesRemoved
#[test]
fn an_update_without_addresses_is_rejected_and_forgotten_with_the_next() {
    let mut harness = harness();
    harness.resolve(&["a"]);
    harness.fail("a");
    harness.log();
    let rejected = harness.update(Update::new(Vec::new()).with_note("none in this zone"));
    let text = "name resolver error: produced zero addresses (resolver: none in this zone); \
                the last connection error: a refused";
    assert_eq!(rejected.unwrap_err().status().message(), text);
    assert_eq!(harness.log(), "remove a, TRANSIENT_FAILURE");
    assert_eq!(harness.pick(), text);
    harness.resolve(&["a"]);
    assert_eq!(harness.log(), "CONNECTING, create a, connect a");
}

/// TestPickFirst_ResolverError
#[test]
fn an_error_of_the_resolver_counts_where_there_are_no_addresses_and_is_told_while_failing() {
    let mut harness = harness();
    harness.resolver_fails("no such name");
    assert_eq!(
        (harness.log(), harness.pick()),
        ("TRANSIENT_FAILURE".into(), "no such name".into())
    );
    harness.resolve(&["a"]);
    harness.log();
    harness.resolver_fails("no such name");
    assert_eq!(harness.log(), "");
    harness.fail("a");
    let both = "no connection (resolver: the last name resolution failed: no such name): a refused";
    assert_eq!(harness.pick(), both);
    harness.resolve(&["a"]);
    assert_eq!(harness.pick(), "a refused");
    harness.resolver_fails("no such name");
    assert_eq!(harness.pick(), both);
}

#[test]
fn a_queued_call_can_be_told_what_failed() {
    let mut harness = harness();
    harness.resolve(&["a", "b"]);
    let told = |harness: &Harness| harness.published.as_ref().unwrap().1.last_failure();
    assert_eq!(told(&harness), None);
    harness.fail("a");
    assert!(told(&harness).unwrap().message().contains("a refused"));
    harness.ready("b");
    assert_eq!(told(&harness), None);
}

#[test]
fn addresses_of_endpoints_are_tried_with_families_in_turn_and_each_once() {
    let mut harness = harness();
    let of = |texts: &[&str]| {
        let tcp = |text: &&str| Address::Tcp(text.parse().unwrap());
        Endpoint::of(texts.iter().map(tcp).collect()).unwrap()
    };
    let endpoints = vec![of(&["1.1.1.1:1", "1.1.1.1:1", "2.2.2.2:1"]), of(&["[::1]:1"])];
    let _ = harness.update(Update::new(endpoints));
    harness.wait(TURN * 5);
    let log = harness.log();
    let created: Vec<_> = log.split(", ").filter(|line| line.starts_with("create")).collect();
    assert_eq!(created, ["create 1.1.1.1:1", "create [::1]:1", "create 2.2.2.2:1"]);
}

/// TestPickFirst_ShuffleAddressList
#[test]
fn endpoints_are_shuffled_where_the_configuration_says_so() {
    let builder = PickFirst::new();
    let firsts = |json| -> std::collections::BTreeSet<String> {
        let config = builder.parse_config(&json).unwrap();
        let mut harness = harness();
        (0..64)
            .map(|round| {
                let endpoints = vec![endpoint("a"), endpoint("b"), endpoint("c")];
                let _ = harness.update(Update::new(Vec::new()));
                let update = Update::new(endpoints).with_config(config.clone());
                let _ = harness.update(update.with_note(format!("{round}")));
                harness.subchannels.values().map(|known| known.address.to_string()).collect()
            })
            .collect()
    };
    assert_eq!(firsts(json!({})).len(), 1);
    assert_eq!(firsts(json!({"shuffleAddressList": false, "other": 1})).len(), 1);
    assert_eq!(firsts(json!({"shuffleAddressList": true})).len(), 3);
}

#[test]
fn the_delay_is_kept_within_its_bounds() {
    for (given, used) in [(0, 100), (100, 100), (300, 300), (2_000, 2_000), (60_000, 2_000)] {
        let builder = PickFirst::new().with_connection_attempt_delay(Duration::from_millis(given));
        let mut harness = Harness::new(builder.build());
        harness.resolve(&["a", "b"]);
        assert!(harness.log().ends_with(&format!("timer {used} ms")), "{given}");
    }
}

#[test]
fn events_about_what_is_gone_change_nothing() {
    let mut harness = harness();
    harness.resolve(&["a", "b"]);
    let gone = harness.id("a");
    harness.resolve(&["b"]);
    harness.log();
    for state in [
        SubchannelState::Ready,
        SubchannelState::Idle,
        SubchannelState::TransientFailure(Status::unavailable("late")),
    ] {
        harness.tell_id(gone, state);
        assert_eq!(harness.log(), "");
    }
}
