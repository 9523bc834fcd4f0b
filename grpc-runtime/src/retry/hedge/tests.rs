//! Each row of the machine's table, as traces: what is told, and what is asked for then.

use std::time::Duration;

use super::*;
use crate::retry::hedge::action::StartKind;
use crate::retry::pushback::Pushback;
use crate::retry::throttle::Allowance;
use crate::service_config::{CodeSet, RetryThrottling};
use crate::status::Code;

pub(super) fn policy(max_attempts: u32, delay: u64, codes: &[Code]) -> HedgingPolicy {
    HedgingPolicy::new(max_attempts)
        .unwrap()
        .with_delay(Duration::from_millis(delay))
        .with_non_fatal_status_codes(CodeSet::of(codes))
}

/// Three attempts, 100 ms apart; UNAVAILABLE is not fatal.
fn hedge() -> Hedge {
    with(3, 100, None)
}

fn with(max_attempts: u32, delay: u64, throttle: Option<&Arc<Throttle>>) -> Hedge {
    let policy = policy(max_attempts, delay, &[Code::Unavailable]);
    Hedge::new(&policy, AttemptCap::default(), throttle.cloned())
}

fn throttle(max_tokens: u32, token_ratio: f64) -> Arc<Throttle> {
    Arc::new(Throttle::new(RetryThrottling::new(max_tokens, token_ratio).unwrap()))
}

/// All that is to be done, in its order. Attempts go by their number and by how many came before them.
fn actions(hedge: &mut Hedge) -> String {
    let mut said = Vec::new();
    while let Some(action) = hedge.poll_action() {
        said.push(match action {
            Action::Start { attempt, previous_attempts, kind } => {
                let verb = match kind {
                    StartKind::First => "start",
                    StartKind::Hedge => "hedge",
                    StartKind::Transparent => "again",
                };
                format!("{verb} {}/{previous_attempts}", attempt.0)
            }
            Action::SetTimer { after } => format!("timer {}", after.as_millis()),
            Action::CancelTimer => "no timer".to_owned(),
            Action::Cancel(attempt) => format!("cancel {}", attempt.0),
            Action::Commit(attempt) => format!("commit {}", attempt.0),
            Action::Finish { attempt, gave_up } => format!("finish {} {gave_up:?}", attempt.0),
        });
    }
    said.join(", ")
}

fn timer(hedge: &mut Hedge) -> String {
    hedge.on_timer();
    actions(hedge)
}

fn fails(hedge: &mut Hedge, attempt: u32, failure: Failure) -> String {
    hedge.on_failed(AttemptId(attempt), failure);
    actions(hedge)
}

fn headers(hedge: &mut Hedge, attempt: u32) -> String {
    hedge.on_commit(AttemptId(attempt), CommittedBy::Headers);
    actions(hedge)
}

fn succeeds(hedge: &mut Hedge, attempt: u32) -> String {
    hedge.on_succeeded(AttemptId(attempt));
    actions(hedge)
}

fn status(code: Code, pushback: Pushback) -> Failure {
    Failure::Status { code, pushback }
}

fn after(millis: u64) -> Failure {
    status(Code::Unavailable, Pushback::After(Duration::from_millis(millis)))
}

const UNAVAILABLE: Failure =
    Failure::Status { code: Code::Unavailable, pushback: Pushback::Absent };
const FATAL: Failure = Failure::Status { code: Code::Internal, pushback: Pushback::Absent };
const NO: Failure = Failure::Status { code: Code::Unavailable, pushback: Pushback::Stop };

