//! What is visible where, one module deeper: the markers stand in a module of their own, and must be
//! visible from exactly where their trait is, or private messages would leak through them.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::Visibility;

/// `visibility`, as an item of a module inside of the item's own has to write it.
pub(crate) fn inside(visibility: &Visibility) -> TokenStream {
    match visibility {
        Visibility::Public(_) => quote!(pub),
        Visibility::Inherited => quote!(pub(super)),
        Visibility::Restricted(restricted) => {
            let path = &restricted.path;
            let mut segments = path.segments.iter();
            match segments.next().map(|first| first.ident.to_string()).as_deref() {
                Some("self") => quote!(pub(super)),
                Some("super") => quote!(pub(in super::#path)),
                Some("crate") if segments.next().is_none() => quote!(pub(crate)),
                // A path from the root is the same from everywhere.
                _ => quote!(pub(in #path)),
            }
        }
    }
}

/// `visibility` beside its item, marked as generated.
pub(crate) fn beside(visibility: &Visibility) -> TokenStream {
    respanned(visibility.to_token_stream())
}

fn respanned(tokens: TokenStream) -> TokenStream {
    let respan = |mut token: TokenTree| {
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), respanned(group.stream())).into();
        }
        token.set_span(Span::call_site());
        token
    };
    tokens.into_iter().map(respan).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_visibility_means_the_same_one_module_deeper() {
        for (written, deeper) in [
            ("pub", "pub"),
            ("", "pub(super)"),
            ("pub(self)", "pub(super)"),
            ("pub(in self)", "pub(super)"),
            ("pub(crate)", "pub(crate)"),
            ("pub(in crate)", "pub(crate)"),
            ("pub(super)", "pub(in super::super)"),
            ("pub(in super::super)", "pub(in super::super::super)"),
            ("pub(in crate::a::b)", "pub(in crate::a::b)"),
        ] {
            let visibility = syn::parse_str(written).expect("a visibility");
            assert_eq!(
                inside(&visibility).to_string(),
                deeper.parse::<TokenStream>().expect("tokens").to_string(),
            );
        }
    }
}
