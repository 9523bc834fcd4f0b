//! How names are spelled in Rust: the same rules as prost's, which spells the messages.

use heck::{ToSnakeCase, ToUpperCamelCase};

/// A type's name: `HTTPRequest` is `HttpRequest`, `Self` is `Self_`.
pub(crate) fn upper_camel(name: &str) -> String {
    sanitized(&name.to_upper_camel_case())
}

/// A field's, method's or module's name: `GetURL` is `get_url`, `type` is `r#type`, `self` is `self_`.
pub(crate) fn snake(name: &str) -> String {
    sanitized(&name.to_snake_case())
}

/// A variant's name: without the enum's in front, if something that starts a word remains.
pub(crate) fn variant(enumeration: &str, value: &str, keep_prefix: bool) -> String {
    let name = upper_camel(value);
    if keep_prefix {
        return name;
    }
    match name.strip_prefix(&upper_camel(enumeration)) {
        Some(rest) if rest.starts_with(char::is_uppercase) => sanitized(rest),
        _ => name,
    }
}

/// The module path of a package.
pub(crate) fn modules(package: &str) -> Vec<String> {
    package.split('.').filter(|part| !part.is_empty()).map(snake).collect()
}

fn sanitized(name: &str) -> String {
    match name {
        "self" | "Self" | "super" | "crate" | "extern" | "_" => format!("{name}_"),
        _ if name.starts_with(|first: char| first.is_numeric()) => format!("_{name}"),
        _ if KEYWORDS.contains(&name) => format!("r#{name}"),
        _ => name.to_owned(),
    }
}

/// Those that may be written as raw identifiers, of every edition.
const KEYWORDS: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static",
    "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelled_as_prost_does() {
        assert_eq!(upper_camel("HTTPRequest"), "HttpRequest");
        assert_eq!(upper_camel("Self"), "Self_");
        assert_eq!(snake("GetURL"), "get_url");
        assert_eq!(snake("Type"), "r#type");
        assert_eq!(snake("Self"), "self_");
        assert_eq!(snake("_1"), "_1");
        assert_eq!(variant("Color", "COLOR_RED", false), "Red");
        assert_eq!(variant("Color", "COLOR_RED", true), "ColorRed");
        assert_eq!(variant("Color", "COLORED", false), "Colored");
        assert_eq!(variant("Color", "COLOR_SELF", false), "Self_");
        assert_eq!(modules("google.Type.v1"), ["google", "r#type", "v1"]);
    }
}
