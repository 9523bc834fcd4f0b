//! Each row of the machine's table, and the scripted dialogues of grpc-go's retry tests, with the server as a list.

use super::*;
use crate::service_config::RetryThrottling;
use crate::status::Code;

pub(super) fn policy(max_attempts: u32, codes: &[Code]) -> RetryPolicy {
    let (initial, max) = (Duration::from_millis(10), Duration::from_millis(50));
    RetryPolicy::new(max_attempts, CodeSet::of(codes))
        .unwrap()
        .with_backoff(initial, max, 2.0)
        .unwrap()
}

fn retry(max_attempts: u32) -> Retry {
    let policy = policy(max_attempts, &[Code::Unavailable]);
    Retry::new(Some(&policy), AttemptCap::default(), None)
}

fn status(code: Code) -> Failure {
    Failure::Status { code, pushback: Pushback::Absent }
}

fn pushed_back(code: Code, pushback: Pushback) -> Failure {
    Failure::Status { code, pushback }
}

fn throttle(max_tokens: u32, token_ratio: f64) -> Arc<Throttle> {
    Arc::new(Throttle::new(RetryThrottling::new(max_tokens, token_ratio).unwrap()))
}

/// What the machine says, with chance in the middle, so that backoff is what the policy says.
fn fail(retry: &mut Retry, failure: Failure) -> Option<Decision> {
    retry.on_failed(failure, 0.5)
}

fn after(millis: u64, reason: RetryReason) -> Option<Decision> {
    Some(Decision::Retry { after: Duration::from_millis(millis), reason })
}

fn backoff(millis: u64) -> Option<Decision> {
    after(millis, RetryReason::Backoff)
}

fn pushback(millis: u64) -> Option<Decision> {
    after(millis, RetryReason::Pushback)
}

fn gave_up(reason: GaveUp) -> Option<Decision> {
    Some(Decision::Fail(reason))
}

const UNAVAILABLE: Failure =
    Failure::Status { code: Code::Unavailable, pushback: Pushback::Absent };
const TRANSPARENTLY: Option<Decision> = Some(Decision::RetryTransparently);

#[test]
fn pauses_grow_and_the_last_attempt_is_told() {
    let mut retry = retry(4);
    for (previous, pause) in [(0, 10), (1, 20), (2, 40)] {
        assert_eq!(retry.previous_attempts(), previous);
        assert_eq!(fail(&mut retry, UNAVAILABLE), backoff(pause));
    }
    assert_eq!(retry.previous_attempts(), 3);
    let exhausted = GaveUp::Exhausted { attempts: 4 };
    assert_eq!(fail(&mut retry, UNAVAILABLE), gave_up(exhausted));
    let text = exhausted.to_string();
    assert_eq!(text, "max retries exhausted: failed after 4 attempts");
    assert!(exhausted.is_worth_telling() && !GaveUp::Final.is_worth_telling());
}

#[test]
fn only_codes_of_the_policy_are_retried() {
    for code in Code::ALL.into_iter().filter(|&code| code != Code::Unavailable) {
        assert_eq!(fail(&mut retry(4), status(code)), gave_up(GaveUp::Final), "{code}");
    }
    // OK in a policy is no failure.
    let all = policy(4, &Code::ALL);
    for code in Code::ALL {
        let mut retry = Retry::new(Some(&all), AttemptCap::default(), None);
        let expected = if code == Code::Ok { gave_up(GaveUp::Final) } else { backoff(10) };
        assert_eq!(fail(&mut retry, status(code)), expected, "{code}");
    }
}

#[test]
fn without_a_policy_only_what_no_server_saw_is_repeated() {
    let mut retry = Retry::new(None, AttemptCap::default(), None);
    assert_eq!(fail(&mut retry, Failure::NotSent), TRANSPARENTLY);
    assert_eq!(fail(&mut retry, Failure::Refused), TRANSPARENTLY);
    assert_eq!(fail(&mut retry, Failure::NotSent), TRANSPARENTLY);
    assert_eq!((retry.previous_attempts(), retry.transparent_retries()), (0, 3));
    assert_eq!(fail(&mut retry, Failure::Refused), gave_up(GaveUp::Final));
    for failure in [Failure::TimedOut, UNAVAILABLE, Failure::Dropped] {
        let mut retry = Retry::new(None, AttemptCap::default(), None);
        let reason = if failure == Failure::Dropped { GaveUp::Dropped } else { GaveUp::Final };
        assert_eq!(fail(&mut retry, failure), gave_up(reason));
    }
}

