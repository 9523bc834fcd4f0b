//! `#[layer(..)]`: one layer an attribute, on the trait or on a method. Which layer it is, and whether it
//! fits, is for the compiler to say.

use syn::parse::ParseStream;
use syn::{Attribute, Expr, Meta};

use crate::errors::Errors;
use crate::model::conditional;

/// Takes the `#[layer(..)]`s out of `attributes` and reads them, the outermost first.
pub(crate) fn take(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Vec<Expr> {
    let mut layers = Vec::new();
    attributes.retain(|attribute| {
        let ours = attribute.path().is_ident("layer");
        if ours {
            layers.extend(read(attribute, errors));
        }
        !ours
    });
    layers
}

/// Tells of those that are there at times only: the client has one type.
pub(crate) fn check_conditional(attributes: &[Attribute], errors: &mut Errors) {
    for inner in attributes.iter().filter_map(conditional).flatten() {
        if inner.path().is_ident("layer") {
            errors.at(
                inner,
                "`#[layer(..)]` cannot be conditional: have the layer decide, as \
                 `#[layer(tower::util::option_layer(cfg!(..).then_some(..)))]` does",
            );
        }
    }
}

/// Reads one `#[layer(..)]`.
fn read(attribute: &Attribute, errors: &mut Errors) -> Option<Expr> {
    let list = match &attribute.meta {
        Meta::List(list) if !list.tokens.is_empty() => list,
        _ => {
            errors.at(attribute, "expected a layer, as in `#[layer(Trace::new())]`");
            return None;
        }
    };
    let one = |input: ParseStream<'_>| {
        let layer = input.parse::<Expr>()?;
        if input.is_empty() {
            return Ok(layer);
        }
        let place = input.span();
        let _rest: proc_macro2::TokenStream = input.parse()?;
        Err(syn::Error::new(
            place,
            "one layer an attribute: write `#[layer(..)]` again for the next, the outermost first",
        ))
    };
    errors.keep(list.parse_args_with(one))
}
