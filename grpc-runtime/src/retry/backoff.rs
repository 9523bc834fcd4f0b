//! How long to wait before a retry (gRFC A6, "Exponential Backoff").
//!
//! Pure: chance is an argument. Not the pauses between attempts to connect (`crate::backoff`), which have another
//! formula, and no say in what the server asks for (`pushback`).

use std::time::Duration;

use crate::service_config::RetryPolicy;

/// The pauses of one call.
///
/// The pause before the nth retry since the start, or since the server's last pushback, is
/// `min(initial * multiplier^(n-1), max)`, made up to a fifth longer or shorter by chance (A6 as of 2024; RT-02). So
/// the longest pause is a fifth above `max`.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    initial: Duration,
    max: Duration,
    multiplier: f64,
    /// Pauses since the start or the last reset.
    pauses: u32,
}

impl Backoff {
    pub(super) fn new(policy: &RetryPolicy) -> Self {
        Self {
            initial: policy.initial_backoff(),
            max: policy.max_backoff(),
            multiplier: policy.backoff_multiplier(),
            pauses: 0,
        }
    }

    /// The pause before the retry that is due now. `random` is evenly spread over `0.0..1.0`.
    pub(super) fn next(&mut self, random: f64) -> Duration {
        let exponent = i32::try_from(self.pauses).unwrap_or(i32::MAX);
        self.pauses = self.pauses.saturating_add(1);
        let pause = self.initial.as_secs_f64() * self.multiplier.powi(exponent);
        let jitter = 1.0 + JITTER * (random.clamp(0.0, 1.0) * 2.0 - 1.0);
        // Also where the power left what numbers can hold.
        let pause = pause.min(self.max.as_secs_f64()) * jitter;
        Duration::try_from_secs_f64(pause).unwrap_or(self.max)
    }

    /// The server set a pause of its own: the next one is the first again.
    pub(super) fn reset(&mut self) {
        self.pauses = 0;
    }
}

const JITTER: f64 = 0.2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn backoff(initial: u64, max: u64, multiplier: f64) -> Backoff {
        let millis = Duration::from_millis;
        Backoff { initial: millis(initial), max: millis(max), multiplier, pauses: 0 }
    }

    #[test]
    fn pauses_grow_to_the_longest_and_start_over() {
        let mut backoff = backoff(100, 1000, 2.0);
        let pauses: Vec<u128> = (0..6).map(|_| backoff.next(0.5).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000]);
        backoff.reset();
        assert_eq!(backoff.next(0.5).as_millis(), 100);
        assert_eq!(backoff.next(0.5).as_millis(), 200);
    }

    #[test]
    fn jitter_is_a_fifth_either_way_of_the_first_and_of_the_longest() {
        for (random, first, longest) in
            [(0.0, 80, 120), (0.25, 90, 135), (0.5, 100, 150), (1.0, 120, 180)]
        {
            let mut backoff = backoff(100, 150, 2.0);
            let pauses = [backoff.next(random).as_millis(), backoff.next(random).as_millis()];
            assert_eq!(pauses, [first, longest], "{random}");
        }
    }

    #[test]
    fn a_maximum_below_the_start_and_a_multiplier_below_one() {
        assert_eq!(backoff(1000, 10, 2.0).next(0.5).as_millis(), 10);
        let mut shrinking = backoff(1000, 5000, 0.5);
        let pauses: Vec<u128> = (0..3).map(|_| shrinking.next(0.5).as_millis()).collect();
        assert_eq!(pauses, [1000, 500, 250]);
    }

    proptest! {
        #[test]
        fn a_pause_is_always_within_bounds(
            initial in 1..u64::MAX / 2,
            max in 1..u64::MAX / 2,
            multiplier in prop_oneof![0.001..10.0_f64, Just(f64::MAX), Just(f64::MIN_POSITIVE)],
            pauses: u32,
            random: f64,
        ) {
            let mut backoff = Backoff { pauses, ..backoff(initial, max, multiplier) };
            let limit = backoff.max.mul_f64(1.0 + JITTER + 1e-9);
            prop_assert!(backoff.next(random) <= limit);
        }
    }
}
