//! The machine beside a model of it, over random events: what happened is kept as a list, and each answer is worked
//! out from the list alone.

use proptest::prelude::*;

use super::tests::policy;
use super::*;
use crate::service_config::RetryThrottling;
use crate::status::Code;

#[derive(Debug, Clone, Copy)]
enum Operation {
    Fail(Failure),
    Commit(CommittedBy),
    Succeed,
    /// Another call to the target succeeds, or fails.
    Elsewhere {
        goes_well: bool,
    },
}

pub(in crate::retry) fn failures() -> impl Strategy<Value = Failure> {
    let codes = prop::sample::select(vec![Code::Unavailable, Code::Internal, Code::Aborted]);
    let pushback = prop_oneof![
        4 => Just(Pushback::Absent),
        2 => (0..3000_u64).prop_map(|millis| Pushback::After(Duration::from_millis(millis))),
        1 => Just(Pushback::Stop),
    ];
    prop_oneof![
        2 => Just(Failure::NotSent),
        2 => Just(Failure::Refused),
        1 => Just(Failure::Dropped),
        2 => Just(Failure::TimedOut),
        12 => (codes, pushback).prop_map(|(code, pushback)| Failure::Status { code, pushback }),
    ]
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let by = [CommittedBy::Headers, CommittedBy::BufferLimit];
    let operation = prop_oneof![
        12 => failures().prop_map(Operation::Fail),
        1 => prop::sample::select(by.to_vec()).prop_map(Operation::Commit),
        1 => Just(Operation::Succeed),
        4 => any::<bool>().prop_map(|goes_well| Operation::Elsewhere { goes_well }),
    ];
    proptest::collection::vec(operation, 0..40)
}

/// The history of one call, and the tokens.
struct Model {
    /// None: no policy.
    max_attempts: Option<u32>,
    history: Vec<Option<Decision>>,
    refusals: u32,
    /// In thousandths.
    tokens: i64,
    max_tokens: i64,
    ratio: i64,
}

impl Model {
    fn is_over(&self) -> bool {
        self.history.iter().any(|entry| matches!(entry, None | Some(Decision::Fail(_))))
    }

    fn is_committed(&self) -> bool {
        self.history.contains(&Some(Decision::Commit))
    }

    fn retries(&self) -> impl DoubleEndedIterator<Item = RetryReason> {
        self.history.iter().filter_map(|entry| match entry {
            Some(Decision::Retry { reason, .. }) => Some(*reason),
            _ => None,
        })
    }

    fn change_tokens(&mut self, by: i64) {
        self.tokens = (self.tokens + by).clamp(0, self.max_tokens);
    }

    fn is_covered(&self, failure: Failure) -> bool {
        self.max_attempts.is_some()
            && match failure {
                Failure::TimedOut | Failure::Refused => true,
                Failure::Status { code, .. } => [Code::Unavailable, Code::Aborted].contains(&code),
                Failure::NotSent | Failure::Dropped => false,
            }
    }

    /// What is to be done about a failure, but for the reasons of commits, which the machine remembers.
    fn on_failed(&mut self, failure: Failure, random: f64) -> Decision {
        let pushback = match failure {
            Failure::Status { pushback, .. } => pushback,
            _ => Pushback::Absent,
        };
        let is_covered = self.is_covered(failure);
        if !self.is_committed() {
            if failure == Failure::Refused {
                self.refusals += 1;
            }
            if failure == Failure::NotSent || failure == Failure::Refused && self.refusals == 1 {
                return Decision::RetryTransparently;
            }
        }
        if is_covered || pushback == Pushback::Stop {
            self.change_tokens(-1000);
        }
        if self.is_committed() {
            // Any reason stands for all.
            let by = GaveUp::Committed(CommittedBy::Headers);
            return Decision::Fail(if is_covered { by } else { GaveUp::Final });
        }
        if failure == Failure::Dropped {
            return Decision::Fail(GaveUp::Dropped);
        }
        let attempts = u32::try_from(self.retries().count()).unwrap() + 1;
        match (self.max_attempts, pushback) {
            (None, _) => Decision::Fail(GaveUp::Final),
            _ if !is_covered => Decision::Fail(GaveUp::Final),
            (_, Pushback::Stop) => Decision::Fail(GaveUp::PushedBack),
            _ if self.tokens * 2 <= self.max_tokens => Decision::Fail(GaveUp::Throttled),
            (Some(max), _) if attempts >= max => Decision::Fail(GaveUp::Exhausted { attempts }),
            (_, Pushback::After(after)) => Decision::Retry { after, reason: RetryReason::Pushback },
            (_, Pushback::Absent) => {
                let since =
                    self.retries().rev().take_while(|reason| *reason == RetryReason::Backoff);
                let millis = [10.0, 20.0, 40.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0][since.count()];
                let after = Duration::from_secs_f64(millis * (0.8 + 0.4 * random) / 1000.0);
                Decision::Retry { after, reason: RetryReason::Backoff }
            }
        }
    }
}