#[test]
fn what_never_left_is_repeated_without_end_and_is_not_counted() {
    let throttle = throttle(1, 1.0);
    let policy = policy(2, &[Code::Unavailable]);
    let mut retry = Retry::new(Some(&policy), AttemptCap::default(), Some(throttle.clone()));
    for _ in 0..1000 {
        assert_eq!(fail(&mut retry, Failure::NotSent), TRANSPARENTLY);
    }
    assert_eq!(fail(&mut retry, Failure::Refused), TRANSPARENTLY);
    assert_eq!((retry.previous_attempts(), retry.transparent_retries()), (0, 1001));
    assert_eq!(throttle.allowance(), Allowance::Allowed, "no token was taken");
}

#[test]
fn a_second_refusal_is_a_failure_like_others() {
    let mut retry = retry(3);
    assert_eq!(fail(&mut retry, Failure::Refused), TRANSPARENTLY);
    assert_eq!(fail(&mut retry, Failure::Refused), backoff(10));
    assert_eq!(fail(&mut retry, Failure::Refused), backoff(20));
    assert_eq!(fail(&mut retry, Failure::Refused), gave_up(GaveUp::Exhausted { attempts: 3 }));
}

#[test]
fn a_late_first_refusal_is_repeated_at_once_too() {
    let mut retry = retry(3);
    assert_eq!(fail(&mut retry, UNAVAILABLE), backoff(10));
    assert_eq!(fail(&mut retry, Failure::Refused), TRANSPARENTLY);
    assert_eq!(retry.previous_attempts(), 1);
    assert_eq!(fail(&mut retry, UNAVAILABLE), backoff(20));
}

#[test]
fn an_attempt_that_took_too_long_is_retried_whatever_the_codes() {
    let mut retry = retry(2);
    assert_eq!(fail(&mut retry, Failure::TimedOut), backoff(10));
    assert_eq!(fail(&mut retry, Failure::TimedOut), gave_up(GaveUp::Exhausted { attempts: 2 }));
}

#[test]
fn a_drop_is_never_retried_and_takes_no_token() {
    let throttle = throttle(1, 1.0);
    let policy = policy(4, &Code::ALL);
    let mut retry = Retry::new(Some(&policy), AttemptCap::default(), Some(throttle.clone()));
    assert_eq!(fail(&mut retry, Failure::Dropped), gave_up(GaveUp::Dropped));
    assert_eq!(throttle.allowance(), Allowance::Allowed);
}

#[test]
fn pushback_is_followed_exactly_and_starts_the_backoff_over() {
    let mut retry = retry(5);
    assert_eq!(fail(&mut retry, UNAVAILABLE), backoff(10));
    assert_eq!(fail(&mut retry, UNAVAILABLE), backoff(20));
    let second = Pushback::After(Duration::from_secs(1));
    let failure = pushed_back(Code::Unavailable, second);
    assert_eq!(retry.on_failed(failure, 0.9), pushback(1000), "no jitter");
    assert_eq!(fail(&mut retry, UNAVAILABLE), backoff(10));
    // Never beyond the number of attempts.
    assert_eq!(fail(&mut retry, failure), gave_up(GaveUp::Exhausted { attempts: 5 }));
}

#[test]
fn a_server_may_say_no_and_pushback_does_not_make_a_code_retryable() {
    let no = pushed_back(Code::Unavailable, Pushback::Stop);
    assert_eq!(fail(&mut retry(4), no), gave_up(GaveUp::PushedBack));
    let now = Pushback::After(Duration::ZERO);
    assert_eq!(fail(&mut retry(4), pushed_back(Code::Unavailable, now)), pushback(0));
    assert_eq!(fail(&mut retry(4), pushed_back(Code::Internal, now)), gave_up(GaveUp::Final));
    for code in [Code::Unavailable, Code::Internal] {
        let throttle = throttle(2, 1.0);
        let policy = policy(4, &[Code::Unavailable]);
        let mut retry = Retry::new(Some(&policy), AttemptCap::default(), Some(throttle.clone()));
        assert!(matches!(
            fail(&mut retry, pushed_back(code, Pushback::Stop)),
            Some(Decision::Fail(_))
        ));
        assert_eq!(
            throttle.allowance(),
            Allowance::Throttled,
            "a no costs a token, also of {code}"
        );
    }
}

