//! Hedging in virtual time (gRFC A6, requirements HG-01 and HG-03): which attempt leaves when, where it goes, what becomes
//! of the others.

use std::time::Duration;

use grpc_runtime::service_config::{
    CodeSet, HedgingPolicy, MethodConfig, RetryThrottling, ServiceConfig,
};
use grpc_runtime::{Channel, ChannelBuilder, Code, Delivery, Origin};
use h2::Reason;
use tests::client::{GreeterClient, hello};
use tests::network::{Answer, Door, Server};

use crate::lab::{Lab, call, ms, pass, s, settle};

fn policy(attempts: u32, delay: Duration) -> HedgingPolicy {
    HedgingPolicy::new(attempts)
        .unwrap()
        .with_delay(delay)
        .with_non_fatal_status_codes(CodeSet::of(&[Code::Unavailable]))
}

fn config(policy: HedgingPolicy) -> ServiceConfig {
    ServiceConfig::new().default_method(MethodConfig::new().with_hedging(policy))
}

fn hedged(lab: &Lab, policy: HedgingPolicy) -> ChannelBuilder {
    lab.builder().load_balancing("round_robin").default_service_config(config(policy))
}

/// A channel that knows all of its servers, and is connected to each.
async fn warm(builder: ChannelBuilder) -> Channel {
    let channel = builder.build().unwrap();
    channel.wait_ready(s(1)).await.unwrap();
    settle().await;
    channel
}

fn answers(servers: &[Server], answer: Answer) {
    for server in servers {
        server.answer(answer);
    }
}

/// When the servers were called, and how the attempts named themselves, in that order.
fn seen(servers: &[Server], since: Duration) -> Vec<(Duration, String)> {
    let mut seen: Vec<_> = servers
        .iter()
        .flat_map(Server::calls)
        .map(|call| {
            let number = call.headers.get("grpc-previous-rpc-attempts");
            let number = number.map_or("none", |number| number.to_str().unwrap());
            (call.at - since, number.to_owned())
        })
        .collect();
    seen.sort();
    seen
}

fn resets(servers: &[Server], since: Duration) -> Vec<(Duration, Reason)> {
    let mut resets: Vec<_> =
        servers.iter().flat_map(Server::resets).map(|(at, reason)| (at - since, reason)).collect();
    resets.sort_by_key(|(at, _)| *at);
    resets
}

fn numbered<const N: usize>(expected: [(u64, &str); N]) -> Vec<(Duration, String)> {
    expected.map(|(at, number)| (ms(at), number.to_owned())).into()
}

