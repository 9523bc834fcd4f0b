//! Retries in virtual time (gRFC A6, requirements RT-01 to RT-11): which attempt leaves when, what is a reason for one,
//! and what the call ends with.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use grpc_runtime::lb::Pick;
use grpc_runtime::service_config::{
    CodeSet, MethodConfig, RetryPolicy, RetryThrottling, ServiceConfig,
};
use grpc_runtime::{Channel, ChannelBuilder, Code, Delivery, Status, outbound};
use tests::client::{GreeterClient, hello};
use tests::network::{Answer, Door, Server};

use crate::lab::{Lab, call, ms, pass, patient_call, s, settle};
use crate::policies::wrapping;

/// Of UNAVAILABLE, with pauses of 100, 200, 400 .. milliseconds up to a second, 20 % more or less.
fn policy(attempts: u32) -> RetryPolicy {
    RetryPolicy::new(attempts, CodeSet::of(&[Code::Unavailable]))
        .unwrap()
        .with_backoff(ms(100), s(1), 2.0)
        .unwrap()
}

fn config(policy: RetryPolicy) -> ServiceConfig {
    ServiceConfig::new().default_method(MethodConfig::new().with_retry(policy))
}

fn retried(lab: &Lab, attempts: u32) -> ChannelBuilder {
    lab.builder().default_service_config(config(policy(attempts))).max_call_attempts(20)
}

async fn warm(builder: ChannelBuilder) -> Channel {
    let channel = builder.build().unwrap();
    channel.wait_ready(s(1)).await.unwrap();
    settle().await;
    channel
}

/// When the server was called, and how the attempts numbered themselves.
fn seen(server: &Server, since: Duration) -> Vec<(Duration, Option<String>)> {
    let number = |call: &tests::network::Seen| {
        let number = call.headers.get("grpc-previous-rpc-attempts");
        number.map(|number| number.to_str().unwrap().to_owned())
    };
    server.calls().iter().map(|call| (call.at - since, number(call))).collect()
}

/// RT-02, RT-06, RT-11.
#[tokio::test(start_paused = true)]
async fn pauses_grow_up_to_the_longest_a_fifth_more_or_less() {
    let (lab, [one]) = Lab::of(["one"]);
    one.answer(Answer::Fails(Code::Unavailable));
    let channel = warm(retried(&lab, 7)).await;
    let start = lab.now();
    let status = call(&channel).await.unwrap_err();
    assert_eq!((status.code(), status.attempts()), (Code::Unavailable, 7));
    assert!(status.message().starts_with("max retries exhausted: failed after 7 attempts"));
    let seen = seen(&one, start);
    let pauses: Vec<_> = seen.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    for (pause, middle) in pauses.iter().zip([100, 200, 400, 800, 1000, 1000]) {
        // Timers have the grain of a millisecond.
        let (least, most) = (ms(middle * 8 / 10), ms(middle * 12 / 10 + 1));
        assert!((least..=most).contains(pause), "{pause:?} where {middle} ms is the middle");
    }
    let numbers: Vec<_> = seen.into_iter().map(|(_, number)| number).collect();
    let expected = [None, Some("1"), Some("2"), Some("3"), Some("4"), Some("5"), Some("6")];
    assert_eq!(numbers, expected.map(|number| number.map(str::to_owned)));
}

/// RT-03: too many failures, and nobody gets another attempt until enough calls were well.
#[tokio::test(start_paused = true)]
async fn a_target_that_fails_too_much_gets_no_retries() {
    let (lab, [one]) = Lab::of(["one"]);
    let throttled = config(policy(5)).with_retry_throttling(RetryThrottling::new(6, 0.5).unwrap());
    let channel = warm(lab.builder().default_service_config(throttled)).await;
    one.answer(Answer::Fails(Code::Unavailable));
    let status = call(&channel).await.unwrap_err();
    // Six tokens; the third failure leaves three, which is half of them.
    assert_eq!(status.attempts(), 3, "{status}");
    assert!(status.message().contains("too many calls to this target fail"), "{status}");
    assert_eq!(call(&channel).await.unwrap_err().attempts(), 1);

    // Two tokens are left. Each success is worth a half.
    one.answer(Answer::Address);
    for _ in 0..5 {
        call(&channel).await.unwrap();
    }
    one.answer(Answer::Fails(Code::Unavailable));
    assert_eq!(call(&channel).await.unwrap_err().attempts(), 2, "four and a half, less one");
    // Other codes of the server's own are no matter of the target's health.
    one.answer(Answer::Fails(Code::NotFound));
    for _ in 0..9 {
        call(&channel).await.unwrap_err();
    }
    one.answer(Answer::Address);
    for _ in 0..4 {
        call(&channel).await.unwrap();
    }
    one.answer(Answer::Fails(Code::Unavailable));
    assert_eq!(call(&channel).await.unwrap_err().attempts(), 2);
}

