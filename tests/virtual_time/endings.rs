//! How a channel ends: closed in each of its states, dropped under its calls, and left by its runtime.

use std::pin::pin;
use std::time::Duration;

use grpc_runtime::{Channel, Code, Delivery, Status};
use tests::client::{GreeterClient, all, hello};
use tests::network::{Answer, Door};
use tokio::runtime::Runtime;

use crate::lab::{
    Connecting, Idle, Lab, Ready, Shutdown, TransientFailure, call, ms, pass, patient_call, s,
    settle, unread,
};

#[track_caller]
fn is_closed(status: &Status) {
    assert_eq!(status.code(), Code::Cancelled, "{status}");
    assert!(status.to_string().contains("the channel was closed"), "{status}");
}

/// TestClientConnClose_WithPendingRPC, from every state: calls that wait or come later are CANCELLED, nothing stays open,
/// and nothing brings the channel back.
#[tokio::test(start_paused = true)]
async fn close_in_each_state() {
    for (door, state) in [
        (None, Idle),
        (Some(Door::Silent), Connecting),
        (Some(Door::Mute), Connecting),
        (Some(Door::Opens), Ready),
        (Some(Door::Refuses), TransientFailure),
    ] {
        let (lab, [one]) = Lab::of(["one"]);
        let channel = lab.channel();
        let mut changes = channel.state_changes();
        if let Some(door) = door {
            one.door(door);
            channel.connect();
            settle().await;
        }
        assert_eq!(channel.state(), state);
        unread(&mut changes);
        // A call that waits, where it has to.
        one.answer(Answer::Never);
        let waits = async { if state == Idle { None } else { Some(patient_call(&channel).await) } };
        let (waited, ready, changed, ()) = tokio::join!(
            waits,
            async {
                // Whoever waits for READY is told as well, unless it is.
                if matches!(state, Connecting | TransientFailure) {
                    is_closed(&channel.wait_ready(s(60)).await.unwrap_err());
                }
            },
            channel.wait_for_state_change(state),
            async {
                settle().await;
                channel.close();
            }
        );
        let () = ready;
        if let Some(status) = waited {
            is_closed(&status.unwrap_err());
        }
        assert_eq!(changed, Shutdown);
        channel.close();
        channel.connect();
        channel.reset_connect_backoff();
        for outcome in [call(&channel).await, patient_call(&channel.clone()).await] {
            let status = outcome.unwrap_err();
            is_closed(&status);
            assert_eq!(status.delivery(), Delivery::NotSent);
        }
        is_closed(&channel.wait_ready(s(1)).await.unwrap_err());
        pass(s(600)).await;
        assert_eq!(lab.network.open(), 0, "{state}");
        assert_eq!(channel.state(), Shutdown);
        assert_eq!(unread(&mut changes), [Shutdown]);
        assert!(changes.next().await.is_none(), "nothing comes after it");
    }
}

/// Calls in flight end at once, also on a connection that only drained any more.
#[tokio::test(start_paused = true)]
async fn close_under_calls() {
    for drains in [false, true] {
        let (lab, [one, two]) = Lab::of(["one", "two"]);
        lab.knows(std::slice::from_ref(&one));
        one.answer(Answer::AddressAndOn);
        let channel = lab.round_robin();
        let client = GreeterClient::new(channel.clone());
        let mut replies = client.list_hellos(hello("Ada")).await.unwrap();
        replies.message().await.unwrap().unwrap();
        if drains {
            lab.knows(&[two]);
            settle().await;
            assert_eq!(lab.network.open(), 2);
        }
        channel.close();
        is_closed(&replies.message().await.unwrap_err());
        settle().await;
        assert_eq!(lab.network.open(), 0);
    }
}

/// A call that waits for the resolver alone.
#[tokio::test(start_paused = true)]
async fn close_before_the_resolver_has_said_anything() {
    let lab = Lab::new();
    let channel = lab.channel();
    let (status, ()) = tokio::join!(call(&channel), async {
        pass(s(5)).await;
        channel.close();
    });
    is_closed(&status.unwrap_err());
    assert_eq!(lab.now(), s(5));
}

/// Calls in flight outlive the last handle; the connection goes with the last of them.
#[tokio::test(start_paused = true)]
async fn drop_under_calls() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = lab.channel();
    let client = GreeterClient::new(channel.clone());
    one.answer(Answer::AddressAndOn);
    let mut replies = client.list_hellos(hello("Ada")).await.unwrap();
    replies.message().await.unwrap().unwrap();
    one.answer(Answer::After(s(5)));
    let replies_to_come = client.list_hellos(hello("Ada")).await.unwrap();
    let unary = client.say_hello(hello("Ada"));
    let mut changes = channel.state_changes();
    drop((channel, client));
    let (unary, streamed) = tokio::join!(unary.into_future(), all(replies_to_come));
    assert_eq!((unary.unwrap().message, streamed.unwrap()), ("one".into(), vec!["one".into()]));
    pass(s(3_600)).await;
    assert_eq!(one.open(), 1, "a stream is still there");
    drop(replies);
    settle().await;
    assert_eq!(one.open(), 0);
    assert_eq!(unread(&mut changes), [Ready, Idle]);
    assert!(changes.next().await.is_none());
}

