//! Names: from one case to another, into identifiers, and whether the wire may carry them.
//! It decides nothing about types or tokens; `parse` and `expand` ask it.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;

/// `say_hello`, `sayHello` and `r#type` as `SayHello`, `SayHello` and `Type`.
pub(crate) fn upper_camel(name: &Ident) -> String {
    let name = name.unraw().to_string();
    let words = name.split('_').filter(|word| !word.is_empty());
    words
        .flat_map(|word| {
            let mut characters = word.chars();
            let first = characters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(characters).collect::<Vec<_>>()
        })
        .collect()
}

/// `Greeter`, `HTTPGateway` and `KV` as `greeter`, `http_gateway` and `kv`.
pub(crate) fn snake(name: &Ident) -> String {
    let characters: Vec<char> = name.unraw().to_string().chars().collect();
    let mut snake = String::new();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(index + 1);
        let starts_word = character.is_uppercase()
            && before.is_some_and(|before| {
                before != '_'
                    && (!before.is_uppercase() || after.is_some_and(|after| after.is_lowercase()))
            });
        if starts_word {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

/// `name` as an identifier: keywords become raw, and the few that cannot be raw get a `_` behind.
pub(crate) fn identifier(name: &str, span: Span) -> Ident {
    match name {
        "self" | "Self" | "super" | "crate" | "_" => Ident::new(&format!("{name}_"), span),
        // Reserved from edition 2024 on; raw, it is an identifier in every edition.
        "gen" => Ident::new_raw(name, span),
        _ if syn::parse_str::<Ident>(name).is_ok() => Ident::new(name, span),
        _ => Ident::new_raw(name, span),
    }
}

/// The marker type of the method `name`: its name in `UpperCamelCase`, or with `Method` behind
/// where the module of markers has something else of that name, or as it is where no case fits.
pub(crate) fn marker(name: &Ident) -> Ident {
    let camel = upper_camel(name);
    match camel.as_str() {
        "Services" | "Boxed" | "Self" => Ident::new(&format!("{camel}Method"), generated(name)),
        _ if syn::parse_str::<Ident>(&camel).is_ok() => Ident::new(&camel, generated(name)),
        _ => Ident::new(&name.unraw().to_string(), generated(name)),
    }
}

/// Where a name that stems from `name` is: at its place, and known to be generated.
pub(crate) fn generated(name: &Ident) -> Span {
    name.span().resolved_at(Span::call_site())
}

/// `name` itself, known to be generated: lints leave it alone, and errors point at the user's.
pub(crate) fn derived(name: &Ident) -> Ident {
    // Generated spans are of this crate's edition, which reserves `gen`; the user's may not.
    let mut derived =
        if name == "gen" { Ident::new_raw("gen", generated(name)) } else { name.clone() };
    derived.set_span(generated(name));
    derived
}

/// `tokens` as if all of them stood at `place`, where an error in them is then reported; what they
/// mean stays what it is where they come from.
pub(crate) fn relocated(tokens: TokenStream, place: Span) -> TokenStream {
    let relocate = |mut token: TokenTree| {
        let span = place.resolved_at(token.span());
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), relocated(group.stream(), place)).into();
        }
        token.set_span(span);
        token
    };
    tokens.into_iter().map(relocate).collect()
}

/// Whether `name` can name a method on the wire, or one part of a service's full name.
pub(crate) fn is_wire_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What keeps `name` from being the full name of a service or a package, if anything does.
pub(crate) fn full_name_error(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("is empty")
    } else if name.contains('/') {
        Some("has a slash, which belongs to the path that is made of it")
    } else if name.starts_with('.') || name.ends_with('.') {
        Some("has a dot at its end or start")
    } else if !name.split('.').all(is_wire_name) {
        Some("is not made of names (letters, digits and `_`, no digit first) with dots between")
    } else {
        None
    }
}

/// `tokens` as a person would write them, for an error message.
pub(crate) fn written(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (spaced, close) in
        [(" :: ", "::"), (":: ", "::"), (" < ", "<"), (" >", ">"), (" ,", ","), ("& ", "&")]
    {
        text = text.replace(spaced, close);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Ident {
        match text.strip_prefix("r#") {
            Some(raw) => Ident::new_raw(raw, Span::call_site()),
            None => Ident::new(text, Span::call_site()),
        }
    }

    #[test]
    fn methods_get_the_names_that_a_proto_file_would_give_them() {
        for (method, camel) in [
            ("say_hello", "SayHello"),
            ("sayHello", "SayHello"),
            ("r#type", "Type"),
            ("_hidden_", "Hidden"),
            ("get_v1", "GetV1"),
            ("get_URL", "GetURL"),
            ("__", ""),
            ("\u{e4}rger", "\u{c4}rger"),
        ] {
            assert_eq!(upper_camel(&name(method)), camel);
        }
    }

    #[test]
    fn traits_get_modules_in_snake_case() {
        for (service, module) in [
            ("Greeter", "greeter"),
            ("KV", "kv"),
            ("HTTPGateway", "http_gateway"),
            ("RouteGuide2", "route_guide2"),
            ("Snake_Case", "snake_case"),
            ("lower", "lower"),
            ("r#type", "type"),
        ] {
            assert_eq!(snake(&name(service)), module);
        }
    }

    #[test]
    fn keywords_become_identifiers() {
        for (text, identifier_text) in
            [("type", "r#type"), ("gen", "r#gen"), ("super", "super_"), ("greeter", "greeter")]
        {
            assert_eq!(identifier(text, Span::call_site()).to_string(), identifier_text);
        }
    }

    #[test]
    fn markers_keep_clear_of_what_else_is_in_their_module() {
        for (method, marker_name) in [
            ("services", "ServicesMethod"),
            ("self_", "SelfMethod"),
            ("_1", "_1"),
            ("say_hello", "SayHello"),
        ] {
            assert_eq!(marker(&name(method)).to_string(), marker_name);
        }
    }

    #[test]
    fn full_names_are_checked() {
        for good in ["Greeter", "helloworld.Greeter", "a.b.c_1._D"] {
            assert_eq!(full_name_error(good), None, "{good}");
        }
        for bad in ["", ".", ".a", "a.", "a..b", "a/b", "1a", "a.1", "a b", "ä", "a-b"] {
            assert!(full_name_error(bad).is_some(), "{bad}");
        }
    }
}
