//! What one server's subchannel does about each event: connect, wait, or nothing.
//!
//! Pure: it is told the time and the chance, and tells what to do. Connections, tasks and timers are the driver's
//! (`subchannel`), and so is who hears of the states.

use std::time::{Duration, Instant};

use crate::backoff::{BackoffConfig, ConnectionBackoff};

/// The state machine of one address (requirements CS-04 and B-01).
#[derive(Debug)]
pub(super) struct Machine {
    state: State,
    config: BackoffConfig,
    /// Pauses after attempts that failed.
    backoff: ConnectionBackoff,
    /// Pauses after connections that ended as soon as they were made, the first of which is forgiven.
    short_lived: ConnectionBackoff,
}

/// ```text
///        on_connect          on_connected
///   IDLE ----------> CONNECTING ----------> READY
///    ^ ^                 |                  |  |
///    | | on_timeout      | on_failed        |  | on_lost, for the second time
///    | | reset_backoff   v                  |  | as soon as it was made
///    | +------------- BACKOFF <-------------+--+
///    |                                      |
///    +--------------------------------------+
///                    on_lost
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Connecting { next: Instant },
    Ready { since: Instant },
    Backoff { until: Instant },
}

/// An attempt to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt {
    /// Counted from one since the last success.
    pub(super) number: u32,
    /// When it has failed if it has not succeeded.
    pub(super) deadline: Instant,
}

/// What follows the loss of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// Another may be made at once.
    Idle,
    /// The server keeps ending connections that it has just taken: another may be made then.
    Backoff { until: Instant },
}

impl Machine {
    pub(super) fn new(config: BackoffConfig) -> Self {
        let backoff = ConnectionBackoff::new(config);
        Self { state: State::Idle, config, short_lived: backoff.clone(), backoff }
    }

    /// Somebody wants a connection: starts an attempt if that is possible.
    pub(super) fn on_connect(&mut self, now: Instant, random: f64) -> Option<Attempt> {
        let State::Idle = self.state else { return None };
        let pause = self.backoff.next(random);
        let deadline = later(now, self.config.attempt_timeout(pause));
        self.state = State::Connecting { next: later(now, pause) };
        Some(Attempt { number: self.backoff.attempts(), deadline })
    }

    /// The attempt succeeded: the server's SETTINGS arrived.
    pub(super) fn on_connected(&mut self, now: Instant) {
        if let State::Connecting { .. } = self.state {
            self.state = State::Ready { since: now };
            self.backoff.reset();
        }
    }

    /// The attempt failed. Gives when the next may begin: measured from the start of this one to the start of that.
    pub(super) fn on_failed(&mut self, now: Instant) -> Instant {
        match self.state {
            State::Connecting { next } => {
                let until = next.max(now);
                self.state = State::Backoff { until };
                until
            }
            State::Backoff { until } => until,
            State::Idle | State::Ready { .. } => now,
        }
    }

    /// The connection takes no more calls. `was_used`: whether it ever took one.
    ///
    /// A server (or a proxy in front of one that is not there) that ends every connection as soon as it has taken it
    /// would be connected to without a pause; so the second time in a row there is one.
    pub(super) fn on_lost(&mut self, now: Instant, was_used: bool, random: f64) -> Loss {
        let State::Ready { since } = self.state else { return Loss::Idle };
        self.state = State::Idle;
        if was_used || now.saturating_duration_since(since) >= SHORT_LIFE {
            self.short_lived.reset();
            return Loss::Idle;
        }
        let pause = self.short_lived.next(random);
        if self.short_lived.attempts() == 1 {
            return Loss::Idle;
        }
        let until = later(since, pause).max(now);
        self.state = State::Backoff { until };
        Loss::Backoff { until }
    }

    /// Time has passed. Says whether that ended a pause.
    pub(super) fn on_timeout(&mut self, now: Instant) -> bool {
        match self.state {
            State::Backoff { until } if until <= now => {
                self.state = State::Idle;
                true
            }
            State::Backoff { .. }
            | State::Idle
            | State::Connecting { .. }
            | State::Ready { .. } => false,
        }
    }

    /// Whether the last connections ended as soon as they were made.
    pub(super) fn is_short_lived(&self) -> bool {
        self.short_lived.attempts() > 1
    }

    /// Forgets what failed so far. Says whether that ended a pause.
    pub(super) fn reset_backoff(&mut self) -> bool {
        self.backoff.reset();
        self.short_lived.reset();
        let State::Backoff { .. } = self.state else { return false };
        self.state = State::Idle;
        true
    }
}

/// An instant that no clock reaches is as good as any other that far off.
fn later(now: Instant, by: Duration) -> Instant {
    now.checked_add(by).or_else(|| now.checked_add(FAR)).unwrap_or(now)
}