#[test]
fn a_committed_call_is_not_retried_in_any_way() {
    for by in [CommittedBy::Headers, CommittedBy::BufferLimit] {
        for (failure, reason) in [
            (UNAVAILABLE, GaveUp::Committed(by)),
            (Failure::TimedOut, GaveUp::Committed(by)),
            (Failure::Refused, GaveUp::Committed(by)),
            (Failure::NotSent, GaveUp::Final),
            (Failure::Dropped, GaveUp::Final),
            (status(Code::Internal), GaveUp::Final),
        ] {
            let mut retry = retry(4);
            assert!(retry.is_open());
            assert_eq!(retry.on_commit(by), Some(Decision::Commit));
            assert!(!retry.is_open());
            assert_eq!(retry.on_commit(CommittedBy::Headers), None, "once");
            assert_eq!(fail(&mut retry, failure), gave_up(reason), "{by:?} {failure:?}");
            assert_eq!(fail(&mut retry, failure), None);
        }
    }
}

/// One call after the other to a server that answers each attempt with the next code.
struct Dialogue<F> {
    policy: RetryPolicy,
    throttle: Option<Arc<Throttle>>,
    answer: F,
    /// Which attempt the last one was, over all calls.
    last: usize,
}

impl<F: Fn(usize) -> Code> Dialogue<F> {
    fn new(policy: RetryPolicy, throttle: Option<Arc<Throttle>>, answer: F) -> Self {
        Self { policy, throttle, answer, last: usize::MAX }
    }

