//! The `grpc-timeout` header: what is left of a call's time, as the server is told it, and as a server reads it that
//! makes calls itself.
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

/// What a `grpc-timeout` says (PROTOCOL-HTTP2, "Timeout"); `None` where it is malformed. Zero is no positive number, but
/// servers are sent it, and know what is meant.
pub(crate) fn from_grpc_timeout(value: &HeaderValue) -> Option<Duration> {
    let (unit, digits) = value.as_bytes().split_last()?;
    if !(1..=MOST_DIGITS).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    let (_, length) = UNITS.into_iter().find(|(known, _)| known == unit)?;
    let nanoseconds = u128::from(number) * length;
    let (seconds, rest) = (nanoseconds / SECOND, nanoseconds % SECOND);
    Some(Duration::new(u64::try_from(seconds).ok()?, u32::try_from(rest).ok()?))
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
    (b'S', SECOND),
    (b'M', 60 * SECOND),
    (b'H', 3_600 * SECOND),
];

const SECOND: u128 = 1_000_000_000;

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

    #[test]
    fn a_timeout_is_read() {
        for (text, expected) in [
            ("1n", Duration::from_nanos(1)),
            ("20u", Duration::from_micros(20)),
            ("300m", Duration::from_millis(300)),
            ("0S", Duration::ZERO),
            ("00000004S", Duration::from_secs(4)),
            ("5M", Duration::from_secs(300)),
            ("99999999H", Duration::from_secs(99_999_999 * 3600)),
        ] {
            assert_eq!(
                from_grpc_timeout(&HeaderValue::from_static(text)),
                Some(expected),
                "{text}"
            );
        }
        for text in ["", "S", "1", "1s", "-1S", "+1S", " 1S", "1 S", "1.5S", "123456789S", "1SS"] {
            assert_eq!(from_grpc_timeout(&HeaderValue::from_static(text)), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(nanos in any::<u64>()) {
            let text = grpc_timeout(Duration::from_nanos(nanos));
            let (told, _) = read(text.to_str().unwrap());
            prop_assert_eq!(from_grpc_timeout(&text).unwrap().as_nanos(), told);
        }

        #[test]
        fn garbage_is_no_timeout(bytes in proptest::collection::vec(32..=126_u8, 0..12)) {
            let value = HeaderValue::from_bytes(&bytes).unwrap();
            if let Some(timeout) = from_grpc_timeout(&value) {
                prop_assert!(bytes.len() <= 9 && timeout <= Duration::from_secs(99_999_999 * 3600));
            }
        }

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
