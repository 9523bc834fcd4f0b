//! The fields of policies as a service config names them, and what each must be: for errors, and for who reads JSON.

/// A field of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name in a service config.
    pub(crate) name: &'static str,
    /// What it must be, behind "must be".
    pub(crate) expected: &'static str,
}

impl Field {
    pub(crate) const fn new(name: &'static str, expected: &'static str) -> Field {
        Field { name, expected }
    }
}

pub(crate) const MAX_ATTEMPTS: Field = Field::new("maxAttempts", "an integer of 2 or more");
pub(crate) const INITIAL_BACKOFF: Field = Field::new("initialBackoff", LONGER_THAN_ZERO);
pub(crate) const MAX_BACKOFF: Field = Field::new("maxBackoff", LONGER_THAN_ZERO);
pub(crate) const MULTIPLIER: Field = Field::new("backoffMultiplier", "a number above zero");
pub(crate) const RETRYABLE: Field =
    Field::new("retryableStatusCodes", "a list of at least one status code");
pub(crate) const PER_ATTEMPT: Field = Field::new("perAttemptRecvTimeout", LONGER_THAN_ZERO);
pub(crate) const HEDGING_DELAY: Field =
    Field::new("hedgingDelay", "a duration that is not negative, such as \"0.5s\"");

const LONGER_THAN_ZERO: &str = "a duration longer than zero, such as \"0.1s\"";
