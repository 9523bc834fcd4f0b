//! How many times a call may be made, and when: by retries, by hedging, or once.
//!
//! Only what is said of it, by a method's attribute, a service config or a call. Whose word counts is settled by the
//! engine; when another attempt is made is decided in `retry`.

mod attribute;
mod codes;
mod error;
pub(crate) mod fields;
mod hedging;
mod retry;

pub use attribute::{hedging_policy, retry_policy};
pub use codes::CodeSet;
pub(crate) use error::Found;
pub use error::InvalidPolicy;
pub(crate) use fields::Field;
pub use hedging::HedgingPolicy;
pub use retry::RetryPolicy;

/// Whether a call may be made more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attempts {
    /// It may not: what is said by others of retries and hedging does not count. What a server certainly did not look
    /// at is sent again all the same, as that cannot have an effect twice.
    Once,
    /// Again, after a failure.
    Retry(RetryPolicy),
    /// Several times at once.
    Hedge(HedgingPolicy),
}

impl From<RetryPolicy> for Attempts {
    fn from(policy: RetryPolicy) -> Attempts {
        Attempts::Retry(policy)
    }
}

impl From<HedgingPolicy> for Attempts {
    fn from(policy: HedgingPolicy) -> Attempts {
        Attempts::Hedge(policy)
    }
}