/// RT-04: the pause is the server's word, and what is not a number is a no.
#[tokio::test(start_paused = true)]
async fn the_server_names_the_pause_or_says_no() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = warm(retried(&lab, 3)).await;
    for (word, pause) in [("0", 0), ("1500", 1500), ("70000", 70_000)] {
        one.answer(Answer::PushesBack(Code::Unavailable, word));
        let start = lab.now();
        let before = one.calls().len();
        let status = call(&channel).await.unwrap_err();
        // Never more attempts than the policy has.
        assert_eq!(status.attempts(), 3, "{word}: {status}");
        let times: Vec<_> = one.calls()[before..].iter().map(|call| call.at - start).collect();
        assert_eq!(times, [ms(0), ms(pause), ms(2 * pause)], "{word}");
    }
    let noes =
        ["-1", "-70000", "", "soon", "1.5", "+", "0x10", "99999999999", "2147483648", "1 2", "1ms"];
    for word in noes {
        one.answer(Answer::PushesBack(Code::Unavailable, word));
        let status = call(&channel).await.unwrap_err();
        assert_eq!(
            (status.code(), status.attempts()),
            (Code::Unavailable, 1),
            "{word:?}: {status}"
        );
        assert!(status.message().starts_with("not retried: the server asked not to"), "{status}");
    }
    // It does not make another code a reason.
    one.answer(Answer::PushesBack(Code::NotFound, "10"));
    let status = call(&channel).await.unwrap_err();
    assert_eq!((status.code(), status.attempts()), (Code::NotFound, 1));
}

/// RT-05: who has response headers keeps the attempt, whatever comes then.
#[tokio::test(start_paused = true)]
async fn headers_bind_the_call() {
    let (lab, [one]) = Lab::of(["one"]);
    one.answer(Answer::AddressAndOn);
    let channel = warm(retried(&lab, 3)).await;
    let greeter = GreeterClient::new(channel);
    let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    assert!(replies.message().await.unwrap().is_some());
    one.cut();
    let status = replies.message().await.unwrap_err();
    assert_eq!((status.code(), status.attempts()), (Code::Unavailable, 1), "{status}");
    assert_eq!(status.delivery(), Delivery::Unknown);
    pass(s(5)).await;
    assert_eq!(one.calls().len(), 1);
}

/// RT-07 (b) and RT-10: a server that did not look at the call is asked once more, at once, without a policy and with
/// retries off; then it is a failure like others. It is not counted and has no number.
#[tokio::test(start_paused = true)]
async fn a_refused_call_is_made_once_more() {
    let (lab, [one]) = Lab::of(["one"]);
    one.answer(Answer::Refuses);
    for channel in [lab.builder(), retried(&lab, 3).disable_retry()] {
        let channel = warm(channel).await;
        let start = lab.now();
        let before = one.calls().len();
        let status = call(&channel).await.unwrap_err();
        assert_eq!((status.code(), status.delivery()), (Code::Unavailable, Delivery::NotProcessed));
        assert_eq!(lab.now(), start);
        let seen = seen(&one, ms(0)).split_off(before);
        assert_eq!(seen, [(start, None), (start, None)]);
    }
    let channel = warm(retried(&lab, 3)).await;
    let before = one.calls().len();
    call(&channel).await.unwrap_err();
    let numbers: Vec<_> = seen(&one, ms(0)).split_off(before).into_iter().map(|(_, n)| n).collect();
    let expected = [None, None, Some("1"), Some("2")];
    assert_eq!(numbers, expected.map(|number| number.map(str::to_owned)));
}

/// RT-07 (a): what never left is started over for as long as there is time, and no attempt is counted.
#[tokio::test(start_paused = true)]
async fn a_call_that_never_left_goes_on() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::SettingsThenGoaway);
    let channel = retried(&lab, 2).build().unwrap();
    let calls = async {
        let greeter = GreeterClient::new(channel.clone());
        greeter.say_hello(hello("Ada")).wait_for_ready(true).timeout(s(3_600)).await
    };
    let comes_back = async {
        pass(s(30)).await;
        assert!(one.attempts().len() > 2, "{:?}", one.attempts());
        one.door(Door::Opens);
    };
    let (reply, ()) = tokio::join!(calls, comes_back);
    assert_eq!(reply.unwrap().message, "one");
    assert_eq!(seen(&one, ms(0)).into_iter().map(|(_, n)| n).collect::<Vec<_>>(), [None]);
}

/// RT-08, RT-09: each attempt is a pick of its own; a drop is the end, a failure is one like others.
#[tokio::test(start_paused = true)]
async fn each_attempt_is_picked_anew() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    one.answer(Answer::Fails(Code::Unavailable));
    let channel = warm(retried(&lab, 3).load_balancing("round_robin")).await;
    for _ in 0..4 {
        assert_eq!(call(&channel).await.unwrap(), "two");
    }
    assert!(!one.calls().is_empty() && two.calls().len() == 4);

    for (drops, attempts) in [(true, 1), (false, 3)] {
        let picks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&picks);
        let wrap = move |pick, _: &grpc_runtime::lb::PickArgs<'_>| match pick {
            Pick::Complete(_) => {
                counted.fetch_add(1, Ordering::Relaxed);
                let status = Status::new(Code::Unavailable, "no room");
                if drops { Pick::Drop(status) } else { Pick::Fail(status) }
            }
            other => other,
        };
        let builder = retried(&lab, 3).load_balancing_policy(wrapping(wrap));
        let channel = warm(builder.load_balancing("wrapping")).await;
        // The warm path picks once more than the one that waits.
        let start = lab.now();
        let status = call(&channel).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(drops, lab.now() == start, "{status}");
        let picks = picks.load(Ordering::Relaxed);
        assert!((attempts..=attempts + 1).contains(&picks), "{picks} picks");
    }
}

