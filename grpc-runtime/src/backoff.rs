//! How long to wait between attempts to connect (`doc/connection-backoff.md` of the gRPC project).
//!
//! Pure: randomness is an argument, time is the caller's. Not the backoff between attempts of a call, which
//! has another formula (gRFC A6).

use std::time::Duration;

/// The pauses between the attempts of one subchannel.
///
/// A pause is measured from the start of one attempt to the start of the next. The first is a second; each
/// further one is 1.6 times the one before, up to 120 seconds, and then made up to a fifth longer or
/// shorter by chance, so that clients which lost one server do not come back in one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionBackoff {
    /// Attempts since the last success.
    attempts: u32,
}

impl ConnectionBackoff {
    /// Without the first pause, the only one that is the same for everybody: for what many clients lose at once, such
    /// as a DNS server.
    pub(crate) fn after_first() -> Self {
        Self { attempts: 1 }
    }

    /// The pause that belongs to the attempt now starting. `random` is evenly spread over `0.0..1.0`.
    pub(crate) fn next(&mut self, random: f64) -> Duration {
        let attempt = self.attempts;
        self.attempts = attempt.saturating_add(1);
        if attempt == 0 {
            return FIRST;
        }
        let exponent = i32::try_from(attempt).unwrap_or(i32::MAX);
        let pause = (FIRST.as_secs_f64() * MULTIPLIER.powi(exponent)).min(LONGEST.as_secs_f64());
        let jitter = 1.0 + JITTER * (random.clamp(0.0, 1.0) * 2.0 - 1.0);
        Duration::try_from_secs_f64(pause * jitter).unwrap_or(LONGEST)
    }

    /// How long the attempt that this pause belongs to may take, all addresses together.
    pub(crate) fn attempt_timeout(&self, pause: Duration) -> Duration {
        pause.max(SHORTEST_ATTEMPT)
    }

    /// Starts over: there is a connection whose SETTINGS have arrived, or the user wants one at once.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

const FIRST: Duration = Duration::from_secs(1);
const MULTIPLIER: f64 = 1.6;
const JITTER: f64 = 0.2;
const LONGEST: Duration = Duration::from_secs(120);
/// MIN_CONNECT_TIMEOUT: a short pause must not cut off a slow handshake.
const SHORTEST_ATTEMPT: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_start_over() {
        let mut backoff = ConnectionBackoff::default();
        let pauses: Vec<u128> = (0..14).map(|_| backoff.next(0.5).as_millis()).collect();
        assert_eq!(pauses[..5], [1000, 1600, 2560, 4096, 6553]);
        assert_eq!(pauses[11..], [120_000; 3]);
        backoff.reset();
        assert_eq!(backoff.next(0.9), FIRST);
    }

    #[test]
    fn jitter_is_a_fifth_either_way() {
        for (random, millis) in [(0.0, 1280), (0.5, 1600), (1.0, 1920), (f64::NAN, 120_000)] {
            let mut backoff = ConnectionBackoff { attempts: 1 };
            assert_eq!(backoff.next(random).as_millis(), millis, "{random}");
        }
    }

    #[test]
    fn a_short_pause_does_not_shorten_the_attempt() {
        let backoff = ConnectionBackoff::default();
        assert_eq!(backoff.attempt_timeout(FIRST), SHORTEST_ATTEMPT);
        assert_eq!(backoff.attempt_timeout(LONGEST), LONGEST);
    }

    /// The interoperability case "reconnect": a port that closes at once sees about 13 attempts in 540 s.
    #[test]
    fn attempts_in_nine_minutes() {
        for random in [0.25, 0.5, 0.75] {
            let mut backoff = ConnectionBackoff::default();
            let mut elapsed = Duration::ZERO;
            let mut attempts = 0;
            while elapsed < Duration::from_secs(540) {
                attempts += 1;
                elapsed += backoff.next(random);
            }
            assert!((12..=15).contains(&attempts), "{attempts}");
        }
    }

    proptest! {
        #[test]
        fn a_pause_is_always_within_bounds(attempts: u32, random: f64) {
            let pause = ConnectionBackoff { attempts }.next(random);
            prop_assert!(pause >= FIRST);
            prop_assert!(pause <= LONGEST.mul_f64(1.0 + JITTER));
        }
    }
}
