//! When a channel becomes idle: a timeout after its last use to the millisecond, from every state, and never under a call.

use std::time::Duration;

use grpc_runtime::{Channel, Code};
use tests::client::{GreeterClient, hello};
use tests::network::{Answer, Door};

use crate::lab::{
    Connecting, Idle, Lab, Ready, TransientFailure, call, ms, pass, patient_call, s, settle, unread,
};

const MINUTE: Duration = s(60);

/// The state stays for `time` less a millisecond, and is IDLE a millisecond after.
async fn becomes_idle_after(time: Duration, channel: &Channel) {
    let state = channel.state();
    pass(time - ms(1)).await;
    assert_eq!(channel.state(), state, "too early");
    pass(ms(2)).await;
    assert_eq!(channel.state(), Idle, "too late");
}

/// TestChannelIdleness_Enabled_NoActivity, with the default of 30 minutes.
#[tokio::test(start_paused = true)]
async fn idle_after_half_an_hour() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = lab.channel();
    channel.connect();
    settle().await;
    assert_eq!(channel.state(), Ready);
    becomes_idle_after(30 * MINUTE - ms(1), &channel).await;
    settle().await;
    assert_eq!((one.open(), one.opened()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn every_call_postpones_it() {
    let (lab, _servers) = Lab::of(["one"]);
    let channel = lab.channel();
    for _ in 0..5 {
        pass(29 * MINUTE).await;
        call(&channel).await.unwrap();
    }
    becomes_idle_after(30 * MINUTE, &channel).await;
    assert_eq!(lab.network.opened(), 1);
}

/// TestChannelIdleness_Enabled_OngoingCall: a stream keeps the channel, however quiet it is.
#[tokio::test(start_paused = true)]
async fn ongoing_call() {
    let (lab, [one]) = Lab::of(["one"]);
    one.answer(Answer::AddressAndOn);
    let channel = lab.channel();
    let client = GreeterClient::new(channel.clone());
    let mut replies = client.list_hellos(hello("Ada")).await.unwrap();
    assert_eq!(replies.message().await.unwrap().unwrap().message, "one");
    pass(100 * MINUTE).await;
    assert_eq!(channel.state(), Ready);
    drop(replies);
    becomes_idle_after(30 * MINUTE, &channel).await;
}

/// TestChannelIdleness_Enabled_ExitIdleOnRPC
#[tokio::test(start_paused = true)]
async fn exit_idle_on_rpc() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = lab.channel();
    let mut changes = channel.state_changes();
    assert_eq!(call(&channel).await.unwrap(), "one");
    pass(31 * MINUTE).await;
    assert_eq!(unread(&mut changes), [Idle, Connecting, Ready, Idle]);
    // What the resolver found meanwhile is what counts.
    let two = lab.network.server("two");
    lab.knows(&[two]);
    settle().await;
    assert_eq!(call(&channel).await.unwrap(), "two");
    assert_eq!(unread(&mut changes), [Connecting, Ready]);
    assert_eq!((one.opened(), lab.network.open()), (1, 1));
}

/// TestChannelIdleness_RPCFailingBeforeAttempt_FinishesOnce: such a call neither wakes a channel nor upsets its count.
#[tokio::test(start_paused = true)]
async fn rpc_failing_before_attempt() {
    let (lab, _servers) = Lab::of(["one"]);
    let channel = lab.channel();
    let client = GreeterClient::new(channel.clone());
    let too_large = || client.say_hello(hello("Ada")).max_request_bytes(1).into_future();
    for _ in 0..3 {
        assert_eq!(too_large().await.unwrap_err().code(), Code::ResourceExhausted);
    }
    assert_eq!(channel.state(), Idle);
    call(&channel).await.unwrap();
    pass(29 * MINUTE).await;
    too_large().await.unwrap_err();
    becomes_idle_after(MINUTE, &channel).await;
    assert_eq!(call(&channel).await.unwrap(), "one");
}

/// TestChannelIdleness_Disabled_NoActivity
#[tokio::test(start_paused = true)]
async fn never_with_zero() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = lab.builder().idle_timeout(Duration::ZERO).build().unwrap();
    assert_eq!(channel.state(), Idle);
    call(&channel).await.unwrap();
    pass(100 * 24 * 60 * MINUTE).await;
    assert_eq!((channel.state(), one.open()), (Ready, 1));
}