    fn call(&mut self) -> (Code, usize) {
        let mut retry =
            Retry::new(Some(&self.policy), AttemptCap::default(), self.throttle.clone());
        loop {
            self.last = self.last.wrapping_add(1);
            let code = (self.answer)(self.last);
            if code == Code::Ok {
                retry.on_commit(CommittedBy::Headers);
                retry.on_succeeded();
                return (code, self.last);
            }
            match fail(&mut retry, status(code)) {
                Some(Decision::Retry { .. }) => {}
                Some(Decision::Fail(_)) => return (code, self.last),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// grpc-go's `TestRetryUnary`.
#[test]
fn unary_calls_are_retried() {
    let policy = policy(4, &[Code::AlreadyExists]);
    let mut dialogue = Dialogue::new(policy, None, |attempt| match attempt {
        0 | 2 | 5 => Code::Ok,
        6 | 8 | 11 => Code::Internal,
        _ => Code::AlreadyExists,
    });
    for expected in [
        (Code::Ok, 0),
        (Code::Ok, 2),
        (Code::Ok, 5),
        (Code::Internal, 6),
        (Code::Internal, 8),
        (Code::Internal, 11),
        (Code::AlreadyExists, 15),
    ] {
        assert_eq!(dialogue.call(), expected);
    }
}

/// grpc-go's `TestRetryThrottling`.
#[test]
fn retries_stop_when_too_many_fail() {
    let policy = policy(4, &[Code::Unavailable]);
    let mut dialogue = Dialogue::new(policy, Some(throttle(10, 0.5)), |attempt| match attempt {
        0 | 3 | 6 | 10..=14 | 16 | 18 => Code::Ok,
        _ => Code::Unavailable,
    });
    for expected in [
        (Code::Ok, 0),
        (Code::Ok, 3),
        (Code::Ok, 6),
        (Code::Unavailable, 8),
        (Code::Unavailable, 9),
        (Code::Ok, 10),
        (Code::Ok, 11),
        (Code::Ok, 12),
        (Code::Ok, 13),
        (Code::Ok, 14),
        (Code::Ok, 16),
        (Code::Unavailable, 17),
    ] {
        assert_eq!(dialogue.call(), expected);
    }
}

/// grpc-go's `TestMaxCallAttempts`: policy, channel option, attempts.
#[test]
fn the_channel_caps_the_attempts() {
    for (attempts, cap, expected) in [(9, 4, 4), (9, 7, 7), (3, 10, 3), (8, 0, 5), (3, 0, 3)] {
        let policy = policy(attempts, &[Code::Unavailable]);
        let mut retry = Retry::new(Some(&policy), AttemptCap::new(cap), None);
        let mut made = 1;
        while let Some(Decision::Retry { .. }) = fail(&mut retry, UNAVAILABLE) {
            made += 1;
        }
        assert_eq!(made, expected, "{attempts} {cap}");
    }
}

/// grpc-go's `TestTransparentRetry`: one connection, whose server refuses every stream but these; six calls.
#[test]
fn a_refused_call_is_made_once_more() {
    let mut id = -1;
    let ends: Vec<(i32, bool)> = (0..6)
        .map(|_| {
            let mut retry = Retry::new(None, AttemptCap::default(), None);
            loop {
                id += 2;
                if [1, 5, 11, 15].contains(&id) {
                    retry.on_succeeded();
                    return (id, true);
                }
                if fail(&mut retry, Failure::Refused) != TRANSPARENTLY {
                    return (id, false);
                }
            }
        })
        .collect();
    assert_eq!(ends, [(1, true), (5, true), (9, false), (11, true), (15, true), (19, false)]);
}

/// A line of grpc-go's `TestRetryStreaming`, as what an attempt does.
#[derive(Debug, Clone, Copy)]
enum Server {
    /// Sends headers or a message.
    Answers,
    Fails(Code),
    PushesBack(Pushback),
    /// Of the program: it sends more than is kept.
    Overflows,
}

/// A name, what happens, which retries there are by their pause in milliseconds, and why the last failure is final, if
/// there is one.
type Case<'a> = (&'a str, &'a [Server], &'a [u64], Option<GaveUp>);

/// grpc-go's `TestRetryStreaming`; what is replayed is in `buffer`.
#[test]
fn streams_are_retried() {
    use Server::{Answers, Fails, Overflows, PushesBack};
    let fails = Fails(Code::Unavailable);
    let second = Duration::from_secs(1);
    let exhausted = GaveUp::Exhausted { attempts: 4 };
    let cases: [Case<'_>; 12] = [
        ("1: not retryable", &[Fails(Code::Internal)], &[], Some(GaveUp::Final)),
        ("2: retried once", &[fails, Answers], &[10], None),
        ("3: exhausted", &[fails, fails, fails, fails], &[10, 20, 40], Some(exhausted)),
        ("5: after one, then two messages", &[fails, fails, Answers], &[10, 20], None),
        (
            "6: an answer, then a failure",
            &[fails, Answers, fails],
            &[10],
            Some(GaveUp::Committed(CommittedBy::Headers)),
        ),
        ("7: waiting for headers commits to nothing", &[fails, Answers], &[10], None),
        ("8: headers", &[Answers, fails], &[], Some(GaveUp::Committed(CommittedBy::Headers))),
        ("11-13: a no", &[PushesBack(Pushback::Stop)], &[], Some(GaveUp::PushedBack)),
        ("14: pushback", &[PushesBack(Pushback::After(second)), Answers], &[1000], None),
        (
            "15: too much sent",
            &[Overflows, fails],
            &[],
            Some(GaveUp::Committed(CommittedBy::BufferLimit)),
        ),
        ("headers after an overflow", &[Overflows, Answers], &[], None),
        ("an answer is an answer", &[Answers, Answers], &[], None),
    ];
    for (name, script, pauses, end) in cases {
        let mut retry = retry(4);
        let (mut paused, mut ended) = (Vec::new(), None);
        for step in script {
            let decision = match *step {
                Answers => retry.on_commit(CommittedBy::Headers),
                Overflows => retry.on_commit(CommittedBy::BufferLimit),
                Fails(code) => fail(&mut retry, status(code)),
                PushesBack(pushback) => fail(&mut retry, pushed_back(Code::Unavailable, pushback)),
            };
            match decision {
                Some(Decision::Retry { after, .. }) => paused.push(after.as_millis() as u64),
                Some(Decision::Fail(reason)) => ended = Some(reason),
                Some(Decision::RetryTransparently) => panic!("{name}"),
                Some(Decision::Commit) | None => {}
            }
        }
        assert_eq!((paused.as_slice(), ended), (pauses, end), "{name}");
        let previous = u32::try_from(pauses.len()).unwrap();
        assert_eq!(retry.previous_attempts(), previous, "{name}");
    }
}

#[test]
fn a_committed_failure_counts_for_the_target_and_a_success_once() {
    let throttle = throttle(2, 1.0);
    let policy = policy(4, &[Code::Unavailable]);
    let call = || Retry::new(Some(&policy), AttemptCap::default(), Some(throttle.clone()));
    let mut failing = call();
    failing.on_commit(CommittedBy::Headers);
    fail(&mut failing, UNAVAILABLE);
    assert_eq!(throttle.allowance(), Allowance::Throttled);
    let mut well = call();
    well.on_succeeded();
    well.on_succeeded();
    assert_eq!(throttle.allowance(), Allowance::Allowed);
    assert_eq!(fail(&mut call(), UNAVAILABLE), gave_up(GaveUp::Throttled), "one token was won");
}
