//! Policies as `#[rpc(..)]` describes them, for generated code: constants, of values that the attribute has checked.

use std::time::Duration;

use super::codes::CodeSet;
use super::hedging::HedgingPolicy;
use super::retry::RetryPolicy;
use crate::status::Code;

/// What `retry(..)` says.
pub const fn retry_policy(
    max_attempts: u32,
    codes: &[Code],
    initial_backoff: Duration,
    max_backoff: Duration,
    backoff_multiplier: f64,
    attempt_timeout: Option<Duration>,
) -> RetryPolicy {
    let Ok(policy) = RetryPolicy::new(max_attempts, CodeSet::of(codes)) else {
        panic!("a retry policy has two attempts or more, and a status code")
    };
    let Ok(policy) = policy.with_backoff(initial_backoff, max_backoff, backoff_multiplier) else {
        panic!("the pauses and the multiplier of a retry policy are above zero")
    };
    match attempt_timeout {
        None => policy,
        Some(timeout) => match policy.with_per_attempt_receive_timeout(timeout) {
            Ok(policy) => policy,
            Err(_) => panic!("the time that an attempt may take is above zero"),
        },
    }
}

/// What `hedge(..)` says.
pub const fn hedging_policy(
    max_attempts: u32,
    delay: Duration,
    non_fatal_codes: &[Code],
) -> HedgingPolicy {
    match HedgingPolicy::new(max_attempts) {
        Ok(policy) => {
            policy.with_delay(delay).with_non_fatal_status_codes(CodeSet::of(non_fatal_codes))
        }
        Err(_) => panic!("a hedging policy has two attempts or more"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The attribute takes no other values, so that no expansion panics.
        #[test]
        fn whatever_the_attribute_takes_is_a_policy(
            attempts in 2..=5_u32,
            codes in prop::sample::subsequence(Code::ALL[1..].to_vec(), 1..=16),
            initial in 1..u64::MAX,
            longer: u64,
            multiplier in prop_oneof![Just(f64::MIN_POSITIVE), Just(f64::MAX), 0.001..1000.0_f64],
            limit in prop::option::of(1..u64::MAX),
        ) {
            let initial = Duration::from_nanos(initial);
            let max = initial.saturating_add(Duration::from_nanos(longer));
            let limit = limit.map(Duration::from_nanos);
            let policy = retry_policy(attempts, &codes, initial, max, multiplier, limit);
            prop_assert_eq!(policy.max_attempts(), attempts);
            prop_assert_eq!(policy.retryable_status_codes(), CodeSet::of(&codes));
            prop_assert_eq!((policy.initial_backoff(), policy.max_backoff()), (initial, max));
            prop_assert_eq!(policy.backoff_multiplier(), multiplier);
            prop_assert_eq!(policy.per_attempt_receive_timeout(), limit);

            let policy = hedging_policy(attempts, initial, &codes);
            prop_assert_eq!((policy.max_attempts(), policy.hedging_delay()), (attempts, initial));
            prop_assert_eq!(policy.non_fatal_status_codes(), CodeSet::of(&codes));
        }
    }
}
