//! When a token is fetched, and what calls get meanwhile: the machine behind a [`BearerToken`](super::BearerToken).
//!
//! Pure: time and randomness are arguments, what to do is a value. `cache` drives it.
//!
//! ```text
//!              a call                 fetched
//!  Nothing --------------> Fetching ----------> Held --+  a call in the last minute:
//!   ^  ^ ^                  |    ^               |  ^   |  renewal under way, then
//!   |  | +-- abandoned -----+    | a call,       |  +---+  another token or a pause
//!   |  |                    |    | pause over    |
//!   |  |             failed v    |               | a call, expired
//!   |  |                   Failed                +------> Fetching
//!   +--+-- forgotten (Held, Failed)
//! ```

use std::time::{Duration, Instant};

use crate::backoff::ConnectionBackoff;

/// A token `T`, or the want of one; `E` is why there is none.
#[derive(Debug)]
pub(super) struct Freshness<T, E> {
    stage: Stage<T, E>,
    backoff: ConnectionBackoff,
}

#[derive(Debug)]
enum Stage<T, E> {
    Nothing,
    /// Calls wait.
    Fetching,
    Failed {
        error: E,
        until: Instant,
    },
    Held {
        token: T,
        /// None where it does not expire.
        times: Option<Times>,
        renewal: Renewal,
    },
}

/// What is done about a successor while there is a good token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renewal {
    NotYet,
    UnderWay,
    /// The last fetch failed.
    Paused(Instant),
}

#[derive(Debug, Clone, Copy)]
struct Times {
    renew: Instant,
    expired: Instant,
}

/// What a call gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer<T, E> {
    Use(T),
    /// And start a fetch.
    UseAndFetch(T),
    /// A fetch is under way: ask again when it is over.
    Wait,
    /// Start a fetch, then wait.
    Fetch,
    Fail(E),
}

impl<T: Clone, E: Clone> Freshness<T, E> {
    pub(super) fn new() -> Self {
        Self { stage: Stage::Nothing, backoff: ConnectionBackoff::default() }
    }

    /// A call wants a token.
    pub(super) fn on_call(&mut self, now: Instant) -> Answer<T, E> {
        match &mut self.stage {
            Stage::Nothing => self.fetch(),
            Stage::Fetching => Answer::Wait,
            Stage::Failed { error, until } if now < *until => Answer::Fail(error.clone()),
            Stage::Failed { .. } => self.fetch(),
            Stage::Held { token, times, renewal } => match times {
                Some(Times { expired, .. }) if *expired <= now => match renewal {
                    Renewal::UnderWay => {
                        self.stage = Stage::Fetching;
                        Answer::Wait
                    }
                    // What failed while there was a token is tried at once when there is none.
                    Renewal::NotYet | Renewal::Paused(_) => self.fetch(),
                },
                Some(Times { renew, .. }) if *renew <= now => {
                    let is_due = match renewal {
                        Renewal::NotYet => true,
                        Renewal::UnderWay => false,
                        Renewal::Paused(until) => *until <= now,
                    };
                    let token = token.clone();
                    if is_due {
                        *renewal = Renewal::UnderWay;
                        Answer::UseAndFetch(token)
                    } else {
                        Answer::Use(token)
                    }
                }
                Some(_) | None => Answer::Use(token.clone()),
            },
        }
    }

    /// The token, where there is one and nothing is to be done about another yet.
    pub(super) fn peek(&self, now: Instant) -> Option<T> {
        match &self.stage {
            Stage::Held { token, times, .. } => {
                times.is_none_or(|times| now < times.renew).then(|| token.clone())
            }
            Stage::Nothing | Stage::Fetching | Stage::Failed { .. } => None,
        }
    }

    /// A fetch gave a token that is good for so long, or for ever.
    pub(super) fn on_fetched(&mut self, token: T, lifetime: Option<Duration>, now: Instant) {
        self.backoff.reset();
        let times = lifetime.and_then(|lifetime| Times::of(lifetime, now));
        self.stage = Stage::Held { token, times, renewal: Renewal::NotYet };
    }

