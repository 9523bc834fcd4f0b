//! When the circuit is open. Pure: time is an argument, what to do with a call is a value.

use std::time::{Duration, Instant};

use crate::layer::circuit_breaker::window::Window;

/// What opens and closes a circuit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) window: Duration,
    pub(super) minimum_calls: u32,
    /// In `0.0..=1.0`.
    pub(super) failure_ratio: f64,
    pub(super) open_for: Duration,
    pub(super) probes: u32,
}

/// A circuit.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    rules: Rules,
    state: State,
    /// Changes with each state, so that calls of an earlier one are told from those of this.
    generation: u64,
}

/// ```text
///            so many of the recent calls failed               open_for has passed
///   Closed ------------------------------------> Open ----------------------------> HalfOpen
///     ^                                           ^                                  |    |
///     |                                           +--------- a probe failed ---------+    |
///     +----------------------------- all probes succeeded --------------------------------+
/// ```
#[derive(Debug, Clone)]
enum State {
    /// Calls go through, and their ends are counted.
    Closed { window: Window },
    /// No call goes through.
    Open { until: Instant },
    /// A few calls go through, to see.
    HalfOpen {
        /// Calls let through that may still say something.
        out: u32,
        succeeded: u32,
        /// When to give up waiting for those that are out, as for streams that go on and on, and ask others.
        ask_again_at: Instant,
    },
}

/// What to do with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// Make it, and tell its end with this.
    Through(Ticket),
    /// Do not make it.
    Refused {
        /// When a call may be let through again, at the earliest.
        next: Instant,
    },
}

/// A call that was let through, in the state of that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    generation: u64,
}

/// What the end of a call says about the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does its work.
    Good,
    /// It does not.
    Bad,
    /// Nothing.
    Nothing,
}

/// A state by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Calls go through.
    Closed,
    /// None do.
    Open,
    /// A few do.
    HalfOpen,
}

impl Machine {
    /// A closed circuit.
    pub(super) fn new(rules: Rules, now: Instant) -> Self {
        let state = State::Closed { window: Window::new(rules.window, now) };
        Self { rules, state, generation: 0 }
    }

    /// A call is about to be made.
    pub(super) fn on_call(&mut self, now: Instant) -> Admission {
        match &mut self.state {
            State::Closed { .. } => self.through(),
            State::Open { until } if now < *until => Admission::Refused { next: *until },
            State::Open { .. } => {
                self.half_open(now);
                self.through()
            }
            State::HalfOpen { out, succeeded, .. } if *out + *succeeded < self.rules.probes => {
                *out += 1;
                self.through()
            }
            State::HalfOpen { ask_again_at, .. } if now < *ask_again_at => {
                Admission::Refused { next: *ask_again_at }
            }
            State::HalfOpen { .. } => {
                self.half_open(now);
                self.through()
            }
        }
    }

    /// A call that was let through has ended.
    pub(super) fn on_end(&mut self, ticket: Ticket, verdict: Verdict, now: Instant) {
        if ticket.generation != self.generation {
            return;
        }
        match &mut self.state {
            State::Closed { window } => {
                match verdict {
                    Verdict::Good => window.count(now, false),
                    Verdict::Bad => window.count(now, true),
                    Verdict::Nothing => return,
                }
                let counts = window.counts(now);
                let ratio = f64::from(counts.failures) / f64::from(counts.calls);
                let enough = counts.calls >= self.rules.minimum_calls;
                if verdict == Verdict::Bad && enough && ratio >= self.rules.failure_ratio {
                    self.open(now);
                }
            }
            State::HalfOpen { out, succeeded, .. } => {
                *out -= 1;
                match verdict {
                    Verdict::Good => *succeeded += 1,
                    Verdict::Bad => return self.open(now),
                    Verdict::Nothing => {}
                }
                if *succeeded >= self.rules.probes {
                    self.enter(State::Closed { window: Window::new(self.rules.window, now) });
                }
            }
            // No call of this generation was let through.
            State::Open { .. } => {}
        }
    }

    /// Where it is.
    pub(super) fn phase(&self) -> Phase {
        match self.state {
            State::Closed { .. } => Phase::Closed,
            State::Open { .. } => Phase::Open,
            State::HalfOpen { .. } => Phase::HalfOpen,
        }
    }

    fn through(&self) -> Admission {
        Admission::Through(Ticket { generation: self.generation })
    }

    fn open(&mut self, now: Instant) {
        self.enter(State::Open { until: now + self.rules.open_for });
    }

