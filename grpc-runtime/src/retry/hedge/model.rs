//! The machine in a world of random events: the world carries out what is asked for and holds what must always be so; a
//! model, which knows of each attempt only how it ended, says what the world must look like.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::tests::policy;
use super::*;
use crate::retry::hedge::action::StartKind;
use crate::retry::machine::model::failures;
use crate::retry::pushback::Pushback;
use crate::retry::throttle::Allowance;
use crate::service_config::RetryThrottling;
use crate::status::Code;

#[derive(Debug, Clone, Copy)]
enum Operation {
    Timer,
    Fail(usize, Failure),
    Commit(usize),
    Succeed(usize),
    /// Each attempt has sent as much as this number says of its name.
    Overflow(u32),
    Interrupt,
    /// Something is told of an attempt that is gone, or never was.
    Stray(u32, Failure),
    Elsewhere {
        goes_well: bool,
    },
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        6 => Just(Operation::Timer),
        12 => (any::<usize>(), failures()).prop_map(|(which, how)| Operation::Fail(which, how)),
        1 => any::<usize>().prop_map(Operation::Commit),
        1 => any::<usize>().prop_map(Operation::Succeed),
        1 => any::<u32>().prop_map(Operation::Overflow),
        1 => Just(Operation::Interrupt),
        2 => (0..30_u32, failures()).prop_map(|(id, how)| Operation::Stray(id, how)),
        3 => any::<bool>().prop_map(|goes_well| Operation::Elsewhere { goes_well }),
    ];
    proptest::collection::vec(operation, 0..40)
}

/// What the engine would be like.
#[derive(Debug, Default, PartialEq)]
struct World {
    /// Under way, by name, with how many came before.
    live: BTreeMap<AttemptId, u32>,
    timer: Option<Duration>,
    committed: Option<AttemptId>,
    finished: Option<(AttemptId, GaveUp)>,
}

impl World {
    /// Carries out what is asked for; nothing of it may be senseless.
    fn carry_out(&mut self, hedge: &mut Hedge, names: &mut u32) {
        while let Some(action) = hedge.poll_action() {
            assert_eq!(self.finished, None, "{action:?} after the end");
            match action {
                Action::Start { attempt, previous_attempts, kind } => {
                    assert!(attempt.0 == *names && self.committed.is_none(), "{action:?}");
                    *names += 1;
                    assert_eq!(kind == StartKind::First, attempt.0 == 0);
                    assert!(!self.live.values().any(|&previous| previous == previous_attempts));
                    self.live.insert(attempt, previous_attempts);
                }
                Action::SetTimer { after } => self.timer = Some(after),
                Action::CancelTimer => assert!(self.timer.take().is_some(), "no timer"),
                Action::Cancel(attempt) => assert!(self.live.remove(&attempt).is_some()),
                Action::Commit(attempt) => {
                    assert_eq!(self.committed.replace(attempt), None);
                    assert!(self.live.contains_key(&attempt));
                }
                Action::Finish { attempt, gave_up } => self.finished = Some((attempt, gave_up)),
            }
        }
    }

    fn pick(&self, which: usize) -> Option<AttemptId> {
        let at = which.checked_rem(self.live.len())?;
        self.live.keys().nth(at).copied()
    }
}

/// What it must be like.
struct Model {
    world: World,
    is_over: bool,
    delay: Duration,
    max_attempts: u32,
    attempts: u32,
    names: u32,
    refusals: u32,
    stopped: Option<GaveUp>,
    is_only_one: bool,
    by: Option<CommittedBy>,
    tokens: i64,
    max_tokens: i64,
    ratio: i64,
}

impl Model {
    fn is_throttled(&self) -> bool {
        self.tokens * 2 <= self.max_tokens
    }

    fn change_tokens(&mut self, by: i64) {
        self.tokens = (self.tokens + by).clamp(0, self.max_tokens);
    }

    fn start_as(&mut self, previous_attempts: u32) {
        self.world.live.insert(AttemptId(self.names), previous_attempts);
        self.names += 1;
    }

    fn start_next(&mut self) {
        self.start_as(self.attempts);
        self.attempts += 1;
    }

