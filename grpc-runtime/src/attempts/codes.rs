//! A set of status codes, small enough to be copied: what a retry or hedging policy lists.

use std::fmt;

use crate::status::Code;

/// Some of the seventeen status codes.
///
/// ```
/// use grpc_runtime::Code;
/// use grpc_runtime::service_config::CodeSet;
///
/// const PASSING: CodeSet = CodeSet::of(&[Code::Unavailable, Code::ResourceExhausted]);
/// assert!(PASSING.contains(Code::Unavailable));
/// assert!(!PASSING.contains(Code::NotFound));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CodeSet(u32);

impl CodeSet {
    /// None of them.
    pub const EMPTY: CodeSet = CodeSet(0);

    /// These; one that is listed twice is in it once.
    pub const fn of(codes: &[Code]) -> CodeSet {
        let mut set = CodeSet::EMPTY;
        let mut index = 0;
        while index < codes.len() {
            set = set.with(codes[index]);
            index += 1;
        }
        set
    }

    /// The same and this one.
    #[must_use]
    pub const fn with(self, code: Code) -> CodeSet {
        CodeSet(self.0 | 1 << code as u32)
    }

    /// Whether this one is in it.
    pub const fn contains(self, code: Code) -> bool {
        self.0 & 1 << code as u32 != 0
    }

    /// Whether there is none in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in it, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Code> {
        Code::ALL.into_iter().filter(move |code| self.contains(*code))
    }
}

impl FromIterator<Code> for CodeSet {
    fn from_iter<I: IntoIterator<Item = Code>>(codes: I) -> CodeSet {
        codes.into_iter().fold(CodeSet::EMPTY, CodeSet::with)
    }
}

impl fmt::Debug for CodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_set_shows_what_is_in_it() {
        const SET: CodeSet = CodeSet::of(&[Code::Unavailable, Code::Ok, Code::Unavailable]);
        assert_eq!(format!("{SET:?}"), "{Ok, Unavailable}");
        assert_eq!(CodeSet::of(&Code::ALL).iter().count(), 17);
        assert!(CodeSet::default().is_empty() && CodeSet::EMPTY.iter().next().is_none());
    }

    proptest! {
        #[test]
        fn it_is_a_set(numbers in prop::collection::btree_set(0_i32..17, 0..17)) {
            let codes: Vec<Code> = numbers.iter().copied().map(Code::from_i32).collect();
            let set: CodeSet = codes.iter().copied().collect();
            prop_assert_eq!(set, CodeSet::of(&codes));
            prop_assert_eq!(set.iter().collect::<Vec<_>>(), codes);
            prop_assert_eq!(set.is_empty(), numbers.is_empty());
            for code in Code::ALL {
                prop_assert_eq!(set.contains(code), numbers.contains(&i32::from(code)));
            }
        }
    }
}
