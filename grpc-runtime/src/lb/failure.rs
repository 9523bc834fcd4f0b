//! What failing calls are told: what was tried, the resolver's note, and the last connection error, in that order.
//!
//! Texts only. When to fail is for the policies.

use crate::status::{Delivery, Origin, Status};

/// No connection to any of `tried` things called `what`. `last` is the newest of their failures.
pub(super) fn unreachable(
    last: Option<&Status>,
    tried: usize,
    what: &str,
    note: Option<&str>,
) -> Status {
    let Some(last) = last else {
        let text = format!("no connection to any of {tried} {what}{}", told(note));
        return Status::unavailable(text)
            .with_origin(Origin::Transport)
            .with_delivery(Delivery::NotSent);
    };
    let last = last.clone().with_delivery(Delivery::NotSent);
    match around(tried, what, note) {
        Some(around) => last.context(around),
        None => last,
    }
}

/// What goes in front of the last failure; nothing where that says it all.
pub(super) fn around(tried: usize, what: &str, note: Option<&str>) -> Option<String> {
    match (tried, note) {
        (0 | 1, None) => None,
        (0 | 1, note) => Some(format!("no connection{}", told(note))),
        (tried, note) => {
            Some(format!("no connection to any of {tried} {what}{}, the last failure", told(note)))
        }
    }
}

/// The resolver found nothing.
pub(super) fn no_endpoints(note: Option<&str>, last: Option<&Status>) -> Status {
    let mut text = format!("name resolver error: produced zero addresses{}", told(note));
    if let Some(last) = last {
        text = format!("{text}; the last connection error: {}", last.message());
    }
    Status::unavailable(text).with_delivery(Delivery::NotSent)
}

/// What an error of the resolver adds to what failing calls are told, while old endpoints are in use.
pub(super) fn note_of(error: &Status) -> String {
    format!("the last name resolution failed: {}", error.message())
}

fn told(note: Option<&str>) -> String {
    note.map(|note| format!(" (resolver: {note})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_holds_what_was_tried_the_note_and_the_last_error() {
        let last = Status::unavailable("1.2.3.4:5: refused");
        let text =
            |tried, note| unreachable(Some(&last), tried, "addresses", note).message().to_owned();
        assert_eq!(text(1, None), "1.2.3.4:5: refused");
        assert_eq!(text(1, Some("old")), "no connection (resolver: old): 1.2.3.4:5: refused");
        assert_eq!(
            text(2, Some("old")),
            "no connection to any of 2 addresses (resolver: old), the last failure: 1.2.3.4:5: refused"
        );
        assert_eq!(
            no_endpoints(Some("old"), Some(&last)).message(),
            "name resolver error: produced zero addresses (resolver: old); \
             the last connection error: 1.2.3.4:5: refused"
        );
    }
}
