//! How many attempts a call may have, and how the server is told which one it sees.
//!
//! Numbers only. Attempts are counted by the machines; transparent retries are in none of these numbers.

use http::{HeaderName, HeaderValue};

/// The most attempts of one call on a channel, whatever its service config says: five, unless the program says
/// otherwise (gRFC A6, "maxAttempts"; RT-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AttemptCap(u32);

impl AttemptCap {
    /// Numbers below two, which would be no retries, count as five: retries have a switch of their own.
    pub(crate) const fn new(attempts: u32) -> Self {
        Self(if attempts < 2 { DEFAULT } else { attempts })
    }

    /// What is left of a policy's number; not an error of the policy.
    pub(crate) fn apply(self, attempts: u32) -> u32 {
        attempts.min(self.0)
    }
}

impl Default for AttemptCap {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

/// The header by which a server learns that it sees a further attempt; none on the first (RT-06).
pub(crate) fn previous_attempts(previous: u32) -> Option<(HeaderName, HeaderValue)> {
    (previous > 0).then(|| (PREVIOUS_ATTEMPTS, HeaderValue::from(previous)))
}

const DEFAULT: u32 = 5;
const PREVIOUS_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs of grpc-go's `TestMaxCallAttempts`: policy, channel option, attempts.
    #[test]
    fn the_smaller_of_policy_and_cap() {
        for (policy, cap, attempts) in
            [(9, 4, 4), (9, 7, 7), (3, 10, 3), (8, 0, 5), (3, 0, 3), (2, 1, 2), (9, 1, 5)]
        {
            assert_eq!(AttemptCap::new(cap).apply(policy), attempts, "{policy} {cap}");
        }
        assert_eq!(AttemptCap::default(), AttemptCap::new(5));
    }

    #[test]
    fn the_first_attempt_has_no_header() {
        assert_eq!(previous_attempts(0), None);
        let (name, value) = previous_attempts(3).unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("grpc-previous-rpc-attempts", "3"));
    }
}