    /// A fetch failed. `random` is evenly spread over `0.0..1.0`.
    pub(super) fn on_failed(&mut self, error: E, now: Instant, random: f64) {
        let until = now + self.backoff.next(random);
        match &mut self.stage {
            Stage::Held { renewal, times, .. } if times.is_none_or(|times| now < times.expired) => {
                *renewal = Renewal::Paused(until);
            }
            Stage::Held { .. } | Stage::Nothing | Stage::Fetching | Stage::Failed { .. } => {
                self.stage = Stage::Failed { error, until };
            }
        }
    }

    /// A fetch went away without a word: its runtime ended.
    pub(super) fn on_abandoned(&mut self) {
        match &mut self.stage {
            Stage::Fetching => self.stage = Stage::Nothing,
            Stage::Held { renewal, .. } => *renewal = Renewal::NotYet,
            Stage::Nothing | Stage::Failed { .. } => {}
        }
    }

    /// The program knows better: what is held is of no use. A fetch under way goes on, and is waited for.
    pub(super) fn forget(&mut self) {
        self.stage = match self.stage {
            Stage::Fetching | Stage::Held { renewal: Renewal::UnderWay, .. } => Stage::Fetching,
            Stage::Held { .. } | Stage::Failed { .. } | Stage::Nothing => Stage::Nothing,
        };
    }

    fn fetch(&mut self) -> Answer<T, E> {
        self.stage = Stage::Fetching;
        Answer::Fetch
    }
}

impl Times {
    /// Of a token fetched `now` (gRFC A97: a minute, and 30 seconds for what the call still takes and for clocks that
    /// differ); shares of its life, where that is short. None for one that outlives the clock.
    fn of(lifetime: Duration, now: Instant) -> Option<Times> {
        let expired = now.checked_add(lifetime)?;
        Some(Times {
            renew: expired - (lifetime / 5).min(RENEWED_BEFORE),
            expired: expired - (lifetime / 10).min(USED_UNTIL),
        })
    }
}

