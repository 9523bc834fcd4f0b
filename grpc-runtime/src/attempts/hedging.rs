//! How many times a call is made at once: [`HedgingPolicy`] (gRFC A6, "Hedging policy").
//!
//! Only what was configured. When the next attempt is sent, and which one wins, is decided elsewhere.

use std::time::Duration;

use super::codes::CodeSet;
use super::error::{Found, InvalidPolicy};
use super::fields::MAX_ATTEMPTS;

/// How many times a call is made without waiting for the earlier ones to fail; the first answer counts.
///
/// It is for methods that may take effect more than once, and against servers that are slow now and then: a call is as
/// slow as the faster of two. The cost is load, which [`RetryThrottling`](crate::service_config::RetryThrottling) bounds
/// where servers fail.
///
/// The first attempt is sent at once, each other one [`delay`](HedgingPolicy::with_delay) after the one before, or as
/// soon as one fails with a [non-fatal code](HedgingPolicy::with_non_fatal_status_codes); by `round_robin` to a server
/// that has none of them yet. The first that is answered, by response headers, is the call, and the others are
/// cancelled. Any other failure ends the call. `grpc-retry-pushback-ms` of a failing server says when the next one is
/// sent, or that none is. While there is no connection, the first attempt waits and the delay does not begin. The call's
/// deadline spans them all. Request streams are sent to all, from what is kept of them
/// ([`retry_buffer_bytes`](crate::ChannelBuilder::retry_buffer_bytes)); when that is too little, the attempt that has sent
/// most is the one left.
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
