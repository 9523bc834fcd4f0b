//! What a person reads when there is no connection: the target, the address, and the last thing that went wrong there.

use grpc_runtime::{Code, Status};
use tests::client::{GreeterClient, hello};
use tests::network::Door;

use crate::lab::{Lab, TransientFailure, call, ms, pass, s, settle};

#[track_caller]
fn says(status: &Status, code: Code, pieces: &[&str]) {
    assert_eq!(status.code(), code, "{status}");
    let text = status.to_string();
    for piece in pieces {
        assert!(text.contains(piece), "{piece:?} is not in: {text}");
    }
}

/// What went wrong, by kind of server.
const WHY: [(Door, &str); 5] = [
    (Door::Refuses, "connection refused"),
    (Door::Closes, "did not speak HTTP/2"),
    (Door::Silent, "no connection to one within 20 s"),
    (Door::Mute, "no connection to one within 20 s"),
    (Door::SettingsThenCloses, "one ends each connection as soon as it is made"),
];

#[tokio::test(start_paused = true)]
async fn fail_fast_and_deadline_and_wait_ready() {
    for (door, why) in WHY {
        let (lab, [one]) = Lab::of(["one"]);
        one.door(door);
        let channel = lab.builder().load_balancing("round_robin").build().unwrap();
        let client = GreeterClient::new(channel.clone());
        channel.connect();
        pass(s(21)).await;
        let waiting = client.say_hello(hello("Ada")).wait_for_ready(true).timeout(s(50));
        let pieces = ["lab:///greeter", "one", why];
        says(&waiting.await.unwrap_err(), Code::DeadlineExceeded, &pieces);
        says(&channel.wait_ready(s(30)).await.unwrap_err(), Code::DeadlineExceeded, &pieces);
        assert_eq!(channel.state(), TransientFailure, "{door:?}");
        says(&call(&channel).await.unwrap_err(), Code::Unavailable, &pieces);
    }
}

/// A deadline before the first attempt has failed names at least the target.
#[tokio::test(start_paused = true)]
async fn before_anything_went_wrong() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::Silent);
    let channel = lab.channel();
    let client = GreeterClient::new(channel.clone());
    let hasty = client.say_hello(hello("Ada")).timeout(ms(500));
    says(&hasty.await.unwrap_err(), Code::DeadlineExceeded, &["a connection to lab:///greeter"]);
}

/// While a policy tries the next address, the error of the one before is told already.
#[tokio::test(start_paused = true)]
async fn in_the_middle_of_a_pass() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    one.door(Door::Refuses);
    two.door(Door::Silent);
    let channel = lab.channel();
    let client = GreeterClient::new(channel.clone());
    let hasty = client.say_hello(hello("Ada")).timeout(ms(500));
    let pieces = ["lab:///greeter", "at one failed", "connection refused"];
    says(&hasty.await.unwrap_err(), Code::DeadlineExceeded, &pieces);
}

/// The state's own reasons: why it failed, and why it is idle again.
#[tokio::test(start_paused = true)]
async fn reasons_of_states() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = lab.channel();
    let mut changes = channel.state_changes();
    call(&channel).await.unwrap();
    one.goaway();
    settle().await;
    call(&channel).await.unwrap();
    one.down();
    settle().await;
    call(&channel).await.unwrap_err();
    let mut texts = Vec::new();
    while let Some(Some(change)) = futures_util::FutureExt::now_or_never(changes.next()) {
        texts.push(change.to_string());
    }
    let expected = [
        "IDLE",
        "CONNECTING",
        "READY",
        "IDLE: UNAVAILABLE: one takes no more calls on this connection (GOAWAY)",
        "CONNECTING",
        "READY",
        "IDLE: UNAVAILABLE: the connection to one was lost",
        "CONNECTING",
        "TRANSIENT_FAILURE: UNAVAILABLE: attempt 1 at one failed",
    ];
    assert_eq!(texts.len(), expected.len(), "{texts:#?}");
    for (text, begins) in texts.iter().zip(expected) {
        assert!(text.starts_with(begins), "{text:?} does not begin with {begins:?}");
    }
}
