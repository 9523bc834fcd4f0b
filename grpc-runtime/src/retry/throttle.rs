//! The tokens that a target has for retries (gRFC A6, "Throttling Retry Attempts and Hedged RPCs").
//!
//! Arithmetic on one atomic number, shared by the calls of a channel. Calls are never held back by it, only their
//! further attempts. Told by the machines of this module; made by whoever applies a service config, anew when the
//! config's numbers change.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::service_config::RetryThrottling;

/// Spares a target that fails a lot: above half of its tokens there may be retries and hedges, at half or below none.
///
/// | what happened | tokens |
/// |---|---|
/// | an attempt failed with a code that allows another attempt | one less |
/// | a server said not to try again | one less |
/// | a call succeeded | `token_ratio` more, up to `max_tokens` |
/// | anything else: other codes, attempts that no server saw, deadlines, cancellation | as before |
///
/// The failure that brings the tokens down to half is itself not retried.
#[derive(Debug)]
pub(crate) struct Throttle {
    /// In thousandths of a token, so that ratios such as 0.001 add up without error.
    tokens: AtomicU32,
    max: u32,
    ratio: u32,
}

/// Whether the tokens allow a further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// More than half of the tokens are there.
    Allowed,
    /// Too many attempts failed.
    Throttled,
}

impl Throttle {
    /// With all tokens there.
    pub(crate) fn new(config: RetryThrottling) -> Self {
        let max = config.max_tokens().saturating_mul(TOKEN);
        Self { tokens: AtomicU32::new(max), max, ratio: config.token_ratio_thousandths() }
    }

    /// A call succeeded. On a target that is well this only reads.
    pub(crate) fn on_success(&self) {
        self.change(|tokens| tokens.saturating_add(self.ratio).min(self.max));
    }

    /// An attempt failed in a way that counts. Says whether another may follow.
    pub(crate) fn on_failure(&self) -> Allowance {
        let tokens = self.change(|tokens| tokens.saturating_sub(TOKEN));
        self.judge(tokens)
    }

    /// Whether a further attempt may start that no failure asked for: a hedge.
    pub(crate) fn allowance(&self) -> Allowance {
        self.judge(self.tokens.load(Ordering::Relaxed))
    }

    /// The tokens as they are afterwards.
    fn change(&self, change: impl Fn(u32) -> u32) -> u32 {
        // One number that guards nothing else, hence relaxed.
        let unless_same = |tokens| Some(change(tokens)).filter(|&new| new != tokens);
        match self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, unless_same) {
            Ok(before) => change(before),
            Err(same) => same,
        }
    }

    fn judge(&self, tokens: u32) -> Allowance {
        // A6: at `max_tokens / 2` or below; with thousandths, half of an odd number is exact.
        if tokens > self.max / 2 { Allowance::Allowed } else { Allowance::Throttled }
    }
}

const TOKEN: u32 = 1000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn throttle(max_tokens: u32, token_ratio: u32) -> Throttle {
        let ratio = f64::from(token_ratio) / 1000.0;
        Throttle::new(RetryThrottling::new(max_tokens, ratio).unwrap())
    }

    fn tokens(throttle: &Throttle) -> u32 {
        throttle.tokens.load(Ordering::Relaxed)
    }

    #[test]
    fn the_failure_that_reaches_half_is_not_retried() {
        let throttle = throttle(10, 500);
        for left in [9, 8, 7, 6] {
            assert_eq!(throttle.on_failure(), Allowance::Allowed, "{left}");
            assert_eq!(tokens(&throttle), left * TOKEN);
        }
        assert_eq!(throttle.on_failure(), Allowance::Throttled);
        assert_eq!(throttle.allowance(), Allowance::Throttled);
        throttle.on_success();
        assert_eq!(throttle.allowance(), Allowance::Allowed);
        assert_eq!(throttle.on_failure(), Allowance::Throttled);
    }

    #[test]
    fn tokens_stay_between_none_and_all() {
        let throttle = throttle(1, 546);
        throttle.on_success();
        assert_eq!(tokens(&throttle), 1000);
        for _ in 0..3 {
            assert_eq!(throttle.on_failure(), Allowance::Throttled);
        }
        assert_eq!(tokens(&throttle), 0);
        throttle.on_success();
        assert_eq!((tokens(&throttle), throttle.allowance()), (546, Allowance::Allowed));
        throttle.on_success();
        assert_eq!(tokens(&throttle), 1000);
    }

    #[test]
    fn half_of_an_odd_number_is_a_half() {
        let throttle = throttle(3, 1);
        assert_eq!(throttle.on_failure(), Allowance::Allowed, "2 is above 1.5");
        assert_eq!(throttle.on_failure(), Allowance::Throttled);
    }

    proptest! {
        #[test]
        fn as_a_number_in_bounds(
            max in 1..=1000_u32,
            ratio in 1..=u32::MAX,
            events in proptest::collection::vec(any::<bool>(), 0..300),
        ) {
            let throttle = throttle(max, ratio);
            let (mut expected, most) = (i64::from(max) * 1000, i64::from(max) * 1000);
            for is_success in events {
                if is_success {
                    throttle.on_success();
                    expected = (expected + i64::from(ratio)).min(most);
                } else {
                    let answer = throttle.on_failure();
                    expected = (expected - 1000).max(0);
                    prop_assert_eq!(answer, throttle.allowance());
                }
                prop_assert_eq!(i64::from(tokens(&throttle)), expected);
                prop_assert_eq!(throttle.allowance() == Allowance::Allowed, expected * 2 > most);
            }
        }
    }
}
