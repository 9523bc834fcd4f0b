//! How many times a call is made at once: [`HedgingPolicy`] (gRFC A6, "Hedging policy").
//!
//! Only what was configured. When the next attempt is sent, and which one wins, is decided elsewhere.

use std::time::Duration;

use super::codes::CodeSet;
use super::error::{Found, InvalidPolicy};
use super::fields::MAX_ATTEMPTS;

/// How many times a call is made without waiting for the earlier ones to fail; the first answer counts.
///
/// It is for methods that may take effect more than once.
///
/// ```
/// use std::time::Duration;
///
/// use grpc_runtime::Code;
/// use grpc_runtime::service_config::{CodeSet, HedgingPolicy};
///
/// # fn example() -> Result<(), grpc_runtime::service_config::InvalidPolicy> {
/// // A second attempt after 20 ms, or as soon as the first one fails with UNAVAILABLE.
/// let policy = HedgingPolicy::new(2)?
///     .with_delay(Duration::from_millis(20))
///     .with_non_fatal_status_codes(CodeSet::of(&[Code::Unavailable]));
/// # Ok(()) }
/// # example().unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HedgingPolicy {
    max_attempts: u32,
    hedging_delay: Duration,
    non_fatal_status_codes: CodeSet,
}

impl HedgingPolicy {
    /// A policy of so many attempts, all sent at once, of which the first failure ends the call.
    ///
    /// More attempts than the channel allows (5 by default) are as many as it allows.
    ///
    /// # Errors
    /// Fewer than two attempts.
    pub const fn new(max_attempts: u32) -> Result<HedgingPolicy, InvalidPolicy> {
        if max_attempts < 2 {
            let found = Found::Integer(max_attempts);
            return Err(InvalidPolicy { field: MAX_ATTEMPTS, found });
        }
        Ok(HedgingPolicy {
            max_attempts,
            hedging_delay: Duration::ZERO,
            non_fatal_status_codes: CodeSet::EMPTY,
        })
    }

    /// Sets the time between one attempt and the next. Default: zero, which sends all at once.
    #[must_use]
    pub const fn with_delay(mut self, delay: Duration) -> HedgingPolicy {
        self.hedging_delay = delay;
        self
    }

    /// Sets the failures of one attempt that do not end the call: the next attempt is sent at once, the others go on.
    /// OK among them has no effect. Default: none; every failure ends the call.
    #[must_use]
    pub const fn with_non_fatal_status_codes(mut self, codes: CodeSet) -> HedgingPolicy {
        self.non_fatal_status_codes = codes;
        self
    }

    /// How often a call is made at most: 2 or more.
    pub const fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// The time between one attempt and the next; zero is all at once.
    pub const fn hedging_delay(&self) -> Duration {
        self.hedging_delay
    }

    /// The failures of one attempt that do not end the call.
    pub const fn non_fatal_status_codes(&self) -> CodeSet {
        self.non_fatal_status_codes
    }
}