/// Without what the model does not remember, and with pauses as exact as the model's arithmetic.
fn simplified(decision: Decision) -> Decision {
    match decision {
        Decision::Fail(GaveUp::Committed(_)) => {
            Decision::Fail(GaveUp::Committed(CommittedBy::Headers))
        }
        Decision::Retry { after, reason } => {
            let micros = (after.as_secs_f64() * 1e6).round() as u64;
            Decision::Retry { after: Duration::from_micros(micros), reason }
        }
        other => other,
    }
}

proptest! {
    #[test]
    fn the_machine_is_the_model(
        operations in operations(),
        max_attempts in proptest::option::weighted(0.9, 2..9_u32),
        cap in 0..9_u32,
        max_tokens in 1..12_u32,
        ratio in 1..1500_u32,
        random in 0.0..1.0_f64,
    ) {
        let policy = max_attempts.map(|max| policy(max, &[Code::Unavailable, Code::Aborted]));
        let config = RetryThrottling::new(max_tokens, f64::from(ratio) / 1000.0).unwrap();
        let ratio = i64::from(config.token_ratio_thousandths());
        let throttle = Arc::new(Throttle::new(config));
        let cap = AttemptCap::new(cap);
        let mut retry = Retry::new(policy.as_ref(), cap, Some(Arc::clone(&throttle)));
        let max_tokens = i64::from(max_tokens) * 1000;
        let mut model = Model {
            max_attempts: max_attempts.map(|max| cap.apply(max)),
            history: Vec::new(),
            refusals: 0,
            tokens: max_tokens,
            max_tokens,
            ratio,
        };
        for operation in operations {
            let is_over = model.is_over();
            let (decision, expected) = match operation {
                Operation::Elsewhere { goes_well } => {
                    if goes_well { throttle.on_success() } else { throttle.on_failure(); }
                    model.change_tokens(if goes_well { model.ratio } else { -1000 });
                    continue;
                }
                Operation::Succeed => {
                    retry.on_succeeded();
                    if !is_over {
                        model.change_tokens(model.ratio);
                        model.history.push(None);
                    }
                    continue;
                }
                Operation::Fail(failure) => {
                    let expected = (!is_over).then(|| model.on_failed(failure, random));
                    (retry.on_failed(failure, random), expected)
                }
                Operation::Commit(by) => {
                    let is_first = !is_over && !model.is_committed();
                    (retry.on_commit(by), is_first.then_some(Decision::Commit))
                }
            };
            prop_assert_eq!(decision.map(simplified), expected.map(simplified));
            model.history.extend(expected.map(Some));
            prop_assert_eq!(retry.is_open(), !model.is_over() && !model.is_committed());
            let previous = u32::try_from(model.retries().count()).unwrap();
            prop_assert_eq!(retry.previous_attempts(), previous);
            prop_assert!(previous < 8 && (previous == 0 || previous < model.max_attempts.unwrap()));
            let is_allowed = throttle.allowance() == Allowance::Allowed;
            prop_assert_eq!(is_allowed, model.tokens * 2 > model.max_tokens);
        }
    }
}