/// A channel that nobody has any more gives up what it was about to do.
#[tokio::test(start_paused = true)]
async fn drop_in_each_state() {
    for door in [Door::Silent, Door::Mute, Door::Opens, Door::Refuses, Door::OpensAfter(s(5))] {
        let (lab, [one]) = Lab::of(["one"]);
        one.door(door);
        let channel = lab.channel();
        channel.connect();
        settle().await;
        drop(channel);
        let attempts = one.attempts().len();
        pass(s(600)).await;
        assert_eq!((lab.network.open(), one.attempts().len()), (0, attempts), "{door:?}");
    }
}

fn paused_runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

/// TestTransportsAreReleased and more: a channel whose runtime ends under it starts anew on the next.
#[test]
fn a_runtime_that_ends_under_a_channel() {
    for door in [Door::Opens, Door::Refuses, Door::Silent, Door::Mute] {
        let first = paused_runtime();
        let (lab, one, channel) = first.block_on(async {
            let (lab, [one]) = Lab::of(["one"]);
            one.door(door);
            let channel = lab.channel();
            channel.connect();
            settle().await;
            (lab, one, channel)
        });
        drop(first);
        assert_eq!(channel.state(), Idle, "{door:?}");
        assert_eq!(lab.network.open(), 0);
        one.door(Door::Opens);
        paused_runtime().block_on(async {
            let mut changes = channel.state_changes();
            assert_eq!(call(&channel).await.unwrap(), "one");
            assert_eq!(unread(&mut changes), [Idle, Connecting, Ready]);
            pass(s(30 * 60) + ms(5)).await;
            assert_eq!(channel.state(), Idle, "its timers run here now");
            channel.close();
        });
        assert_eq!(channel.state(), Shutdown);
    }
}

/// Calls of a second runtime that wait when the first ends, on which the channel ran, are served by the second.
#[test]
fn a_runtime_that_ends_under_calls_of_another() {
    let (first, second) = (paused_runtime(), paused_runtime());
    let (lab, channel) = first.block_on(async {
        let (lab, [one]) = Lab::of(["one"]);
        one.door(Door::Refuses);
        let channel = lab.channel();
        call(&channel).await.unwrap_err();
        one.door(Door::Opens);
        (lab, channel)
    });
    second.block_on(async {
        let mut waiting = pin!(patient_call(&channel));
        let early =
            futures_util::FutureExt::now_or_never(futures_util::future::poll_fn(|context| {
                waiting.as_mut().poll(context)
            }));
        assert!(early.is_none());
        // The first runtime does not run, so nothing happens.
        pass(s(60)).await;
        first.shutdown_background();
        assert_eq!(waiting.await.unwrap(), "one");
    });
    assert_eq!(lab.network.server("one").opened(), 1);
}

/// A call needs a runtime; without one it says so, and the channel is none the worse.
#[test]
fn calls_without_a_runtime() {
    let (lab, channel) = paused_runtime().block_on(async {
        let (lab, _servers) = Lab::of(["one"]);
        let channel = lab.channel();
        (lab, channel)
    });
    let future = GreeterClient::new(channel.clone()).say_hello(hello("Ada")).into_future();
    let status = futures_util::FutureExt::now_or_never(future).unwrap().unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::Internal, Delivery::NotSent));
    paused_runtime().block_on(async { call(&channel).await.unwrap() });
    assert_eq!(lab.network.opened(), 1);
}

/// The same with wait_ready's bound, which holds whatever the server does.
#[tokio::test(start_paused = true)]
async fn the_bound_of_wait_ready() {
    for door in [Door::Silent, Door::Mute, Door::Refuses, Door::Closes] {
        let (lab, [one]) = Lab::of(["one"]);
        one.door(door);
        let channel: Channel = lab.channel();
        for bound in [Duration::ZERO, ms(1), s(45)] {
            let began = lab.now();
            let status = channel.wait_ready(bound).await.unwrap_err();
            assert_eq!(status.code(), Code::DeadlineExceeded);
            let took = lab.now() - began;
            assert!(took >= bound && took <= bound + ms(2), "{took:?}");
        }
        let status = channel.wait_ready(s(1)).await.unwrap_err();
        let text = status.to_string();
        assert!(text.contains("lab:///greeter") && text.contains("one"), "{text}");
    }
}
