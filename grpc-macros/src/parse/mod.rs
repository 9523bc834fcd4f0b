//! From tokens to the model. Reading never stops at a mistake: all of them come out at once, and
//! with them the trait, so that nothing else in the program trips over its absence.

mod clashes;
mod codes;
mod layers;
pub(crate) mod list;
mod policies;
mod rpc;
mod service;
mod signature;
mod types;

use std::cell::OnceCell;

use proc_macro2::TokenStream;
use syn::{Attribute, ItemTrait, TraitItem, TraitItemFn, Type};

use crate::errors::Errors;
use crate::model::{Rpc, Service, conditional};
use crate::names;
use crate::recover;

pub(crate) use types::impl_bounds_mut;

/// Reads an attribute and its trait; the error is what to emit instead of a client.
pub(crate) fn service(arguments: TokenStream, item: TokenStream) -> Result<Service, TokenStream> {
    let mut declaration = match syn::parse2::<ItemTrait>(item.clone()) {
        Ok(declaration) => declaration,
        Err(error) => return Err(recover::not_a_trait(item, error)),
    };
    let mut errors = Errors::default();
    check_trait(&declaration, &mut errors);
    layers::check_conditional(&declaration.attrs, &mut errors);
    let layers = layers::take(&mut declaration.attrs, &mut errors);
    let arguments = service::read(arguments, &declaration, &mut errors);
    let mut rpcs = Vec::new();
    for item in &mut declaration.items {
        match item {
            TraitItem::Fn(method) => {
                rpcs.extend(read_method(method, arguments.error.as_ref(), &mut errors));
            }
            other => errors.at(
                other,
                "a service has methods only: put types, constants and macros beside the trait",
            ),
        }
    }
    clashes::check(&arguments.name, &rpcs, &mut errors);
    if let Some(error) = errors.into_error() {
        return Err(recover::declaration(declaration, &arguments.root, error));
    }
    Ok(Service {
        name: arguments.name,
        client: arguments.client,
        module: arguments.module,
        root: arguments.root,
        codec: arguments.codec,
        error: arguments.error,
        mock: arguments.mock,
        layers,
        declaration,
        rpcs,
        words: OnceCell::new(),
    })
}

/// What a trait must not be to be a service.
fn check_trait(declaration: &ItemTrait, errors: &mut Errors) {
    if let Some(word) = &declaration.modifiers.auto_token {
        errors.at(word, "a service is not an `auto` trait: leave the word out");
    }
    if let Some(word) = &declaration.unsafety {
        errors.at(word, "a service is safe to implement: leave `unsafe` out");
    }
    if !declaration.generics.params.is_empty() {
        errors.at(
            &declaration.generics.params,
            "a service is not generic, since its methods have one path on the wire each: write the \
             messages' types",
        );
    }
    if let Some(clause) = &declaration.generics.where_clause {
        errors
            .at(clause, "a service has no `where` clause: write supertraits, `trait Name: Bound`");
    }
    for attribute in declaration.attrs.iter().filter(|attribute| attribute.path().is_ident("rpc")) {
        errors.at(attribute, "`#[rpc]` goes on a method: here, write `#[grpc_client(..)]`");
    }
}

/// Reads one method and takes the attributes off it that are ours.
fn read_method(method: &mut TraitItemFn, error: Option<&Type>, errors: &mut Errors) -> Option<Rpc> {
    check_conditional(&method.attrs, errors);
    layers::check_conditional(&method.attrs, errors);
    let options = rpc::take(method, errors);
    let layers = layers::take(&mut method.attrs, errors);
    let ident = &method.sig.ident;
    let signature = signature::read(method, error, errors);
    if let Some(instead) = reserved(ident) {
        let wire = options.name.map_or_else(|| names::upper_camel(ident), |name| name.value());
        errors.at(
            ident,
            format!(
                "`{ident}` is a function of the client itself: call the method `{instead}`, and \
                 write `#[rpc(name = \"{wire}\")]` for its name on the wire",
            ),
        );
        return None;
    }
    let wire_name = match &options.name {
        Some(name) => name.value(),
        None => names::upper_camel(ident),
    };
    if !names::is_wire_name(&wire_name) {
        errors.at(
            ident,
            format!(
                "`{ident}` gives no name that the wire can carry: write `#[rpc(name = \"..\")]`",
            ),
        );
        return None;
    }
    Some(Rpc {
        marker: names::marker(ident),
        ident: ident.clone(),
        wire_name,
        attributes: method.attrs.clone(),
        signature: signature?,
        options,
        layers,
    })
}

/// What to call a method instead of a name that the client has for itself.
fn reserved(ident: &syn::Ident) -> Option<String> {
    let name = syn::ext::IdentExt::unraw(ident).to_string();
    CLIENT_FUNCTIONS.contains(&name.as_str()).then(|| format!("{name}_"))
}

/// A condition decides on whole methods, so it must be where this macro sees it.
fn check_conditional(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes {
        for inner in conditional(attribute).unwrap_or_default() {
            if inner.path().is_ident("rpc") {
                errors.at(
                    inner,
                    "`#[rpc]` cannot be conditional: declare the method twice, under `#[cfg(..)]` \
                     and `#[cfg(not(..))]`",
                );
            } else if inner.path().is_ident("cfg") {
                errors.at(inner, "a `cfg` within `cfg_attr` stays unseen: write `#[cfg(..)]`");
            }
        }
    }
}

/// The functions that a client has whatever its service: no method can have their names.
const CLIENT_FUNCTIONS: [&str; 7] =
    ["new", "with_service", "without_layers", "layer", "boxed", "in_process", "clone"];
