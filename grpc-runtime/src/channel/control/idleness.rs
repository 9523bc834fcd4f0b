//! When a channel that nobody uses becomes idle. Pure: what is in use, and since when it is not, are arguments.
//!
//! There is no race to win against a call that begins at that moment: it either found a connection, which then stays open
//! for it, or it waits, and the next snapshot makes it ask for one.

use std::time::{Duration, Instant};

/// What to do when the timer is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has been quiet for long enough.
    BecomeIdle,
    /// Look again then.
    LookAgain(Instant),
}

/// `quiet_since` is when the last call ended, or when the channel left idleness if there was none; `None` while there are
/// calls.
pub(super) fn judge(now: Instant, quiet_since: Option<Instant>, timeout: Duration) -> Verdict {
    let since = quiet_since.unwrap_or(now);
    match since.checked_add(timeout) {
        Some(due) if due <= now => Verdict::BecomeIdle,
        Some(due) => Verdict::LookAgain(due),
        // A time that no clock reaches.
        None => Verdict::LookAgain(now + FAR),
    }
}

const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rt;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn it_is_idle_a_timeout_after_the_last_call() {
        let start = rt::now();
        let now = start + 10 * MINUTE;
        let timeout = 4 * MINUTE;
        assert_eq!(judge(now, Some(start + 6 * MINUTE), timeout), Verdict::BecomeIdle);
        assert_eq!(
            judge(now, Some(start + 9 * MINUTE), timeout),
            Verdict::LookAgain(start + 13 * MINUTE)
        );
        assert_eq!(judge(now, None, timeout), Verdict::LookAgain(now + timeout));
        assert!(matches!(judge(now, Some(start), Duration::MAX), Verdict::LookAgain(_)));
    }

    proptest! {
        /// A model of the timer and of calls that come and go: idle exactly once the timeout has passed since the last
        /// call ended, as far as the timer can know, and never while there is one.
        #[test]
        fn calls_keep_it_awake(
            timeout in 1_u64..100,
            calls in prop::collection::vec((0_u64..150, 0_u64..150), 0..10),
        ) {
            let start = rt::now();
            let at = |millis: u64| start + Duration::from_millis(millis);
            let mut clock = 0;
            let spans: Vec<(u64, u64)> = calls
                .into_iter()
                .map(|(pause, length)| {
                    let begin = clock + pause;
                    clock = begin + length;
                    (begin, clock)
                })
                .collect();
            let quiet_since = |now: u64| -> Option<u64> {
                if spans.iter().any(|(begin, end)| *begin <= now && now < *end) {
                    return None;
                }
                Some(spans.iter().map(|(_, end)| *end).filter(|end| *end <= now).max().unwrap_or(0))
            };
            let mut due = timeout;
            for _ in 0..10_000 {
                let since = quiet_since(due);
                match judge(at(due), since.map(at), Duration::from_millis(timeout)) {
                    Verdict::BecomeIdle => {
                        let since = since.expect("there is no call");
                        prop_assert!(due - since >= timeout);
                        prop_assert!(due - since < 2 * timeout, "it looked too late");
                        return Ok(());
                    }
                    Verdict::LookAgain(next) => {
                        prop_assert!(next > at(due));
                        due = u64::try_from((next - start).as_millis()).unwrap();
                    }
                }
            }
            prop_assert!(false, "never idle");
        }
    }
}
