//! When and how often a failed call is made again: [`RetryPolicy`] (gRFC A6, "Retry policy").
//!
//! Only what was configured. Whether an attempt is retried, and after which pause, is decided elsewhere.

use std::time::Duration;

use super::codes::CodeSet;
use super::error::{Found, InvalidPolicy};
use super::fields::{
    Field, INITIAL_BACKOFF, MAX_ATTEMPTS, MAX_BACKOFF, MULTIPLIER, PER_ATTEMPT, RETRYABLE,
};

/// How often a call is made again, after which failures and which pauses.
///
/// The pause before retry *n* is `initial_backoff * multiplier^(n-1)`, no longer than `max_backoff`, and then a
/// fifth longer or shorter by chance.
///
/// ```
/// use std::time::Duration;
///
/// use grpc_runtime::Code;
/// use grpc_runtime::service_config::{CodeSet, RetryPolicy};
///
/// # fn example() -> Result<(), grpc_runtime::service_config::InvalidPolicy> {
/// let policy = RetryPolicy::new(4, CodeSet::of(&[Code::Unavailable]))?
///     .with_backoff(Duration::from_millis(100), Duration::from_secs(1), 2.0)?;
/// # Ok(()) }
/// # example().unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    backoff_multiplier: f64,
    retryable_status_codes: CodeSet,
    per_attempt_receive_timeout: Option<Duration>,
}

// The one number with a point in it is finite.
impl Eq for RetryPolicy {}

impl RetryPolicy {
    /// A policy of so many attempts, the first one included, for calls that fail with one of these codes. OK among them
    /// has no effect.
    ///
    /// More attempts than the channel allows (5 by default) are as many as it allows. The pauses are those that gRFC
    /// A44 has where nobody says otherwise: 25 ms at first, doubled up to 250 ms.
    ///
    /// # Errors
    /// Fewer than two attempts, or no code.
    pub const fn new(
        max_attempts: u32,
        retryable_status_codes: CodeSet,
    ) -> Result<RetryPolicy, InvalidPolicy> {
        if max_attempts < 2 {
            let found = Found::Integer(max_attempts);
            return Err(InvalidPolicy { field: MAX_ATTEMPTS, found });
        }
        if retryable_status_codes.is_empty() {
            let found = Found::NoCodes;
            return Err(InvalidPolicy { field: RETRYABLE, found });
        }
        Ok(RetryPolicy {
            max_attempts,
            initial_backoff: Duration::from_millis(25),
            max_backoff: Duration::from_millis(250),
            backoff_multiplier: 2.0,
            retryable_status_codes,
            per_attempt_receive_timeout: None,
        })
    }

    /// Sets the pauses: the first, the longest, and how many times longer each is than the one before.
    ///
    /// A longest pause that is shorter than the first one is the first one too. A multiplier below 1 makes pauses
    /// shorter each time.
    ///
    /// # Errors
    /// Something is zero, or the multiplier is negative or not finite.
    pub const fn with_backoff(
        mut self,
        initial: Duration,
        max: Duration,
        multiplier: f64,
    ) -> Result<RetryPolicy, InvalidPolicy> {
        if initial.is_zero() {
            return Err(zero(INITIAL_BACKOFF));
        }
        if max.is_zero() {
            return Err(zero(MAX_BACKOFF));
        }
        if !multiplier.is_finite() || multiplier <= 0.0 {
            let found = Found::Number(multiplier);
            return Err(InvalidPolicy { field: MULTIPLIER, found });
        }
        self.initial_backoff = initial;
        self.max_backoff = max;
        self.backoff_multiplier = multiplier;
        Ok(self)
    }

    /// Sets how long an attempt may wait for the server's response headers before it counts as failed and may be
    /// retried. Default: none; only the deadline of the call as a whole ends it.
    ///
    /// In a service config it is `perAttemptRecvTimeout`, which is not in gRFC A6 but is read by gRPC in C++ and Java.
    ///
    /// # Errors
    /// It is zero.
    pub const fn with_per_attempt_receive_timeout(
        mut self,
        timeout: Duration,
    ) -> Result<RetryPolicy, InvalidPolicy> {
        if timeout.is_zero() {
            return Err(zero(PER_ATTEMPT));
        }
        self.per_attempt_receive_timeout = Some(timeout);
        Ok(self)
    }

    /// How often a call is made at most, the first time included: 2 or more.
    pub const fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// The pause before the first retry; not zero.
    pub const fn initial_backoff(&self) -> Duration {
        self.initial_backoff
    }

    /// The longest pause; not zero.
    pub const fn max_backoff(&self) -> Duration {
        self.max_backoff
    }

    /// How many times longer each pause is than the one before; finite and above zero.
    pub const fn backoff_multiplier(&self) -> f64 {
        self.backoff_multiplier
    }

    /// The failures after which the call is made again; not empty.
    pub const fn retryable_status_codes(&self) -> CodeSet {
        self.retryable_status_codes
    }

    /// How long an attempt may wait for response headers; not zero.
    pub const fn per_attempt_receive_timeout(&self) -> Option<Duration> {
        self.per_attempt_receive_timeout
    }
}

const fn zero(field: Field) -> InvalidPolicy {
    InvalidPolicy { field, found: Found::Duration(Duration::ZERO) }
}
