//! How long to wait between attempts to connect (`doc/connection-backoff.md` of the gRPC project).
//!
//! Pure: randomness is an argument, time is the caller's. Not the backoff between attempts of a call, which
//! has another formula (gRFC A6).

use std::time::Duration;

/// The pauses between attempts to connect to one address, and how long an attempt may take.
///
/// A pause is measured from the start of one attempt to the start of the next. The first is the base delay; each
/// further one is the one before times the multiplier, up to the longest delay, and then made longer or shorter by
/// chance, so that clients which lost one server do not come back in one moment.
///
/// ```
/// use std::time::Duration;
///
/// use grpc_runtime::BackoffConfig;
///
/// // Servers in the same rack: look again sooner, and give up on a silent one sooner.
/// let backoff = BackoffConfig::new()
///     .with_max_delay(Duration::from_secs(5))
///     .with_min_connect_timeout(Duration::from_secs(2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BackoffConfig {
    base_delay: Duration,
    multiplier: f64,
    jitter: f64,
    max_delay: Duration,
    min_connect_timeout: Duration,
}

impl BackoffConfig {
    /// The values that gRPC's connection backoff names.
    pub const fn new() -> Self {
        Self {
            base_delay: Duration::from_secs(1),
            multiplier: 1.6,
            jitter: 0.2,
            max_delay: Duration::from_secs(120),
            min_connect_timeout: Duration::from_secs(20),
        }
    }

    /// The pause after the first failed attempt; without jitter. Default: 1 s.
    #[must_use]
    pub const fn with_base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// How much longer each pause is than the one before. What is below 1, or no number, counts as 1. Default: 1.6.
    #[must_use]
    pub const fn with_multiplier(mut self, multiplier: f64) -> Self {
        self.multiplier = multiplier;
        self
    }

    /// The part of a pause, from 0 to 1, by which chance makes it longer or shorter. Default: 0.2.
    #[must_use]
    pub const fn with_jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// The longest pause, before jitter. Default: 120 s.
    #[must_use]
    pub const fn with_max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// How long an attempt may take at least, TLS and the server's SETTINGS included: it has until the next one may
    /// begin, and no less than this. Default: 20 s.
    #[must_use]
    pub const fn with_min_connect_timeout(mut self, timeout: Duration) -> Self {
        self.min_connect_timeout = timeout;
        self
    }

    /// The longest an attempt may take that is followed by this pause.
    pub(crate) fn attempt_timeout(&self, pause: Duration) -> Duration {
        pause.max(self.min_connect_timeout)
    }
}

impl Default for BackoffConfig {
    /// The same as [`new`](BackoffConfig::new).
    fn default() -> Self {
        Self::new()
    }
}

/// The pauses of one subchannel, as they grow.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionBackoff {
    config: BackoffConfig,
    /// Attempts since the last success.
    attempts: u32,
}

impl ConnectionBackoff {
    pub(crate) fn new(config: BackoffConfig) -> Self {
        Self { config, attempts: 0 }
    }

    /// Without the first pause, the only one that is the same for everybody: for what many clients lose at once, such
    /// as a DNS server.
    pub(crate) fn after_first() -> Self {
        Self { config: BackoffConfig::new(), attempts: 1 }
    }

    /// The pause that belongs to the attempt now starting. `random` is evenly spread over `0.0..1.0`.
    pub(crate) fn next(&mut self, random: f64) -> Duration {
        let attempt = self.attempts;
        self.attempts = attempt.saturating_add(1);
        let BackoffConfig { base_delay, multiplier, jitter, max_delay, .. } = self.config;
        if attempt == 0 {
            return base_delay.min(max_delay);
        }
        let exponent = i32::try_from(attempt).unwrap_or(i32::MAX);
        let growth = multiplier.max(1.0).powi(exponent);
        let pause = (base_delay.as_secs_f64() * growth).min(max_delay.as_secs_f64());
        let jitter = 1.0 + jitter.clamp(0.0, 1.0) * (random.clamp(0.0, 1.0) * 2.0 - 1.0);
        Duration::try_from_secs_f64(pause * jitter).unwrap_or(max_delay)
    }

    /// How many attempts there were since the last success.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Starts over: there is a connection whose SETTINGS have arrived, or the user wants one at once.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

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
        assert_eq!(backoff.next(0.9), Duration::from_secs(1));
    }

    #[test]
    fn jitter_is_a_fifth_either_way() {
        for (random, millis) in [(0.0, 1280), (0.5, 1600), (1.0, 1920), (f64::NAN, 120_000)] {
            let mut backoff = ConnectionBackoff::after_first();
            assert_eq!(backoff.next(random).as_millis(), millis, "{random}");
        }
    }

    #[test]
    fn a_short_pause_does_not_shorten_the_attempt() {
        let (config, second) = (BackoffConfig::new(), Duration::from_secs(1));
        assert_eq!(config.attempt_timeout(second), 20 * second);
        assert_eq!(config.attempt_timeout(120 * second), 120 * second);
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
        fn a_pause_is_always_within_bounds(
            base in 0_u64..10_000_000,
            longest in 0_u64..10_000_000,
            multiplier: f64,
            jitter: f64,
            attempts: u32,
            random: f64,
        ) {
            let (base, longest) = (Duration::from_micros(base), Duration::from_micros(longest));
            let config = BackoffConfig::new()
                .with_base_delay(base)
                .with_max_delay(longest)
                .with_multiplier(multiplier)
                .with_jitter(jitter);
            let pause = ConnectionBackoff { config, attempts }.next(random);
            prop_assert!(pause <= longest * 2);
            if jitter.abs() < 1e-9 || attempts == 0 {
                prop_assert!(pause + Duration::from_micros(1) >= base.min(longest));
            }
        }

        #[test]
        fn with_its_defaults_a_pause_is_a_second_at_least(attempts: u32, random: f64) {
            let pause = ConnectionBackoff { attempts, ..ConnectionBackoff::default() }.next(random);
            prop_assert!(pause >= Duration::from_secs(1));
            prop_assert!(pause <= Duration::from_secs(144));
        }
    }
}