/// One deadline for all attempts; in a pause, the last failure is told.
#[tokio::test(start_paused = true)]
async fn the_deadline_spans_attempts_and_pauses() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = warm(retried(&lab, 5)).await;
    let greeter = GreeterClient::new(channel);

    one.answer(Answer::FailsAfter(ms(300), Code::Unavailable));
    let start = lab.now();
    let status = greeter.say_hello(hello("Ada")).timeout(s(1)).await.unwrap_err();
    assert_eq!((status.code(), lab.now() - start), (Code::DeadlineExceeded, s(1)), "{status}");

    one.answer(Answer::PushesBack(Code::Unavailable, "5000"));
    let start = lab.now();
    let status = greeter.say_hello(hello("Ada")).timeout(s(1)).await.unwrap_err();
    assert_eq!((status.code(), lab.now() - start), (Code::DeadlineExceeded, s(1)), "{status}");
    assert!(status.message().contains("before the next attempt"), "{status}");
    assert!(status.message().contains("UNAVAILABLE"), "{status}");
    assert_eq!((status.attempts(), status.delivery()), (1, Delivery::Answered));

    // Whoever still sends learns the same.
    let (requests, outgoing) = outbound(1);
    let start = lab.now();
    let status = greeter.collect_hellos(outgoing).timeout(s(1)).await.unwrap_err();
    assert_eq!((status.code(), lab.now() - start), (Code::DeadlineExceeded, s(1)), "{status}");
    let refused = requests.send(hello("Ada")).await.unwrap_err();
    assert_eq!(refused.code(), Code::DeadlineExceeded, "{refused}");
}

/// The same where there is no connection at all: at the deadline, and with the reason.
#[tokio::test(start_paused = true)]
async fn the_deadline_in_a_pause_without_a_connection() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::Refuses);
    let long = policy(5).with_backoff(s(10), s(10), 1.0).unwrap();
    let channel = lab.builder().default_service_config(config(long)).build().unwrap();
    let greeter = GreeterClient::new(channel);
    let status = greeter.say_hello(hello("Ada")).timeout(s(2)).await.unwrap_err();
    assert_eq!((status.code(), lab.now()), (Code::DeadlineExceeded, s(2)), "{status}");
    for piece in ["before the next attempt", "one", "refused"] {
        assert!(status.to_string().contains(piece), "{piece} is not in {status}");
    }
    assert_eq!(status.delivery(), Delivery::NotSent);
}

/// An attempt that takes too long is given up and made again.
#[tokio::test(start_paused = true)]
async fn an_attempt_has_a_time_of_its_own() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    one.answer(Answer::Never);
    let impatient = policy(3).with_per_attempt_receive_timeout(ms(200)).unwrap();
    let builder = lab.builder().default_service_config(config(impatient));
    let channel = warm(builder.load_balancing("round_robin")).await;
    for _ in 0..2 {
        assert_eq!(call(&channel).await.unwrap(), "two");
    }
    assert_eq!(one.resets().len(), one.calls().len(), "what is given up is told");
    assert!(!one.calls().is_empty() && two.calls().len() == 2);
}

/// A call that is dropped in a pause has no further attempts.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_in_a_pause() {
    let (lab, [one]) = Lab::of(["one"]);
    one.answer(Answer::PushesBack(Code::Unavailable, "1000"));
    let channel = warm(retried(&lab, 3)).await;
    tokio::select! {
        _ = call(&channel) => panic!("it pauses"),
        () = pass(ms(100)) => {}
    }
    pass(s(10)).await;
    assert_eq!(one.calls().len(), 1);
}

/// A channel that is closed in a pause, or loses its server, ends or goes on.
#[tokio::test(start_paused = true)]
async fn a_server_that_goes_in_a_pause() {
    let (lab, [one]) = Lab::of(["one"]);
    one.answer(Answer::PushesBack(Code::Unavailable, "1000"));
    let channel = warm(retried(&lab, 3)).await;
    let events = async {
        pass(ms(500)).await;
        one.cut();
        one.answer(Answer::Address);
    };
    let (reply, ()) = tokio::join!(patient_call(&channel), events);
    assert_eq!(reply.unwrap(), "one");
    assert_eq!(one.calls().len(), 2);

    one.answer(Answer::PushesBack(Code::Unavailable, "60000"));
    let start = lab.now();
    let events = async {
        pass(ms(500)).await;
        channel.close();
    };
    let (status, ()) = tokio::join!(call(&channel), events);
    assert_eq!(status.unwrap_err().code(), Code::Cancelled);
    assert_eq!(lab.now() - start, ms(500), "a pause is no reason to go on");
}