#[tokio::test(start_paused = true)]
async fn from_connecting() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::Silent);
    let channel = lab.builder().idle_timeout(s(10)).build().unwrap();
    channel.connect();
    settle().await;
    assert_eq!((channel.state(), one.pending()), (Connecting, 1));
    becomes_idle_after(s(10) - ms(1), &channel).await;
    assert_eq!(one.pending(), 0, "the attempt is given up");
    pass(s(100)).await;
    assert_eq!(one.attempts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn from_connecting_without_a_word_of_the_resolver() {
    let lab = Lab::new();
    let channel = lab.builder().idle_timeout(s(10)).build().unwrap();
    channel.connect();
    settle().await;
    assert_eq!(channel.state(), Connecting);
    becomes_idle_after(s(10) - ms(1), &channel).await;
    lab.knows(&[lab.network.server("one")]);
    assert_eq!(call(&channel).await.unwrap(), "one");
}

#[tokio::test(start_paused = true)]
async fn from_transient_failure() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::Refuses);
    let channel = lab.builder().idle_timeout(MINUTE).build().unwrap();
    call(&channel).await.unwrap_err();
    assert_eq!(channel.state(), TransientFailure);
    becomes_idle_after(MINUTE, &channel).await;
    let attempts = one.attempts().len();
    pass(10 * MINUTE).await;
    assert_eq!(one.attempts().len(), attempts, "an idle channel knocks nowhere");
    // What failed before idleness is forgotten with it.
    one.door(Door::Opens);
    let mut changes = channel.state_changes();
    assert_eq!(call(&channel).await.unwrap(), "one");
    assert_eq!(unread(&mut changes), [Idle, Connecting, Ready]);
}

#[tokio::test(start_paused = true)]
async fn from_ready_with_round_robin() {
    let (lab, _servers) = Lab::of(["one", "two", "three"]);
    let channel = lab.builder().load_balancing("round_robin").idle_timeout(MINUTE).build().unwrap();
    call(&channel).await.unwrap();
    settle().await;
    assert_eq!(lab.network.open(), 3);
    becomes_idle_after(MINUTE - ms(1), &channel).await;
    settle().await;
    assert_eq!(lab.network.open(), 0);
}

/// A call that waits is use, for as long as it waits.
#[tokio::test(start_paused = true)]
async fn not_under_a_call_that_waits() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::Refuses);
    let channel = lab.builder().idle_timeout(s(10)).build().unwrap();
    let client = GreeterClient::new(channel.clone());
    let waiting = client.say_hello(hello("Ada")).wait_for_ready(true).timeout(s(95));
    let status = waiting.await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(channel.state(), TransientFailure);
    becomes_idle_after(s(10), &channel).await;
}

/// Calls at and around the very instant of idleness: each is answered, and the channel comes to rest every time.
#[tokio::test(start_paused = true)]
async fn calls_at_the_instant_of_idleness() {
    let (lab, _servers) = Lab::of(["one"]);
    let channel = lab.builder().idle_timeout(s(10)).build().unwrap();
    for pause in [ms(9_998), ms(9_999), ms(10_000), ms(10_001), ms(10_002)] {
        for _ in 0..20 {
            assert_eq!(call(&channel).await.unwrap(), "one");
            pass(pause).await;
        }
        assert_eq!(patient_call(&channel).await.unwrap(), "one");
    }
    becomes_idle_after(s(10), &channel).await;
    settle().await;
    assert_eq!(lab.network.open(), 0);
}

/// A connection that only a call keeps open (its address is gone) is use as well.
#[tokio::test(start_paused = true)]
async fn not_under_a_call_on_a_server_that_is_gone() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    lab.knows(std::slice::from_ref(&one));
    one.answer(Answer::AddressAndOn);
    let channel = lab.builder().idle_timeout(s(10)).build().unwrap();
    let client = GreeterClient::new(channel.clone());
    let replies = client.list_hellos(hello("Ada")).await.unwrap();
    lab.knows(&[two]);
    settle().await;
    assert_eq!(call(&channel).await.unwrap(), "two");
    pass(s(25)).await;
    assert_eq!((channel.state(), lab.network.open()), (Ready, 2));
    drop(replies);
    becomes_idle_after(s(10), &channel).await;
    settle().await;
    assert_eq!((one.opened(), lab.network.open()), (1, 0));
}
