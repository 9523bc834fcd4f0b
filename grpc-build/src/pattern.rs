//! The paths by which options choose messages, fields, services and methods; the rules are prost's.
//!
//! `.` is everything, `.package.Message` is that and all below it, `Message.field` (without a leading
//! dot) is whatever ends so.

/// Whether `pattern` chooses the element whose full path, with a leading dot, is `path`.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    if pattern == "." || pattern == path {
        return true;
    }
    if pattern.starts_with('.') {
        path.strip_prefix(pattern).is_some_and(|rest| rest.starts_with('.'))
    } else {
        path.strip_suffix(pattern).is_some_and(|rest| rest.ends_with('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn everything_below_or_the_same_ending() {
        for pattern in [".", ".a", ".a.B", ".a.B.c", "c", "B.c", "a.B.c"] {
            assert!(matches(pattern, ".a.B.c"), "{pattern}");
        }
        for pattern in
            ["", "..", ".B", ".a.B.c.d", ".a.B.", "b", "a.B", ".a.", "B.", ".a.Bc", "xB.c"]
        {
            assert!(!matches(pattern, ".a.B.c"), "{pattern}");
        }
    }
}
