//! What is wrong with a policy made in Rust: [`InvalidPolicy`].

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::fields::Field;

/// A retry, hedging or throttling policy cannot have this value.
///
/// Fields are named as in a service config, such as `maxAttempts`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InvalidPolicy {
    pub(crate) field: Field,
    pub(crate) found: Found,
}

/// What was given for a field of a policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Found {
    Integer(u32),
    Number(f64),
    Duration(Duration),
    NoCodes,
}

impl InvalidPolicy {
    /// The field that has a value it cannot have.
    pub const fn field(&self) -> &'static str {
        self.field.name
    }
}

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InvalidPolicy { field: Field { name, expected }, found } = self;
        match found {
            Found::Integer(value) => write!(f, "{name} is {value}")?,
            Found::Number(value) => write!(f, "{name} is {value}")?,
            Found::Duration(value) => write!(f, "{name} is {value:?}")?,
            Found::NoCodes => write!(f, "{name} is empty")?,
        }
        write!(f, ", and must be {expected}")
    }
}

impl Error for InvalidPolicy {}
