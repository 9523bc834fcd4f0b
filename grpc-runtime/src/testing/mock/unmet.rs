//! [`Unmet`]: what did not come as a mock was told.

use std::error::Error;
use std::fmt;

/// What did not come as a [`Mock`](crate::testing::Mock) was told, and what came that it was not told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    pub(super) missing: Vec<String>,
    pub(super) unexpected: Vec<String>,
}

impl Unmet {
    /// The expectations that have not had their calls: a line each.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// The calls that were not expected: a line each.
    pub fn unexpected(&self) -> &[String] {
        &self.unexpected
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the calls were not as the mock expected them:")?;
        for line in self.missing.iter().chain(&self.unexpected) {
            write!(formatter, "\n  {line}")?;
        }
        Ok(())
    }
}

impl Error for Unmet {}
