//! When retries and hedges stop because too many calls fail: [`RetryThrottling`] (gRFC A6, "Throttling").
//!
//! Only what was configured; the tokens themselves are counted elsewhere.

use super::error::InvalidServiceConfig;
use super::json::Node;
use crate::attempts::{Field, Found, InvalidPolicy};

/// A bucket of tokens for all calls to one server name: a failed attempt takes one, a call that succeeds puts a part
/// of one back, and while it is not more than half full nothing is sent again.
///
/// ```
/// use grpc_runtime::service_config::RetryThrottling;
///
/// # fn example() -> Result<(), grpc_runtime::service_config::InvalidPolicy> {
/// // Retries stop after five failures in a row, and come back after ten successes for each of them.
/// let throttling = RetryThrottling::new(10, 0.1)?;
/// # Ok(()) }
/// # example().unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryThrottling {
    max_tokens: u32,
    thousandths: u32,
}

impl RetryThrottling {
    /// A bucket that holds and starts with `max_tokens`, and gets back `token_ratio` with each success. Of the ratio
    /// three decimals count; the others are cut off.
    ///
    /// # Errors
    /// The tokens are not from 1 to 1000, or the ratio is below 0.001 or not finite.
    pub fn new(max_tokens: u32, token_ratio: f64) -> Result<RetryThrottling, InvalidPolicy> {
        if !(1..=1000).contains(&max_tokens) {
            let found = Found::Integer(max_tokens);
            return Err(InvalidPolicy { field: MAX_TOKENS, found });
        }
        let Some(thousandths) = thousandths(token_ratio) else {
            let found = Found::Number(token_ratio);
            return Err(InvalidPolicy { field: TOKEN_RATIO, found });
        };
        Ok(RetryThrottling { max_tokens, thousandths })
    }

    /// How many tokens the bucket holds, and has at first: from 1 to 1000.
    pub const fn max_tokens(&self) -> u32 {
        self.max_tokens
    }

    /// What a success puts back, in thousandths of a token; not zero.
    pub const fn token_ratio_thousandths(&self) -> u32 {
        self.thousandths
    }

    pub(super) fn read(node: Node<'_>) -> Result<RetryThrottling, InvalidServiceConfig> {
        let object = node.object()?;
        let max_tokens = object.require(MAX_TOKENS, Node::integer)?;
        let token_ratio = object.require(TOKEN_RATIO, Node::number)?;
        RetryThrottling::new(max_tokens, token_ratio).map_err(|error| object.refused(&error))
    }
}

/// The number without its decimals after the third; `None` where nothing is left.
///
/// Cut from its decimal text and not by arithmetic: `0.57 * 1000.0` is less than 570.
fn thousandths(number: f64) -> Option<u32> {
    if !number.is_finite() || number <= 0.0 {
        return None;
    }
    let text = format!("{number}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits: String =
        whole.chars().chain(fraction.chars().chain("000".chars()).take(3)).collect();
    // What is too large for the type fills any bucket at once.
    let thousandths = digits.parse().unwrap_or(u32::MAX);
    (thousandths > 0).then_some(thousandths)
}

const MAX_TOKENS: Field = Field::new("maxTokens", "an integer from 1 to 1000");
const TOKEN_RATIO: Field = Field::new("tokenRatio", "a number of 0.001 or more");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_decimals_of_the_ratio_count() {
        for (ratio, expected) in [
            (0.1, Some(100)),
            (0.5466, Some(546)),
            (0.57, Some(570)),
            (0.001, Some(1)),
            (0.001_999, Some(1)),
            (0.000_999, None),
            (1.0, Some(1000)),
            (1000.0, Some(1_000_000)),
            (1e300, Some(u32::MAX)),
            (1e-300, None),
            (0.0, None),
            (-1.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(thousandths(ratio), expected, "{ratio}");
        }
    }

    #[test]
    fn a_bucket_holds_from_one_to_a_thousand() {
        assert!(RetryThrottling::new(1, 0.1).is_ok() && RetryThrottling::new(1000, 0.1).is_ok());
        let error = RetryThrottling::new(0, 0.1).unwrap_err();
        assert_eq!(error.to_string(), "maxTokens is 0, and must be an integer from 1 to 1000");
        assert_eq!(RetryThrottling::new(1001, 0.1).unwrap_err().field(), "maxTokens");
        let error = RetryThrottling::new(1, -0.5).unwrap_err();
        assert_eq!(error.to_string(), "tokenRatio is -0.5, and must be a number of 0.001 or more");
    }

    proptest! {
        #[test]
        fn a_ratio_of_three_decimals_is_exact(expected in 1..u32::MAX, more in 0..1000_u32) {
            let text = format!("{}.{:03}", expected / 1000, expected % 1000);
            prop_assert_eq!(thousandths(text.parse().unwrap()), Some(expected));
            let text = format!("{}.{:03}{more:03}", expected / 1000, expected % 1000);
            prop_assert_eq!(thousandths(text.parse().unwrap()), Some(expected));
        }
    }
}
