//! A list of status codes in parentheses, `codes(UNAVAILABLE, ABORTED)`, by the names that specifications and service
//! configs use. A mistake names the code that was most likely meant.

use proc_macro2::{Ident, TokenTree};
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};

use crate::errors::Errors;
use crate::model::Code;
use crate::parse::list::Argument;

/// Reads the list that follows the argument's name; it may be empty.
pub(crate) fn read(argument: &Argument<'_>) -> syn::Result<Vec<Code>> {
    let name = &argument.name;
    let tokens = argument.parentheses("UNAVAILABLE")?;
    let (mut codes, mut errors) = (Vec::new(), Errors::default());
    let expected = format!("expected the name of a status code, as in `{name}(UNAVAILABLE)`");
    let mut read = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let span = input.span();
            match Ident::parse_any(input) {
                Ok(word) if input.is_empty() || input.peek(Token![,]) => {
                    errors.keep(code(&word, &codes)).into_iter().for_each(|code| codes.push(code));
                }
                Ok(_) | Err(_) => {
                    errors.at_span(span, &expected);
                    while !input.is_empty() && !input.peek(Token![,]) {
                        input.parse::<TokenTree>()?;
                    }
                }
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    let result = Parser::parse2(&mut read, tokens);
    errors.keep(result);
    errors.into_error().map_or(Ok(codes), Err)
}

/// The code of this name, which is not among those `before`.
fn code(word: &Ident, before: &[Code]) -> syn::Result<Code> {
    let name = word.to_string();
    let wrong = |message| Err(syn::Error::new_spanned(word, message));
    if name == "OK" {
        return wrong("`OK` is not a failure: leave it out".to_owned());
    }
    match CODES.iter().find(|code| code.name == name) {
        Some(code) if before.contains(code) => {
            wrong(format!("`{name}` is listed twice: write it once"))
        }
        Some(code) => Ok(*code),
        None => wrong(format!("there is no status code `{name}`: {}", instead_of(&name))),
    }
}

/// What to write in the place of a name that is no code's.
fn instead_of(name: &str) -> String {
    let plain = |name: &str| name.replace('_', "").to_ascii_uppercase();
    let name = plain(name);
    let nearest = CODES
        .iter()
        .map(|code| (distance(&plain(code.name), &name), code.name))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, code)) if distance * 3 <= code.len() => format!("write `{code}`"),
        _ => {
            let all: Vec<String> = CODES.iter().map(|code| format!("`{}`", code.name)).collect();
            format!("write one of {}", all.join(", "))
        }
    }
}

/// How many letters have to be put in, taken out or changed to make one text the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, against) in other.chars().enumerate() {
            let change = diagonal + usize::from(letter != against);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.chars().count()]
}

/// What a call made without saying so is tried again after.
pub(crate) const UNAVAILABLE: Code = Code { name: "UNAVAILABLE", variant: "Unavailable" };

/// The codes of failures (`doc/statuscodes.md` of the gRPC project).
const CODES: [Code; 16] = [
    Code { name: "CANCELLED", variant: "Cancelled" },
    Code { name: "UNKNOWN", variant: "Unknown" },
    Code { name: "INVALID_ARGUMENT", variant: "InvalidArgument" },
    Code { name: "DEADLINE_EXCEEDED", variant: "DeadlineExceeded" },
    Code { name: "NOT_FOUND", variant: "NotFound" },
    Code { name: "ALREADY_EXISTS", variant: "AlreadyExists" },
    Code { name: "PERMISSION_DENIED", variant: "PermissionDenied" },
    Code { name: "RESOURCE_EXHAUSTED", variant: "ResourceExhausted" },
    Code { name: "FAILED_PRECONDITION", variant: "FailedPrecondition" },
    Code { name: "ABORTED", variant: "Aborted" },
    Code { name: "OUT_OF_RANGE", variant: "OutOfRange" },
    Code { name: "UNIMPLEMENTED", variant: "Unimplemented" },
    Code { name: "INTERNAL", variant: "Internal" },
    UNAVAILABLE,
    Code { name: "DATA_LOSS", variant: "DataLoss" },
    Code { name: "UNAUTHENTICATED", variant: "Unauthenticated" },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_named() {
        for (written, meant) in [
            ("UNAVALIABLE", "UNAVAILABLE"),
            ("Unavailable", "UNAVAILABLE"),
            ("unavailable", "UNAVAILABLE"),
            ("Canceled", "CANCELLED"),
            ("ResourceExhausted", "RESOURCE_EXHAUSTED"),
            ("EXHAUSTED_RESOURCES", "RESOURCE_EXHAUSTED`, "),
            ("TIMEOUT", "DEADLINE_EXCEEDED`, "),
            ("DEADLINE", "CANCELLED`, "),
            ("Unauthenticate", "UNAUTHENTICATED"),
            ("NOTFOUND", "NOT_FOUND"),
            // Which of the two that may stand for it is anyone's guess.
            ("UNAUTHORIZED", "PERMISSION_DENIED`, "),
            ("_", "CANCELLED`, "),
        ] {
            let said = instead_of(written);
            assert!(said.contains(meant), "{written}: {said}");
            assert_eq!(said.contains("one of"), meant.ends_with(' '), "{written}: {said}");
        }
    }

    #[test]
    fn distances() {
        for (one, other, expected) in
            [("", "", 0), ("a", "", 1), ("", "ab", 2), ("abc", "abd", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }
}
