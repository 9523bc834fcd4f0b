//! How often a channel knocks where nobody opens, by the exact instants of its attempts.

use std::time::Duration;

use grpc_runtime::BackoffConfig;
use tests::network::{Door, Server};

use crate::lab::{Lab, Ready, call, ms, pass, patient_call, s, settle};

/// Without jitter: 1 s, 2 s, 4 s, 8 s, 8 s, ..
const EXACT: BackoffConfig = BackoffConfig::new()
    .with_jitter(0.0)
    .with_multiplier(2.0)
    .with_max_delay(s(8))
    .with_min_connect_timeout(s(3));

fn gaps(server: &Server) -> Vec<Duration> {
    server.attempts().windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// TestBackoffWhenNoServerPrefaceReceived; the interoperability case "reconnect": about 13 attempts in 540 s.
#[tokio::test(start_paused = true)]
async fn backoff_when_no_server_preface_received() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::Closes);
    let channel = lab.channel();
    channel.connect();
    pass(s(540)).await;
    let gaps = gaps(&one);
    assert!((11..=14).contains(&gaps.len()), "{gaps:?}");
    assert!((ms(999)..=ms(1001)).contains(&gaps[0]), "the first pause has no jitter: {gaps:?}");
    for (index, gap) in gaps.iter().enumerate() {
        let base = 1.6_f64.powi(i32::try_from(index).unwrap()).min(120.0);
        let seconds = gap.as_secs_f64();
        let allowed = base * 0.799..base * 1.201 + 0.002;
        assert!(allowed.contains(&seconds), "gap {index} of {gaps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_options_hold() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::Refuses);
    let channel = lab.builder().connection_backoff(EXACT).build().unwrap();
    channel.connect();
    pass(s(40)).await;
    assert_eq!(one.attempts(), [0, 1, 3, 7, 15, 23, 31, 39].map(s));
}

/// An attempt ends when it has taken as long as it may, and its pause counts from where it began.
#[tokio::test(start_paused = true)]
async fn min_connect_timeout() {
    for door in [Door::Silent, Door::Mute, Door::OpensAfter(s(100))] {
        let (lab, [one]) = Lab::of(["one"]);
        one.door(door);
        let channel = lab.builder().connection_backoff(EXACT).build().unwrap();
        channel.connect();
        pass(s(40)).await;
        // Each takes 3 s, or as long as its pause: 3, 3, 4, 8, 8, ..
        assert_eq!(one.attempts(), [0, 3, 6, 10, 18, 26, 34].map(s), "{door:?}");
        assert!(one.pending() + one.open() <= 1, "{door:?}: what is given up is closed");
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_has_twenty_seconds() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::OpensAfter(ms(19_990)));
    let channel = lab.channel();
    assert_eq!(call(&channel).await.unwrap(), "one");
    assert_eq!(one.attempts().len(), 1);
}

/// TestResetConnectBackoff: the next attempt begins at once, and pauses begin small.
#[tokio::test(start_paused = true)]
async fn reset_connect_backoff() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::Refuses);
    let channel = lab.builder().connection_backoff(EXACT).build().unwrap();
    channel.connect();
    pass(s(10)).await;
    assert_eq!(one.attempts(), [0, 1, 3, 7].map(s));
    channel.reset_connect_backoff();
    pass(s(5)).await;
    assert_eq!(one.attempts(), [0, 1, 3, 7, 10, 11, 13].map(s));
    assert_eq!(lab.resolver.next_resolve_now(0).await.min(1), 1, "the resolver is asked as well");
    one.door(Door::Opens);
    channel.reset_connect_backoff();
    settle().await;
    assert_eq!(channel.state(), Ready);
}

#[tokio::test(start_paused = true)]
async fn resetting_a_channel_at_rest_does_nothing() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = lab.channel();
    channel.reset_connect_backoff();
    settle().await;
    assert_eq!(one.attempts().len(), 0);
    call(&channel).await.unwrap();
    channel.reset_connect_backoff();
    settle().await;
    assert_eq!((one.attempts().len(), channel.state()), (1, Ready));
}

/// SETTINGS make pauses begin small again (connection-backoff.md), and nothing before them.
#[tokio::test(start_paused = true)]
async fn success_forgets_failures() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::Refuses);
    let channel = lab.builder().connection_backoff(EXACT).build().unwrap();
    channel.connect();
    pass(s(6)).await;
    one.door(Door::Opens);
    assert_eq!(patient_call(&channel).await.unwrap(), "one");
    assert_eq!(lab.now(), s(7));
    pass(s(3)).await;
    one.down();
    settle().await;
    let before = one.attempts().len();
    call(&channel).await.unwrap_err();
    pass(s(4)).await;
    let since: Vec<_> = one.attempts()[before..].iter().map(|at| *at - s(10)).collect();
    assert_eq!(since, [ms(1), ms(1001), ms(3001)]);
}

/// Two addresses wait apart from each other.
#[tokio::test(start_paused = true)]
async fn each_address_has_its_own() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    one.door(Door::Refuses);
    two.door(Door::Silent);
    let channel = lab.builder().connection_backoff(EXACT).build().unwrap();
    channel.connect();
    pass(s(20)).await;
    // The first pass ends when the second has failed, at 3 s; from there on each goes its own way.
    assert_eq!(two.attempts(), [0, 3, 6, 10, 18].map(s));
    assert_eq!(one.attempts(), [0, 3, 5, 9, 17].map(s));
}

/// A server, or a proxy, that takes connections only to end them is not knocked at in a loop.
#[tokio::test(start_paused = true)]
async fn connections_that_end_at_once_are_not_made_in_a_loop() {
    for policy in ["round_robin", "pick_first"] {
        for door in [Door::SettingsThenCloses, Door::SettingsThenGoaway] {
            let (lab, [one]) = Lab::of(["one"]);
            one.door(door);
            let channel = lab.builder().load_balancing(policy).build().unwrap();
            tokio::select! {
                reply = patient_call(&channel) => panic!("{reply:?}"),
                () = pass(s(60)) => {}
            }
            let count = one.attempts().len();
            assert!((5..=12).contains(&count), "{policy}, {door:?}: {:?}", one.attempts());
            one.door(Door::Opens);
            assert_eq!(patient_call(&channel).await.unwrap(), "one");
        }
    }
}

/// Nor are several such servers, of which each makes pick_first let the others go.
#[tokio::test(start_paused = true)]
async fn servers_that_take_turns_in_ending_connections() {
    for door in [Door::SettingsThenCloses, Door::SettingsThenGoaway] {
        let (lab, servers) = Lab::of(["one", "two", "three"]);
        for server in &servers {
            server.door(door);
        }
        let channel = lab.channel();
        tokio::select! {
            reply = patient_call(&channel) => panic!("{reply:?}"),
            () = pass(s(60)) => {}
        }
        for server in &servers {
            let count = server.attempts().len();
            assert!((3..=40).contains(&count), "{door:?}: {:?}", server.attempts());
        }
        servers[1].door(Door::Opens);
        assert_eq!(patient_call(&channel).await.unwrap(), "two");
    }
}
