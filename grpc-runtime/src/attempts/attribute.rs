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