    fn has_more(&self) -> bool {
        self.stopped.is_none() && self.attempts < self.max_attempts
    }

    /// It is time for the next: one attempt, or as many as there may be.
    fn hedge(&mut self) {
        self.world.timer = None;
        let number = if self.is_only_one || !self.delay.is_zero() { 1 } else { self.max_attempts };
        for _ in 0..number {
            if self.has_more() && self.is_throttled() {
                self.stopped = Some(GaveUp::Throttled);
            } else if self.has_more() {
                self.start_next();
            }
        }
        if self.is_only_one && !self.world.live.is_empty() {
            let only = *self.world.live.keys().next().unwrap();
            self.commit(only, CommittedBy::BufferLimit);
        } else if self.has_more() {
            self.world.timer = Some(self.delay);
        }
    }

    fn commit(&mut self, attempt: AttemptId, by: CommittedBy) {
        self.world.live.retain(|&id, _| id == attempt);
        self.world.timer = None;
        self.world.committed = Some(attempt);
        self.by = Some(by);
    }

    fn finish(&mut self, attempt: AttemptId, gave_up: GaveUp) {
        self.world.live.clear();
        self.world.timer = None;
        self.world.finished = Some((attempt, gave_up));
        self.is_over = true;
    }

    fn stop(&mut self, reason: GaveUp) {
        self.stopped.get_or_insert(reason);
        self.world.timer = None;
    }

    fn on_failed(&mut self, attempt: AttemptId, failure: Failure) {
        let previous_attempts = self.world.live.remove(&attempt).unwrap();
        let (code, pushback) = match failure {
            Failure::Status { code, pushback } => (Some(code), pushback),
            Failure::Refused => (Some(Code::Unavailable), Pushback::Absent),
            _ => (None, Pushback::Absent),
        };
        let is_covered = failure == Failure::TimedOut
            || code.is_some_and(|code| [Code::Unavailable, Code::Aborted].contains(&code));
        if self.world.committed.is_none() {
            self.refusals += u32::from(failure == Failure::Refused);
            if failure == Failure::NotSent || failure == Failure::Refused && self.refusals == 1 {
                return self.start_as(previous_attempts);
            }
        }
        if is_covered || pushback == Pushback::Stop {
            self.change_tokens(-1000);
        }
        match (self.by, failure, pushback) {
            (Some(by), ..) if is_covered => {
                return self.finish(attempt, GaveUp::Committed(by));
            }
            (Some(_), ..) => return self.finish(attempt, GaveUp::Final),
            (None, Failure::Dropped, _) => self.stop(GaveUp::Dropped),
            _ if !is_covered => return self.finish(attempt, GaveUp::Final),
            (_, _, Pushback::Stop) => self.stop(GaveUp::PushedBack),
            _ if self.is_throttled() => self.stop(GaveUp::Throttled),
            (_, _, Pushback::After(after)) if self.has_more() => self.world.timer = Some(after),
            (_, _, Pushback::After(_)) => {}
            (_, _, Pushback::Absent) => self.hedge(),
        }
        self.finish_if_none_left(attempt);
    }

    fn finish_if_none_left(&mut self, last: AttemptId) {
        if self.world.live.is_empty() && self.world.timer.is_none() {
            let exhausted = GaveUp::Exhausted { attempts: self.attempts };
            self.finish(last, self.stopped.unwrap_or(exhausted));
        }
    }
}