#[test]
fn attempts_start_a_delay_apart_and_the_first_answer_counts() {
    let mut hedge = hedge();
    assert_eq!(actions(&mut hedge), "start 0/0, timer 100");
    assert_eq!(timer(&mut hedge), "hedge 1/1, timer 100");
    assert_eq!(timer(&mut hedge), "hedge 2/2");
    assert_eq!(timer(&mut hedge), "", "none is set");
    assert!(hedge.is_open());
    assert_eq!(headers(&mut hedge, 1), "cancel 0, cancel 2, commit 1");
    assert!(!hedge.is_open());
    assert_eq!(fails(&mut hedge, 0, FATAL), "", "it was cancelled");
    assert_eq!(headers(&mut hedge, 1), "");
    assert_eq!(succeeds(&mut hedge, 1), "");
    assert_eq!(hedge.attempts(), 3);
}

#[test]
fn an_answer_before_the_delay_leaves_it_at_one_attempt() {
    let mut hedge = hedge();
    actions(&mut hedge);
    assert_eq!(headers(&mut hedge, 0), "no timer, commit 0");
    assert_eq!(timer(&mut hedge), "");
    assert_eq!(hedge.attempts(), 1);
}

#[test]
fn without_a_delay_all_start_at_once_up_to_the_cap() {
    let start = "start 0/0, hedge 1/1, hedge 2/2, hedge 3/3";
    let mut hedge = with(9, 0, None);
    assert_eq!(actions(&mut hedge), format!("{start}, hedge 4/4"));
    let policy = policy(9, 0, &[]);
    let mut hedge = Hedge::new(&policy, AttemptCap::new(4), None);
    assert_eq!(actions(&mut hedge), start);
}

#[test]
fn a_failure_that_is_not_fatal_starts_the_next_now_and_the_delay_over() {
    let mut hedge = hedge();
    actions(&mut hedge);
    assert_eq!(fails(&mut hedge, 0, UNAVAILABLE), "hedge 1/1, timer 100");
    assert_eq!(fails(&mut hedge, 1, Failure::TimedOut), "hedge 2/2, no timer");
    assert_eq!(fails(&mut hedge, 2, UNAVAILABLE), "finish 2 Exhausted { attempts: 3 }");
    assert_eq!(fails(&mut hedge, 2, UNAVAILABLE), "", "it is over");
}

#[test]
fn the_last_to_fail_says_how_the_call_ends() {
    let mut hedge = with(3, 0, None);
    actions(&mut hedge);
    assert_eq!(fails(&mut hedge, 2, UNAVAILABLE), "");
    assert_eq!(fails(&mut hedge, 0, UNAVAILABLE), "");
    assert_eq!(fails(&mut hedge, 2, FATAL), "", "it has failed before");
    assert_eq!(fails(&mut hedge, 1, UNAVAILABLE), "finish 1 Exhausted { attempts: 3 }");
}

#[test]
fn a_fatal_failure_ends_the_call() {
    for failure in [FATAL, status(Code::Internal, Pushback::Stop), status(Code::Ok, Pushback::Stop)]
    {
        let mut hedge = hedge();
        actions(&mut hedge);
        timer(&mut hedge);
        assert_eq!(fails(&mut hedge, 1, failure), "no timer, cancel 0, finish 1 Final");
        assert_eq!(timer(&mut hedge), "");
        assert_eq!(headers(&mut hedge, 0), "");
    }
    let mut alone = Hedge::new(&policy(2, 100, &[]), AttemptCap::default(), None);
    actions(&mut alone);
    assert_eq!(fails(&mut alone, 0, UNAVAILABLE), "no timer, finish 0 Final", "no list, all fatal");
}

#[test]
fn a_success_without_headers_is_one() {
    let throttle = throttle(4, 1.0);
    throttle.on_failure();
    throttle.on_failure();
    let mut hedge = with(2, 100, Some(&throttle));
    assert_eq!(actions(&mut hedge), "start 0/0, timer 100");
    assert_eq!(throttle.allowance(), Allowance::Throttled);
    assert_eq!(succeeds(&mut hedge, 0), "no timer, commit 0");
    assert_eq!(throttle.allowance(), Allowance::Allowed);
    assert_eq!(succeeds(&mut hedge, 0), "", "once");
    throttle.on_failure();
    assert_eq!(throttle.allowance(), Allowance::Throttled, "it counted once");
}