const RENEWED_BEFORE: Duration = Duration::from_secs(60);
const USED_UNTIL: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rt;

    const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn held(now: Instant) -> Freshness<&'static str, &'static str> {
        let mut freshness = Freshness::new();
        assert_eq!(freshness.on_call(now), Answer::Fetch);
        freshness.on_fetched("a", HOUR, now);
        freshness
    }

    #[test]
    fn it_is_fetched_once_for_all_who_wait() {
        let now = rt::now();
        let mut freshness = Freshness::<_, ()>::new();
        assert_eq!(freshness.on_call(now), Answer::Fetch);
        assert_eq!(freshness.on_call(now), Answer::Wait);
        freshness.on_fetched("a", None, now);
        assert_eq!(freshness.on_call(now), Answer::Use("a"));
        assert_eq!(freshness.on_call(now + seconds(1 << 30)), Answer::Use("a"));
    }

    #[test]
    fn it_is_renewed_in_its_last_minute_and_waited_for_in_the_last_half() {
        let now = rt::now();
        let mut freshness = held(now);
        assert_eq!(freshness.on_call(now + seconds(3539)), Answer::Use("a"));
        assert_eq!(freshness.peek(now + seconds(3539)), Some("a"));
        assert_eq!(freshness.peek(now + seconds(3541)), None, "somebody has to see to the next");
        assert_eq!(freshness.on_call(now + seconds(3541)), Answer::UseAndFetch("a"));
        assert_eq!(freshness.on_call(now + seconds(3569)), Answer::Use("a"));
        assert_eq!(freshness.on_call(now + seconds(3571)), Answer::Wait);
        freshness.on_fetched("b", HOUR, now + seconds(3572));
        assert_eq!(freshness.on_call(now + seconds(3573)), Answer::Use("b"));

        assert_eq!(held(now).on_call(now + seconds(3571)), Answer::Fetch);
    }

    #[test]
    fn a_failure_is_told_for_a_while_and_then_tried_again() {
        let now = rt::now();
        let mut freshness = Freshness::<(), _>::new();
        assert_eq!(freshness.on_call(now), Answer::Fetch);
        freshness.on_failed("no", now, 0.5);
        assert_eq!(freshness.on_call(now + seconds(1) / 2), Answer::Fail("no"));
        assert_eq!(freshness.on_call(now + seconds(1)), Answer::Fetch);
        freshness.on_failed("still no", now + seconds(1), 0.5);
        assert_eq!(freshness.on_call(now + seconds(2)), Answer::Fail("still no"));
        assert_eq!(freshness.on_call(now + seconds(3)), Answer::Fetch);
    }

    #[test]
    fn a_renewal_that_fails_leaves_the_token_as_long_as_it_is_good() {
        let now = rt::now();
        let mut freshness = held(now);
        let late = now + seconds(3541);
        assert_eq!(freshness.on_call(late), Answer::UseAndFetch("a"));
        freshness.on_failed("no", late, 0.5);
        assert_eq!(freshness.on_call(late), Answer::Use("a"));
        assert_eq!(freshness.on_call(late + seconds(1)), Answer::UseAndFetch("a"));
        freshness.on_failed("no", late + seconds(1), 0.5);
        assert_eq!(freshness.on_call(now + seconds(3571)), Answer::Fetch);
        freshness.on_failed("no", now + seconds(3571), 0.5);
        assert_eq!(freshness.on_call(now + seconds(3571)), Answer::Fail("no"));
    }

    #[test]
    fn what_is_forgotten_or_abandoned_is_fetched_anew() {
        let now = rt::now();
        let mut freshness = held(now);
        freshness.forget();
        assert_eq!(freshness.on_call(now), Answer::Fetch);
        freshness.forget();
        assert_eq!(freshness.on_call(now), Answer::Wait, "the one under way is as new as any");
        freshness.on_abandoned();
        assert_eq!(freshness.on_call(now), Answer::Fetch);
    }

    #[derive(Debug, Clone)]
    enum Operation {
        Call,
        Fetched(Option<u64>),
        Failed,
        Abandoned,
        Forget,
        Later(u64),
    }

    fn operations() -> impl Strategy<Value = Vec<Operation>> {
        let operation = prop_oneof![
            4 => Just(Operation::Call),
            2 => prop::option::of(0_u64..4000).prop_map(Operation::Fetched),
            1 => Just(Operation::Failed),
            1 => Just(Operation::Abandoned),
            1 => Just(Operation::Forget),
            2 => (0_u64..2000).prop_map(Operation::Later),
        ];
        prop::collection::vec(operation, 0..60)
    }

    proptest! {
        /// Never two fetches at a time, never a token that has expired, nobody waits for nothing.
        #[test]
        fn calls_are_served(operations in operations()) {
            let mut freshness = Freshness::<u32, u32>::new();
            let (mut now, mut number, mut under_way) = (rt::now(), 0, false);
            let mut expires = None;
            for operation in operations {
                match operation {
                    Operation::Call => match freshness.on_call(now) {
                        Answer::Use(token) | Answer::UseAndFetch(token) if token != number => {
                            prop_assert!(false, "an old token");
                        }
                        Answer::Use(_) => prop_assert!(expires.is_none_or(|expires| now < expires)),
                        Answer::UseAndFetch(_) => {
                            prop_assert!(expires.is_some_and(|expires| now < expires));
                            prop_assert!(!std::mem::replace(&mut under_way, true));
                        }
                        Answer::Wait => prop_assert!(under_way),
                        Answer::Fetch => prop_assert!(!std::mem::replace(&mut under_way, true)),
                        Answer::Fail(_) => prop_assert!(!under_way),
                    },
                    Operation::Fetched(lifetime) if under_way => {
                        under_way = false;
                        number += 1;
                        let lifetime = lifetime.map(seconds);
                        expires = lifetime.map(|lifetime| now + lifetime);
                        freshness.on_fetched(number, lifetime, now);
                    }
                    Operation::Failed if under_way => {
                        under_way = false;
                        freshness.on_failed(0, now, 0.5);
                    }
                    Operation::Abandoned if under_way => {
                        under_way = false;
                        freshness.on_abandoned();
                    }
                    Operation::Forget => freshness.forget(),
                    Operation::Later(passed) => now += seconds(passed),
                    Operation::Fetched(_) | Operation::Failed | Operation::Abandoned => {}
                }
            }
        }
    }
}