#[tokio::test(start_paused = true)]
async fn attempts_leave_a_delay_apart_go_elsewhere_and_the_first_answer_counts() {
    let (lab, servers) = Lab::of(["one", "two", "three"]);
    let channel = warm(hedged(&lab, policy(3, ms(100)))).await;
    answers(&servers, Answer::After(ms(450)));
    let start = lab.now();
    call(&channel).await.unwrap();
    assert_eq!(lab.now() - start, ms(450), "that of the first attempt");
    settle().await;
    assert_eq!(seen(&servers, start), numbered([(0, "none"), (100, "1"), (200, "2")]));
    for server in &servers {
        assert_eq!(server.calls().len(), 1, "each attempt goes where none was before");
    }
    assert_eq!(resets(&servers, start), [(ms(450), Reason::CANCEL); 2]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_costs_the_delay_and_not_its_own_time() {
    let (lab, servers) = Lab::of(["one", "two"]);
    let channel = warm(hedged(&lab, policy(2, ms(20)))).await;
    servers[0].answer(Answer::After(s(5)));
    for _ in 0..10 {
        let start = lab.now();
        let reply = call(&channel).await.unwrap();
        assert_eq!(reply, servers[1].address().to_string());
        assert!(lab.now() - start <= ms(20));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_delay_all_leave_at_once() {
    let (lab, servers) = Lab::of(["one", "two", "three"]);
    let channel = warm(hedged(&lab, policy(3, Duration::ZERO))).await;
    answers(&servers, Answer::After(ms(30)));
    let start = lab.now();
    call(&channel).await.unwrap();
    assert_eq!(seen(&servers, start), numbered([(0, "1"), (0, "2"), (0, "none")]));
    assert!(servers.iter().all(|server| server.calls().len() == 1));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_not_fatal_sends_the_next_now_and_starts_the_delay_over() {
    let (lab, servers) = Lab::of(["one", "two", "three"]);
    let channel = warm(hedged(&lab, policy(4, ms(100)))).await;
    let failing = Answer::FailsAfter(ms(30), Code::Unavailable);
    answers(&servers, failing);
    let start = lab.now();
    let status = call(&channel).await.unwrap_err();
    let expected = [(0, "none"), (30, "1"), (60, "2"), (90, "3")];
    assert_eq!(seen(&servers, start), numbered(expected));
    assert_eq!((status.code(), status.attempts()), (Code::Unavailable, 4));
    assert!(status.message().starts_with("max retries exhausted: failed after 4 attempts"));
    assert_eq!((status.origin(), status.delivery()), (Origin::Server, Delivery::Answered));

    answers(&servers, Answer::After(ms(250)));
    servers[0].answer(Answer::FailsAfter(ms(30), Code::Unavailable));
    servers[1].answer(Answer::FailsAfter(ms(30), Code::Unavailable));
    let start = lab.now();
    call(&channel).await.unwrap();
    let times: Vec<_> = (seen(&servers, Duration::ZERO).into_iter())
        .filter(|(at, _)| *at >= start)
        .map(|(at, _)| at - start)
        .collect();
    assert!(times.iter().skip(1).any(|at| at.as_millis() % 100 == 30), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_fatal_failure_ends_the_call_and_cancels_the_others() {
    let (lab, servers) = Lab::of(["one", "two"]);
    let channel = warm(hedged(&lab, policy(2, ms(10)))).await;
    servers[0].answer(Answer::Never);
    servers[1].answer(Answer::FailsAfter(ms(40), Code::NotFound));
    let start = lab.now();
    let status = call(&channel).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert!(lab.now() - start <= ms(50));
    settle().await;
    assert_eq!(servers[0].resets(), [(lab.now() - ms(1), Reason::CANCEL)]);
    assert_eq!(servers[0].calls().len() + servers[1].calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_server_says_when_the_next_one_leaves_or_that_none_does() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = warm(hedged(&lab, policy(3, ms(10)))).await;
    one.answer(Answer::PushesBack(Code::Unavailable, "70"));
    let start = lab.now();
    let status = call(&channel).await.unwrap_err();
    let one = [one];
    assert_eq!(seen(&one, start), numbered([(0, "none"), (70, "1"), (140, "2")]));
    assert_eq!(status.attempts(), 3);

    let (lab, servers) = Lab::of(["one", "two"]);
    let channel = warm(hedged(&lab, policy(3, ms(10)))).await;
    answers(&servers, Answer::After(ms(50)));
    let first = {
        // Whose turn is first is chance: the other one says no.
        call(&channel).await.unwrap();
        usize::from(servers[0].calls()[0].at > servers[1].calls()[0].at)
    };
    let before = servers.iter().flat_map(Server::calls).count();
    servers[first].answer(Answer::PushesBack(Code::Unavailable, "-1"));
    servers[1 - first].answer(Answer::PushesBack(Code::Unavailable, "-1"));
    let status = call(&channel).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("the server asked not to"), "{status}");
    assert_eq!(servers.iter().flat_map(Server::calls).count(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn attempts_do_not_pile_up_while_there_is_no_connection() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::OpensAfter(s(1)));
    let channel = hedged(&lab, policy(3, ms(10))).build().unwrap();
    call(&channel).await.unwrap();
    assert_eq!(seen(&[one], s(1)), numbered([(0, "none")]), "one was enough");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_spans_all_attempts_and_cancels_them() {
    let (lab, servers) = Lab::of(["one", "two"]);
    let channel = warm(hedged(&lab, policy(5, ms(100)))).await;
    answers(&servers, Answer::Never);
    let greeter = GreeterClient::new(channel.clone());
    let start = lab.now();
    let status = greeter.say_hello(hello("Ada")).timeout(ms(250)).await.unwrap_err();
    assert_eq!(lab.now() - start, ms(250));
    assert_eq!((status.code(), status.origin()), (Code::DeadlineExceeded, Origin::Local));
    assert_eq!(status.attempts(), 3);
    settle().await;
    assert_eq!(resets(&servers, start), [(ms(250), Reason::CANCEL); 3]);

    // .. and a pause that the server asked for.
    answers(&servers, Answer::PushesBack(Code::Unavailable, "1000"));
    let start = lab.now();
    let status = greeter.say_hello(hello("Ada")).timeout(ms(250)).await.unwrap_err();
    assert_eq!((status.code(), lab.now() - start), (Code::DeadlineExceeded, ms(250)));
    assert!(status.message().contains("before the next attempt"), "{status}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_cancels_all_of_its_attempts() {
    let (lab, servers) = Lab::of(["one", "two"]);
    let channel = warm(hedged(&lab, policy(2, ms(10)))).await;
    answers(&servers, Answer::Never);
    let start = lab.now();
    tokio::select! {
        _ = call(&channel) => panic!("nobody answers"),
        () = pass(ms(50)) => {}
    }
    settle().await;
    assert_eq!(resets(&servers, start), [(ms(50), Reason::CANCEL); 2]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_attempt_starts_over_and_is_not_counted() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = warm(hedged(&lab, policy(2, ms(100)))).await;
    one.answer(Answer::Refuses);
    let start = lab.now();
    let status = call(&channel).await.unwrap_err();
    // The first, that one again, and the second: once a call is forgiven.
    let expected = numbered([(0, "1"), (0, "none"), (0, "none")]);
    assert_eq!(seen(&[one], start), expected);
    assert_eq!((status.code(), status.attempts()), (Code::Unavailable, 3));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_fails_too_much_gets_no_hedges() {
    let (lab, [one]) = Lab::of(["one"]);
    let throttled =
        config(policy(5, ms(10))).with_retry_throttling(RetryThrottling::new(4, 0.1).unwrap());
    let channel = warm(lab.builder().default_service_config(throttled)).await;
    one.answer(Answer::Fails(Code::Unavailable));
    let status = call(&channel).await.unwrap_err();
    // Four tokens: the second failure leaves two, which is half of them.
    assert_eq!(status.attempts(), 2);
    assert!(status.message().contains("too many calls to this target fail"), "{status}");
    let status = call(&channel).await.unwrap_err();
    assert_eq!(status.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn where_retries_are_off_there_is_one_attempt() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = warm(hedged(&lab, policy(3, ms(10))).disable_retry()).await;
    one.answer(Answer::After(ms(100)));
    let start = lab.now();
    call(&channel).await.unwrap();
    assert_eq!(seen(&[one], start), numbered([(0, "none")]));
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_hedged_until_its_headers() {
    let (lab, servers) = Lab::of(["one", "two"]);
    let channel = warm(hedged(&lab, policy(2, ms(20)))).await;
    servers[0].answer(Answer::Never);
    servers[1].answer(Answer::AddressAndOn);
    let greeter = GreeterClient::new(channel);
    for _ in 0..4 {
        let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
        assert_eq!((replies.peer(), replies.attempts()), (None, 0), "nothing is under way yet");
        let reply = replies.message().await.unwrap().unwrap();
        assert_eq!(reply.message, servers[1].address().to_string());
        assert!(replies.attempts() >= 1);
        drop(replies);
        settle().await;
    }
    let calls = servers.iter().flat_map(Server::calls).count();
    assert_eq!(resets(&servers, Duration::ZERO).len(), calls, "none goes on");
}

/// A channel that is closed has no further attempts, and nobody waits for a pause to pass that the server asked for.
#[tokio::test(start_paused = true)]
async fn a_channel_that_is_closed_in_a_pause() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = warm(hedged(&lab, policy(3, s(1)))).await;
    one.answer(Answer::PushesBack(Code::Unavailable, "60000"));
    let start = lab.now();
    let events = async {
        pass(ms(500)).await;
        channel.close();
    };
    let (status, ()) = tokio::join!(call(&channel), events);
    assert_eq!(status.unwrap_err().code(), Code::Cancelled);
    assert_eq!((lab.now() - start, one.calls().len()), (ms(500), 1));
}