#[test]
fn pushback_moves_the_next_attempt_and_those_after_it_keep_the_delay() {
    let mut hedge = with(4, 100, None);
    actions(&mut hedge);
    assert_eq!(fails(&mut hedge, 0, after(700)), "timer 700", "nothing is under way meanwhile");
    assert_eq!(timer(&mut hedge), "hedge 1/1, timer 100");
    assert_eq!(timer(&mut hedge), "hedge 2/2, timer 100");
    assert_eq!(fails(&mut hedge, 1, after(0)), "timer 0");
    assert_eq!(timer(&mut hedge), "hedge 3/3");
    assert_eq!(fails(&mut hedge, 2, after(700)), "", "there are no more to start");
    assert_eq!(fails(&mut hedge, 3, after(700)), "finish 3 Exhausted { attempts: 4 }");
}

#[test]
fn a_server_that_says_no_stops_hedges_but_not_what_is_under_way() {
    let mut hedge = hedge();
    actions(&mut hedge);
    timer(&mut hedge);
    assert_eq!(fails(&mut hedge, 1, NO), "no timer");
    assert_eq!(timer(&mut hedge), "");
    assert_eq!(headers(&mut hedge, 0), "commit 0");
    let mut alone = with(3, 100, None);
    actions(&mut alone);
    assert_eq!(fails(&mut alone, 0, NO), "no timer, finish 0 PushedBack");
}

#[test]
fn throttling_cancels_hedges_but_not_what_is_under_way() {
    let throttle = throttle(4, 0.5);
    let mut hedge = with(5, 100, Some(&throttle));
    actions(&mut hedge);
    timer(&mut hedge);
    assert_eq!(fails(&mut hedge, 1, UNAVAILABLE), "hedge 2/2, timer 100", "3 tokens are left");
    assert_eq!(fails(&mut hedge, 2, UNAVAILABLE), "no timer", "2 are half of 4");
    throttle.on_success();
    assert_eq!(timer(&mut hedge), "", "for good");
    assert_eq!(fails(&mut hedge, 0, UNAVAILABLE), "finish 0 Throttled");
}

#[test]
fn a_throttled_target_gets_the_first_attempt_only() {
    let throttle = throttle(1, 0.5);
    throttle.on_failure();
    let mut at_once = with(5, 0, Some(&throttle));
    assert_eq!(actions(&mut at_once), "start 0/0");
    let mut hedge = with(5, 100, Some(&throttle));
    assert_eq!(actions(&mut hedge), "start 0/0, timer 100");
    assert_eq!(timer(&mut hedge), "");
    assert_eq!(fails(&mut hedge, 0, FATAL), "finish 0 Final");
}

#[test]
fn throttled_when_nothing_is_under_way_the_call_ends() {
    let mut at_once = with(5, 100, Some(&throttle(2, 1.0)));
    actions(&mut at_once);
    assert_eq!(fails(&mut at_once, 0, after(700)), "no timer, finish 0 Throttled");

    let throttle = throttle(4, 1.0);
    let mut in_pause = with(5, 100, Some(&throttle));
    actions(&mut in_pause);
    assert_eq!(fails(&mut in_pause, 0, after(700)), "timer 700");
    throttle.on_failure();
    assert_eq!(timer(&mut in_pause), "finish 0 Throttled");
}

#[test]
fn what_no_server_saw_starts_over_under_another_name() {
    let throttle = throttle(1, 1.0);
    let mut hedge = with(2, 100, Some(&throttle));
    actions(&mut hedge);
    assert_eq!(fails(&mut hedge, 0, Failure::NotSent), "again 1/0");
    assert_eq!(fails(&mut hedge, 1, Failure::Refused), "again 2/0");
    assert_eq!(fails(&mut hedge, 2, Failure::NotSent), "again 3/0");
    assert_eq!(fails(&mut hedge, 2, FATAL), "", "that name is gone");
    assert_eq!(timer(&mut hedge), "hedge 4/1");
    assert_eq!(fails(&mut hedge, 4, Failure::NotSent), "again 5/1");
    assert_eq!((hedge.attempts(), hedge.transparent_retries()), (2, 4));
    assert_eq!(throttle.allowance(), Allowance::Allowed, "no token was taken");
    assert_eq!(fails(&mut hedge, 3, Failure::Refused), "", "the second refusal is UNAVAILABLE");
    assert_eq!(throttle.allowance(), Allowance::Throttled);
    assert_eq!(fails(&mut hedge, 5, UNAVAILABLE), "finish 5 Throttled");
}

