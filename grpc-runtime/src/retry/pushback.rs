//! `grpc-retry-pushback-ms`: a server's word on whether and when to try again (gRFC A6, "Pushback").
//!
//! Reading only; what follows from it is decided by the machines.

use std::time::Duration;

use http::HeaderMap;

/// What the trailers of a failed attempt say about another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Pushback {
    /// Nothing: the policy decides.
    #[default]
    Absent,
    /// To wait exactly this long, if there is to be another attempt at all.
    After(Duration),
    /// Not to try again: a negative number, no number, or more than one.
    Stop,
}

impl Pushback {
    /// Reads the trailers of a response that was nothing but trailers; nowhere else does pushback count (RT-04).
    pub(crate) fn from_trailers(trailers: &HeaderMap) -> Self {
        let mut values = trailers.get_all(PUSHBACK).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => Self::parse(value.as_bytes()).unwrap_or(Self::Stop),
            (Some(_), Some(_)) => Self::Stop,
        }
    }

    /// A signed number of 32 bits, not below zero.
    fn parse(value: &[u8]) -> Option<Self> {
        let number: i32 = std::str::from_utf8(value).ok()?.parse().ok()?;
        u64::try_from(number).ok().map(Duration::from_millis).map(Self::After)
    }
}

const PUSHBACK: &str = "grpc-retry-pushback-ms";

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(values: &[&[u8]]) -> Pushback {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("14"));
        for value in values {
            trailers.append(PUSHBACK, HeaderValue::from_bytes(value).unwrap());
        }
        Pushback::from_trailers(&trailers)
    }

    #[test]
    fn one_number_is_a_pause_and_all_else_a_no() {
        let after = |millis| Pushback::After(Duration::from_millis(millis));
        for (values, expected) in [
            (&[][..], Pushback::Absent),
            (&["0"], after(0)),
            (&["10"], after(10)),
            (&["1000"], after(1000)),
            (&["2147483647"], after(2_147_483_647)),
            (&["2147483648"], Pushback::Stop),
            (&["-1"], Pushback::Stop),
            (&["-2147483648"], Pushback::Stop),
            (&["xxx"], Pushback::Stop),
            (&["1s"], Pushback::Stop),
            (&["1.5"], Pushback::Stop),
            (&["0x10"], Pushback::Stop),
            (&[" 1"], Pushback::Stop),
            (&["1, 2"], Pushback::Stop),
            (&[""], Pushback::Stop),
            (&["10", "10"], Pushback::Stop),
            (&["-1", "10"], Pushback::Stop),
            (&["10", "10", "10"], Pushback::Stop),
        ] {
            let bytes: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
            assert_eq!(read(&bytes), expected, "{values:?}");
        }
        assert_eq!(read(&[b"\xff"]), Pushback::Stop);
    }

    proptest! {
        #[test]
        fn garbage_never_means_to_try_again(value in "[ -~]{0,12}") {
            let expected = match value.parse::<i32>() {
                Ok(number) if number >= 0 => Pushback::After(Duration::from_millis(number as u64)),
                _ => Pushback::Stop,
            };
            prop_assert_eq!(read(&[value.as_bytes()]), expected);
        }
    }
}
