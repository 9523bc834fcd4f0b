//! The text of a duration in an attribute (`"500ms"`, `"1.5s"`) as a duration.
//! Not the form of `grpc-timeout` on the wire, which the runtime writes.

use std::fmt;
use std::time::Duration;

/// Reads a number, decimals allowed, with a unit behind it.
pub(crate) fn parse(text: &str) -> Result<Duration, InvalidDuration> {
    let digits = text.find(|character: char| !(character.is_ascii_digit() || character == '.'));
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    if text.contains(char::is_whitespace) {
        return Err(InvalidDuration::Space);
    }
    if text.starts_with(['-', '+']) {
        return Err(InvalidDuration::Sign);
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(InvalidDuration::Number);
    }
    let (_, nanoseconds) =
        UNITS.iter().find(|(name, _)| *name == unit).ok_or(InvalidDuration::Unit)?;
    let whole: u128 = whole.parse().map_err(|_| InvalidDuration::TooLong)?;
    let whole = whole.checked_mul(*nanoseconds).ok_or(InvalidDuration::TooLong)?;
    let total = whole.checked_add(part(fraction, *nanoseconds)?).ok_or(InvalidDuration::TooLong)?;
    match total {
        0 => Err(InvalidDuration::Zero),
        _ if total > LONGEST => Err(InvalidDuration::TooLong),
        // Both fit: the longest in whole seconds is far below `u64::MAX`.
        _ => Ok(Duration::new((total / SECOND) as u64, (total % SECOND) as u32)),
    }
}

/// The decimals `fraction` of a unit of so many nanoseconds.
fn part(fraction: &str, unit: u128) -> Result<u128, InvalidDuration> {
    let fraction = fraction.trim_end_matches('0');
    let (mut value, mut scale) = (0_u128, 1_u128);
    for digit in fraction.bytes() {
        // Units are multiples of few powers of ten, so more digits than this cannot come out whole.
        scale = scale.checked_mul(10).ok_or(InvalidDuration::TooFine)?;
        value = value * 10 + u128::from(digit - b'0');
    }
    match value.checked_mul(unit) {
        Some(product) if product % scale == 0 => Ok(product / scale),
        _ => Err(InvalidDuration::TooFine),
    }
}

/// Why a text is not a duration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InvalidDuration {
    /// There is white space in it.
    Space,
    /// It starts with a sign.
    Sign,
    /// What should be a number is none.
    Number,
    /// The unit is missing or unknown.
    Unit,
    /// It is no time at all.
    Zero,
    /// It is more than `grpc-timeout` can say.
    TooLong,
    /// It is not a whole number of nanoseconds.
    TooFine,
}

impl fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidDuration::Space => "has a space: write number and unit together, as in `500ms`",
            InvalidDuration::Sign => "has a sign: a duration is more than zero, as in `500ms`",
            InvalidDuration::Number => {
                "does not start with a number: write digits and a unit, as in `500ms` or `1.5s`"
            }
            InvalidDuration::Unit => {
                "does not end in a unit: write one of `ns`, `us`, `ms`, `s`, `m`, `h`, as in `500ms`"
            }
            InvalidDuration::Zero => {
                "is zero, so no call could succeed: leave it out for no default deadline"
            }
            InvalidDuration::TooLong => {
                "is longer than the 99999999 hours that `grpc-timeout` can carry"
            }
            InvalidDuration::TooFine => "is not a whole number of nanoseconds",
        })
    }
}

const SECOND: u128 = 1_000_000_000;

/// The units and their nanoseconds.
const UNITS: [(&str, u128); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3_600 * SECOND),
];

/// Eight digits of hours: the most that `grpc-timeout` holds (gRPC over HTTP/2, "Timeout").
const LONGEST: u128 = 99_999_999 * 3_600 * SECOND;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, nanoseconds) in [
            ("1ns", 1),
            ("1.5us", 1_500),
            ("500ms", 500_000_000),
            ("1.5s", 1_500_000_000),
            ("01.50s", 1_500_000_000),
            ("0.000000001s", 1),
            ("2m", 120 * SECOND),
            ("0.5h", 1_800 * SECOND),
            ("99999999h", LONGEST),
        ] {
            assert_eq!(parse(text).map(|read| read.as_nanos()), Ok(nanoseconds), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        use InvalidDuration::{Number, Sign, Space, TooFine, TooLong, Unit, Zero};
        for (text, reason) in [
            ("", Number),
            ("ms", Number),
            (".5s", Number),
            ("5.s", Number),
            ("1.2.3s", Number),
            ("5", Unit),
            ("5 s", Space),
            (" 5s", Space),
            ("5sec", Unit),
            ("5S", Unit),
            ("5\u{b5}s", Unit),
            ("-5s", Sign),
            ("+5s", Sign),
            ("0s", Zero),
            ("0.0h", Zero),
            ("0.5ns", TooFine),
            ("1.0000000001s", TooFine),
            ("100000000h", TooLong),
            ("999999999999999999999999999999999999999999s", TooLong),
            ("340282366920938463463374607431768211455h", TooLong),
        ] {
            assert_eq!(parse(text), Err(reason), "{text}");
        }
        let fine = format!("0.{}1s", "0".repeat(60));
        assert_eq!(parse(&fine), Err(TooFine));
    }
}
