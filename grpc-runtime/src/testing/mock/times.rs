//! [`Times`]: how often a call is expected.

use std::fmt;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

/// How often calls are expected: a number, or a range of them.
///
/// | written | means |
/// |---|---|
/// | `2` | exactly twice |
/// | `1..` | at least once |
/// | `..=3` | at most three times |
/// | `1..=3` | once to three times |
/// | `..` | as often as they come |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    least: usize,
    /// `None` for any number.
    most: Option<usize>,
}

impl Times {
    pub(super) const NEVER: Self = Self { least: 0, most: Some(0) };

    pub(super) fn exactly(times: usize) -> Self {
        Self { least: times, most: Some(times) }
    }

    /// Whether `came` calls are enough.
    pub(super) fn is_met_by(self, came: usize) -> bool {
        came >= self.least
    }

    /// Whether one more than `came` is too many.
    pub(super) fn is_full_with(self, came: usize) -> bool {
        self.most.is_some_and(|most| came >= most)
    }
}

impl From<usize> for Times {
    fn from(times: usize) -> Self {
        Self::exactly(times)
    }
}

impl From<RangeFull> for Times {
    fn from(_: RangeFull) -> Self {
        Self { least: 0, most: None }
    }
}

impl From<RangeFrom<usize>> for Times {
    fn from(range: RangeFrom<usize>) -> Self {
        Self { least: range.start, most: None }
    }
}

impl From<RangeToInclusive<usize>> for Times {
    fn from(range: RangeToInclusive<usize>) -> Self {
        Self { least: 0, most: Some(range.end) }
    }
}

impl From<RangeInclusive<usize>> for Times {
    fn from(range: RangeInclusive<usize>) -> Self {
        Self { least: *range.start(), most: Some(*range.end()) }
    }
}

/// An empty range means never.
impl From<RangeTo<usize>> for Times {
    fn from(range: RangeTo<usize>) -> Self {
        Self { least: 0, most: Some(range.end.saturating_sub(1)) }
    }
}

/// An empty range means never.
impl From<Range<usize>> for Times {
    fn from(range: Range<usize>) -> Self {
        match range.is_empty() {
            true => Self::NEVER,
            false => Self { least: range.start, most: Some(range.end - 1) },
        }
    }
}

/// `once`, `at least twice`, `3 to 5 times`.
impl fmt::Display for Times {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (0, None) => formatter.write_str("any number of times"),
            (least, Some(most)) if least == most => write!(formatter, "{}", Often(most)),
            (0, Some(most)) => write!(formatter, "at most {}", Often(most)),
            (least, None) => write!(formatter, "at least {}", Often(least)),
            (least, Some(most)) => write!(formatter, "{least} to {}", Often(most)),
        }
    }
}

/// A number of times, as people say it.
pub(super) struct Often(pub(super) usize);

impl fmt::Display for Often {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => formatter.write_str("never"),
            1 => formatter.write_str("once"),
            2 => formatter.write_str("twice"),
            times => write!(formatter, "{times} times"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_as_it_is_meant() {
        for (times, text) in [
            (Times::from(0), "never"),
            (Times::from(1), "once"),
            (Times::from(3), "3 times"),
            (Times::from(..), "any number of times"),
            (Times::from(2..), "at least twice"),
            (Times::from(..=1), "at most once"),
            (Times::from(..4), "at most 3 times"),
            (Times::from(2..=5), "2 to 5 times"),
            (Times::from(2..3), "twice"),
            (Times::from(5..5), "never"),
        ] {
            assert_eq!(times.to_string(), text);
        }
    }

    #[test]
    fn numbers_are_counted() {
        let times = Times::from(1..=2);
        assert!(!times.is_met_by(0) && times.is_met_by(1) && times.is_met_by(2));
        assert!(!times.is_full_with(1) && times.is_full_with(2));
        assert!(!Times::from(..).is_full_with(usize::MAX));
    }
}