#[test]
fn a_drop_stops_hedges_but_not_what_is_under_way() {
    let mut hedge = hedge();
    actions(&mut hedge);
    timer(&mut hedge);
    assert_eq!(fails(&mut hedge, 1, Failure::Dropped), "no timer");
    assert_eq!(headers(&mut hedge, 0), "commit 0");
    let mut alone = with(3, 0, None);
    actions(&mut alone);
    assert_eq!(fails(&mut alone, 0, Failure::Dropped), "");
    assert_eq!(fails(&mut alone, 1, UNAVAILABLE), "");
    assert_eq!(fails(&mut alone, 2, UNAVAILABLE), "finish 2 Dropped");
}

#[test]
fn over_the_buffer_the_one_that_has_sent_most_is_kept() {
    let mut hedge = with(3, 0, None);
    actions(&mut hedge);
    hedge.on_buffer_full(|attempt| [2, 7, 3][attempt.0 as usize]);
    assert_eq!(actions(&mut hedge), "cancel 0, cancel 2, commit 1");
    assert_eq!(headers(&mut hedge, 1), "", "it is committed to");
    let reason = "Committed(BufferLimit)";
    assert_eq!(fails(&mut hedge, 1, UNAVAILABLE), format!("finish 1 {reason}"));

    let mut equal = with(3, 100, None);
    actions(&mut equal);
    timer(&mut equal);
    equal.on_buffer_full(|_| 4);
    assert_eq!(actions(&mut equal), "no timer, cancel 1, commit 0", "of equals the oldest");
    assert_eq!(fails(&mut equal, 0, FATAL), "finish 0 Final");
}

#[test]
fn over_the_buffer_in_a_pause_the_next_one_is_the_last() {
    let mut hedge = with(5, 100, None);
    actions(&mut hedge);
    assert_eq!(fails(&mut hedge, 0, after(700)), "timer 700");
    hedge.on_buffer_full(|_| 0);
    assert_eq!(actions(&mut hedge), "");
    assert_eq!(timer(&mut hedge), "hedge 1/1, commit 1");
    assert_eq!(fails(&mut hedge, 1, UNAVAILABLE), "finish 1 Committed(BufferLimit)");
}

#[test]
fn a_deadline_or_a_cancellation_cancels_everything() {
    let mut open = hedge();
    actions(&mut open);
    timer(&mut open);
    open.on_interrupted();
    assert_eq!(actions(&mut open), "no timer, cancel 0, cancel 1");
    assert_eq!(fails(&mut open, 0, Failure::NotSent), "");
    open.on_interrupted();
    open.on_buffer_full(|_| 0);
    assert_eq!(timer(&mut open), "");

    let mut committed = hedge();
    actions(&mut committed);
    headers(&mut committed, 0);
    committed.on_interrupted();
    assert_eq!(actions(&mut committed), "cancel 0");
    assert_eq!(succeeds(&mut committed, 0), "");
}

#[test]
fn the_committed_attempt_counts_for_the_target() {
    let throttle = throttle(2, 1.0);
    let mut hedge = with(2, 100, Some(&throttle));
    actions(&mut hedge);
    headers(&mut hedge, 0);
    assert_eq!(fails(&mut hedge, 0, UNAVAILABLE), "finish 0 Committed(Headers)");
    assert_eq!(throttle.allowance(), Allowance::Throttled);
}
