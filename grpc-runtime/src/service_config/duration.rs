//! `google.protobuf.Duration` as JSON writes it: seconds, up to nine decimals, an `s`.
//!
//! Only durations that are not negative: no field of a service config may have another.

use std::time::Duration;

/// Reads it; `None` is text that is no duration, or a negative one, or one out of range.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let text = text.strip_suffix('s')?;
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (seconds, nanos) = match text.split_once('.') {
        // Without an integer in front of it, a fraction is still a number (as grpc-go reads it).
        Some(("", fraction)) => (0, nanos(fraction)?),
        Some((seconds, fraction)) => (digits(seconds)?, nanos(fraction)?),
        None => (digits(text)?, 0),
    };
    let duration = Duration::new(seconds, nanos);
    (seconds <= LONGEST_SECONDS && (!negative || duration.is_zero())).then_some(duration)
}

fn nanos(fraction: &str) -> Option<u32> {
    let places = u32::try_from(fraction.len()).ok().filter(|places| *places <= 9)?;
    Some(u32::try_from(digits(fraction)?).ok()? * 10_u32.pow(9 - places))
}

fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

/// About 10,000 years (`google/protobuf/duration.proto`).
const LONGEST_SECONDS: u64 = 315_576_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, seconds, nanos) in [
            ("0s", 0, 0),
            ("-0.0s", 0, 0),
            ("1s", 1, 0),
            ("+1s", 1, 0),
            ("1.5s", 1, 500_000_000),
            (".01s", 0, 10_000_000),
            ("0.000000001s", 0, 1),
            ("007.10s", 7, 100_000_000),
            ("315576000000s", 315_576_000_000, 0),
            ("315576000000.999999999s", 315_576_000_000, 999_999_999),
        ] {
            assert_eq!(parse(text), Some(Duration::new(seconds, nanos)), "{text}");
        }
    }

    #[test]
    fn other_text_is_not() {
        for text in [
            "",
            "s",
            ".s",
            "-s",
            "1",
            "1.s",
            "1.5",
            "1S",
            "1ms",
            "1 s",
            " 1s",
            "1s ",
            "1e3s",
            "1,5s",
            "0.0000000001s",
            "315576000001s",
            "99999999999999999999999s",
            "-1s",
            "-0.000000001s",
            "--1s",
            "+-1s",
            "1.-5s",
            "1.+5s",
            "\u{661}s",
            "Infs",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0..=LONGEST_SECONDS, nanos in 0..1_000_000_000_u32) {
            let text = format!("{seconds}.{nanos:09}s");
            prop_assert_eq!(parse(&text), Some(Duration::new(seconds, nanos)));
        }

        #[test]
        fn no_text_is_too_much(text: String, number in "[-+.0-9]{0,25}s?") {
            let _ = parse(&text);
            let _ = parse(&number);
        }
    }
}