proptest! {
    #[test]
    fn the_world_is_as_the_model_says(
        operations in operations(),
        max_attempts in 2..9_u32,
        cap in 0..9_u32,
        delay in prop_oneof![Just(0_u64), 1..500_u64],
        max_tokens in 1..12_u32,
        ratio in 1..1500_u32,
        tokens_gone in 0..6_u32,
    ) {
        let codes = [Code::Unavailable, Code::Aborted];
        let cap = AttemptCap::new(cap);
        let config = RetryThrottling::new(max_tokens, f64::from(ratio) / 1000.0).unwrap();
        let throttle = Arc::new(Throttle::new(config));
        let milli_tokens = i64::from(max_tokens) * 1000;
        let mut model = Model {
            world: World::default(),
            is_over: false,
            delay: Duration::from_millis(delay),
            max_attempts: cap.apply(max_attempts),
            attempts: 0,
            names: 0,
            refusals: 0,
            stopped: None,
            is_only_one: false,
            by: None,
            tokens: milli_tokens,
            max_tokens: milli_tokens,
            ratio: i64::from(config.token_ratio_thousandths()),
        };
        for _ in 0..tokens_gone {
            throttle.on_failure();
            model.change_tokens(-1000);
        }
        let (mut world, mut names, mut last_failed) = (World::default(), 0, AttemptId(0));
        let policy = policy(max_attempts, delay, &codes);
        let mut hedge = Hedge::new(&policy, cap, Some(Arc::clone(&throttle)));
        model.start_next();
        if delay == 0 { model.hedge() } else { model.world.timer = Some(model.delay) }
        world.carry_out(&mut hedge, &mut names);
        prop_assert_eq!(&world, &model.world);

        for operation in operations {
            let is_open = !model.is_over && model.world.committed.is_none();
            match operation {
                Operation::Timer => {
                    // Where none is set, it is a late one, which changes nothing.
                    if world.timer.take().is_some() {
                        model.hedge();
                        model.finish_if_none_left(last_failed);
                    }
                    hedge.on_timer();
                }
                Operation::Fail(which, failure) => {
                    let Some(attempt) = world.pick(which) else { continue };
                    model.on_failed(attempt, failure);
                    world.live.remove(&attempt);
                    last_failed = attempt;
                    hedge.on_failed(attempt, failure);
                }
                Operation::Commit(which) => {
                    let Some(attempt) = world.pick(which) else { continue };
                    if is_open { model.commit(attempt, CommittedBy::Headers) }
                    hedge.on_commit(attempt, CommittedBy::Headers);
                }
                Operation::Succeed(which) => {
                    let Some(attempt) = world.pick(which) else { continue };
                    if is_open { model.commit(attempt, CommittedBy::Headers) }
                    model.change_tokens(model.ratio);
                    model.is_over = true;
                    hedge.on_succeeded(attempt);
                    world.carry_out(&mut hedge, &mut names);
                    world.live.clear();
                    model.world.live.clear();
                }
                Operation::Overflow(seed) => {
                    let sent = |attempt: AttemptId| (seed.rotate_left(attempt.0) % 4) as usize;
                    if is_open {
                        let most = world.live.keys().map(|&id| sent(id)).max();
                        let first = world.live.iter().filter(|(id, _)| Some(sent(**id)) == most)
                            .min_by_key(|(_, previous)| **previous);
                        match first {
                            Some((&id, _)) => model.commit(id, CommittedBy::BufferLimit),
                            None => model.is_only_one = true,
                        }
                    }
                    hedge.on_buffer_full(sent);
                }
                Operation::Interrupt => {
                    hedge.on_interrupted();
                    model.world.live.clear();
                    model.world.timer = None;
                    model.is_over = true;
                }
                Operation::Stray(id, failure) => {
                    let attempt = AttemptId(id);
                    if !world.live.contains_key(&attempt) {
                        hedge.on_failed(attempt, failure);
                        hedge.on_succeeded(attempt);
                        hedge.on_commit(attempt, CommittedBy::Headers);
                    }
                }
                Operation::Elsewhere { goes_well } => {
                    if goes_well { throttle.on_success() } else { throttle.on_failure(); }
                    model.change_tokens(if goes_well { model.ratio } else { -1000 });
                }
            }
            world.carry_out(&mut hedge, &mut names);
            prop_assert_eq!(&world, &model.world);
            prop_assert_eq!(hedge.is_open(), !model.is_over && world.committed.is_none());
            prop_assert_eq!(hedge.attempts(), model.attempts);
            prop_assert!(hedge.attempts() <= cap.apply(max_attempts));
            prop_assert_eq!(hedge.attempts() + hedge.transparent_retries(), names);
            let is_stuck = world.live.is_empty() && world.timer.is_none();
            prop_assert_eq!(is_stuck, model.is_over, "it waits for something or is over");
            let is_allowed = throttle.allowance() == Allowance::Allowed;
            prop_assert_eq!(is_allowed, !model.is_throttled());
        }
    }
}