    /// With the first call out.
    fn half_open(&mut self, now: Instant) {
        let ask_again_at = now + self.rules.open_for;
        self.enter(State::HalfOpen { out: 1, succeeded: 0, ask_again_at });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULES: Rules = Rules {
        window: Duration::from_secs(10),
        minimum_calls: 4,
        failure_ratio: 0.5,
        open_for: Duration::from_secs(5),
        probes: 2,
    };

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    fn let_through(machine: &mut Machine, now: Instant) -> Ticket {
        match machine.on_call(now) {
            Admission::Through(ticket) => ticket,
            Admission::Refused { .. } => panic!("refused in {:?}", machine.phase()),
        }
    }

    fn opened(start: Instant) -> Machine {
        let mut machine = Machine::new(RULES, start);
        for verdict in [Verdict::Good, Verdict::Good, Verdict::Bad, Verdict::Bad] {
            assert_eq!(machine.phase(), Phase::Closed);
            let ticket = let_through(&mut machine, start);
            machine.on_end(ticket, verdict, start);
        }
        assert_eq!(machine.phase(), Phase::Open);
        machine
    }

    #[test]
    fn half_of_four_open_it_and_two_probes_close_it() {
        let start = crate::rt::now();
        let mut machine = opened(start);
        let refused = machine.on_call(after(start, 4));
        assert_eq!(refused, Admission::Refused { next: after(start, 5) });

        let one = let_through(&mut machine, after(start, 5));
        let two = let_through(&mut machine, after(start, 5));
        assert_eq!(machine.phase(), Phase::HalfOpen);
        let third = machine.on_call(after(start, 6));
        assert_eq!(third, Admission::Refused { next: after(start, 10) });
        machine.on_end(one, Verdict::Good, after(start, 6));
        machine.on_end(two, Verdict::Good, after(start, 6));
        assert_eq!(machine.phase(), Phase::Closed);
    }

    #[test]
    fn a_bad_probe_opens_it_again() {
        let start = crate::rt::now();
        let mut machine = opened(start);
        let one = let_through(&mut machine, after(start, 5));
        let two = let_through(&mut machine, after(start, 5));
        machine.on_end(one, Verdict::Bad, after(start, 7));
        assert_eq!(machine.phase(), Phase::Open);
        machine.on_end(two, Verdict::Good, after(start, 8));
        assert_eq!(
            machine.on_call(after(start, 11)),
            Admission::Refused { next: after(start, 12) }
        );
    }

    #[test]
    fn probes_that_say_nothing_make_room_for_others() {
        let start = crate::rt::now();
        let mut machine = opened(start);
        let one = let_through(&mut machine, after(start, 5));
        let silent = let_through(&mut machine, after(start, 5));
        machine.on_end(one, Verdict::Nothing, after(start, 6));
        let _other = let_through(&mut machine, after(start, 6));
        // Those that never end are not waited for.
        let one = let_through(&mut machine, after(start, 10));
        let two = let_through(&mut machine, after(start, 10));
        machine.on_end(silent, Verdict::Bad, after(start, 10));
        assert_eq!(machine.phase(), Phase::HalfOpen, "of another time");
        machine.on_end(one, Verdict::Good, after(start, 10));
        machine.on_end(two, Verdict::Good, after(start, 10));
        assert_eq!(machine.phase(), Phase::Closed);
    }

    #[test]
    fn failures_far_apart_do_not_open_it() {
        let start = crate::rt::now();
        let mut machine = Machine::new(RULES, start);
        for step in 0..100 {
            let now = after(start, step * 4);
            let ticket = let_through(&mut machine, now);
            machine.on_end(ticket, Verdict::Bad, now);
        }
        assert_eq!(machine.phase(), Phase::Closed);
    }

    #[derive(Debug, Clone)]
    enum Operation {
        Call,
        End { which: usize, verdict: Verdict },
        Wait(u64),
    }

    fn operation() -> impl Strategy<Value = Operation> {
        let verdict = prop_oneof![Just(Verdict::Good), Just(Verdict::Bad), Just(Verdict::Nothing)];
        prop_oneof![
            3 => Just(Operation::Call),
            3 => (any::<usize>(), verdict)
                .prop_map(|(which, verdict)| Operation::End { which, verdict }),
            1 => (0_u64..7_000).prop_map(Operation::Wait),
        ]
    }

    proptest! {
        /// Whatever happens: an open circuit lets nothing through before its time and something after it; a half-open
        /// one has no more than its probes out at a time; a closed one refuses nobody; and it closes only by probes.
        #[test]
        fn it_keeps_its_word(operations in prop::collection::vec(operation(), 1..300)) {
            let mut now = crate::rt::now();
            let mut machine = Machine::new(RULES, now);
            let mut out: Vec<Ticket> = Vec::new();
            let mut opened_at = now;
            for operation in operations {
                let before = machine.phase();
                match operation {
                    Operation::Call => match (before, machine.on_call(now)) {
                        (Phase::Closed, Admission::Refused { .. }) => prop_assert!(false, "refused"),
                        (_, Admission::Refused { next }) => prop_assert!(next > now),
                        (Phase::Open, Admission::Through(ticket)) => {
                            prop_assert!(now >= opened_at + RULES.open_for);
                            out.push(ticket);
                        }
                        (_, Admission::Through(ticket)) => out.push(ticket),
                    },
                    Operation::End { which, verdict } if !out.is_empty() => {
                        let ticket = out.swap_remove(which % out.len());
                        machine.on_end(ticket, verdict, now);
                        match (before, machine.phase()) {
                            (Phase::Closed | Phase::HalfOpen, Phase::Open) => {
                                prop_assert_eq!(verdict, Verdict::Bad);
                                opened_at = now;
                            }
                            (Phase::HalfOpen, Phase::Closed) => {
                                prop_assert_eq!(verdict, Verdict::Good);
                            }
                            (before, after) => prop_assert_eq!(before, after),
                        }
                    }
                    Operation::End { .. } => {}
                    Operation::Wait(millis) => now += Duration::from_millis(millis),
                }
                if machine.phase() == Phase::HalfOpen {
                    let probes = out.iter().filter(|t| t.generation == machine.generation).count();
                    prop_assert!(probes <= RULES.probes as usize);
                }
            }
            // It never stays shut: once the time has passed, a call goes through.
            now += RULES.open_for;
            prop_assert!(matches!(machine.on_call(now), Admission::Through(_)));
        }
    }
}
