//! The `grpc-timeout` header: what is left of a call's time, as the server is told it.
//!
//! Pure arithmetic. Holding the call to its deadline is the engine's; human durations such as `"500ms"`
//! are read by the macros.

use std::time::Duration;

use http::HeaderValue;

/// The value of `grpc-timeout` (PROTOCOL-HTTP2, "Timeout"): at most eight digits and a unit.
///
/// It has the finest unit that fits and is rounded up, so that the server never gives up before the client
/// does, and at most one unit after it. Nothing is allocated but the value.
///
/// The number has to be positive, so no time at all becomes a nanosecond; calls without time left are not
/// sent in the first place. More than eight digits of hours (11,000 years) become eight nines of them.
pub(crate) fn grpc_timeout(remaining: Duration) -> HeaderValue {
    let (number, unit) = number_and_unit(remaining);
    let mut text = [0_u8; MOST_DIGITS + 1];
    let mut rest = number;
    let mut start = MOST_DIGITS;
    text[start] = unit;
    loop {
        start -= 1;
        // A digit, by the remainder.
        text[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 || start == 0 {
            break;
        }
    }
    HeaderValue::from_bytes(&text[start..]).unwrap_or(HeaderValue::from_static("99999999H"))
}

fn number_and_unit(remaining: Duration) -> (u64, u8) {
    let nanoseconds = remaining.as_nanos().max(1);
    for (unit, length) in UNITS {
        let number = nanoseconds.div_ceil(length);
        if number <= u128::from(LARGEST) {
            return (number as u64, unit);
        }
    }
    (LARGEST, b'H')
}

/// The units from fine to coarse, in nanoseconds.
const UNITS: [(u8, u128); 6] = [
    (b'n', 1),
    (b'u', 1_000),
    (b'm', 1_000_000),
    (b'S', 1_000_000_000),
    (b'M', 60 * 1_000_000_000),
    (b'H', 3_600 * 1_000_000_000),
];

const MOST_DIGITS: usize = 8;
const LARGEST: u64 = 99_999_999;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(remaining: Duration) -> String {
        grpc_timeout(remaining).to_str().unwrap().to_owned()
    }

    /// What a server makes of it, and the length of the unit, in nanoseconds.
    fn read(text: &str) -> (u128, u128) {
        let (digits, unit) = text.split_at(text.len() - 1);
        assert!((1..=8).contains(&digits.len()), "{text}");
        let number: u128 = digits.parse().unwrap();
        assert!(number > 0);
        let (_, length) = UNITS.into_iter().find(|(u, _)| unit.as_bytes() == [*u]).unwrap();
        (number * length, length)
    }

    #[test]
    fn the_finest_unit_that_fits_rounded_up() {
        let nanos = Duration::from_nanos;
        let seconds = Duration::from_secs;
        for (remaining, expected) in [
            (nanos(0), "1n"),
            (nanos(1), "1n"),
            (nanos(12_345_678), "12345678n"),
            (nanos(99_999_999), "99999999n"),
            (nanos(100_000_000), "100000u"),
            (nanos(123_456_789), "123457u"),
            (Duration::from_micros(123_456_789), "123457m"),
            (Duration::from_millis(123_456_789), "123457S"),
            (seconds(1), "1000000u"),
            (seconds(99_999_999), "99999999S"),
            (seconds(99_999_999) + nanos(1), "1666667M"),
            (seconds(123_456_789), "2057614M"),
            (seconds(123_456_789 * 60), "2057614H"),
            (seconds(99_999_999 * 3600), "99999999H"),
            (seconds(u64::MAX), "99999999H"),
            (Duration::MAX, "99999999H"),
        ] {
            assert_eq!(written(remaining), expected, "{remaining:?}");
        }
    }

    proptest! {
        #[test]
        fn never_earlier_and_at_most_a_unit_later(seconds in 0..99_999_999_u64 * 3600, nanos in 0..1_000_000_000_u32, shift in 0..60_u32) {
            // The shift spreads the cases over all units.
            let remaining = Duration::new(seconds >> shift, nanos).max(Duration::from_nanos(1));
            let (told, unit) = read(&written(remaining));
            prop_assert!(told >= remaining.as_nanos());
            prop_assert!(told - remaining.as_nanos() < unit);
        }
    }
}