const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// A connection that ends sooner, and without a call, has not been of use to anybody.
const SHORT_LIFE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rt;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_pause_is_from_start_to_start() {
        let now = rt::now();
        let mut machine = Machine::new(BackoffConfig::new());
        let attempt = machine.on_connect(now, 0.5).unwrap();
        assert_eq!(attempt, Attempt { number: 1, deadline: now + 20 * SECOND });
        assert_eq!(machine.on_connect(now, 0.5), None, "it is under way");
        assert_eq!(machine.on_failed(now + SECOND / 4), now + SECOND);
        assert!(!machine.on_timeout(now + SECOND / 2));
        assert_eq!(machine.on_connect(now, 0.5), None, "not during the pause");
        assert!(machine.on_timeout(now + SECOND));

        let now = now + SECOND;
        assert_eq!(machine.on_connect(now, 0.5).unwrap().number, 2);
        let late = now + 20 * SECOND;
        assert_eq!(machine.on_failed(late), late, "the attempt outlasted its pause");
    }

    #[test]
    fn success_and_the_user_reset_the_pauses() {
        let now = rt::now();
        let mut machine = Machine::new(BackoffConfig::new());
        for _ in 0..2 {
            machine.on_connect(now, 0.5).unwrap();
            machine.on_failed(now);
            assert!(machine.reset_backoff());
        }
        assert_eq!(machine.on_connect(now, 0.5).unwrap().number, 1);
        machine.on_connected(now);
        assert_eq!(machine.on_lost(now + SECOND, false, 0.5), Loss::Idle);
        assert!(!machine.reset_backoff());
        assert_eq!(machine.on_connect(now, 0.5).unwrap().number, 1);
    }

    #[test]
    fn connections_that_end_at_once_are_not_made_again_and_again() {
        let now = rt::now();
        let mut machine = Machine::new(BackoffConfig::new());
        let mut lose = |after, was_used| {
            machine.reset_if_paused(now);
            machine.on_connect(now, 0.5).unwrap();
            machine.on_connected(now);
            machine.on_lost(now + after, was_used, 0.5)
        };
        assert_eq!(lose(SECOND / 10, false), Loss::Idle);
        assert_eq!(lose(SECOND / 10, true), Loss::Idle, "it was of use");
        assert_eq!(lose(SECOND / 10, false), Loss::Idle);
        assert_eq!(lose(SECOND / 10, false), Loss::Backoff { until: now + SECOND * 16 / 10 });
        assert_eq!(lose(SECOND / 10, false), Loss::Backoff { until: now + SECOND * 256 / 100 });
        assert_eq!(lose(SECOND, false), Loss::Idle);
        assert_eq!(lose(SECOND / 10, false), Loss::Idle);
    }

    impl Machine {
        /// Ends a pause without forgetting why there was one.
        fn reset_if_paused(&mut self, now: Instant) {
            self.on_timeout(now + 1000 * SECOND);
        }
    }

    #[derive(Debug, Clone)]
    enum Operation {
        Connect,
        Connected,
        Failed,
        Lost { was_used: bool },
        Timeout,
        Reset,
    }

    fn operation() -> impl Strategy<Value = (Operation, u64)> {
        use Operation::{Connect, Connected, Failed, Lost, Reset, Timeout};
        let operation = prop_oneof![
            4 => Just(Connect),
            2 => Just(Connected),
            3 => Just(Failed),
            2 => any::<bool>().prop_map(|was_used| Lost { was_used }),
            3 => Just(Timeout),
            1 => Just(Reset),
        ];
        (operation, 0..2_000_u64)
    }

    proptest! {
        /// Attempts begin only from IDLE, and never before the pause that was told is over.
        #[test]
        fn no_attempt_comes_early(operations in prop::collection::vec(operation(), 0..60)) {
            let mut now = rt::now();
            let mut machine = Machine::new(BackoffConfig::new());
            let mut not_before = now;
            let mut is_pausing = false;
            for (operation, passed) in operations {
                now += Duration::from_millis(passed);
                let before = machine.state;
                match operation {
                    Operation::Connect => {
                        let attempt = machine.on_connect(now, 0.5);
                        prop_assert_eq!(attempt.is_some(), before == State::Idle);
                        if let Some(attempt) = attempt {
                            prop_assert!(now >= not_before && !is_pausing);
                            prop_assert!(attempt.deadline >= now + 20 * SECOND);
                        }
                    }
                    Operation::Connected => machine.on_connected(now),
                    Operation::Failed => {
                        let until = machine.on_failed(now);
                        if let State::Connecting { .. } = before {
                            (not_before, is_pausing) = (until, true);
                        }
                    }
                    Operation::Lost { was_used } => {
                        if let Loss::Backoff { until } = machine.on_lost(now, was_used, 0.5) {
                            (not_before, is_pausing) = (until, true);
                        }
                    }
                    Operation::Timeout => {
                        let is_over = machine.on_timeout(now);
                        prop_assert_eq!(is_over, is_pausing && now >= not_before);
                        is_pausing &= !is_over;
                    }
                    Operation::Reset => {
                        prop_assert_eq!(machine.reset_backoff(), is_pausing);
                        (not_before, is_pausing) = (now, false);
                    }
                }
            }
        }
    }
}
