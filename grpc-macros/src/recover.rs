//! What is emitted where there are mistakes: their messages and, so that those stay the only ones,
//! the trait as well as it can be told without knowing what was meant.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, FnArg, ItemTrait, Safety, TraitItem, TraitItemFn, parse_quote};

use crate::expand;
use crate::model::{Root, conditional};

/// The item as it was, with what is wrong with it.
pub(crate) fn not_a_trait(item: TokenStream, error: syn::Error) -> TokenStream {
    let error = match syn::parse2::<syn::Item>(item.clone()) {
        // The item is sound, so that it is none of ours is all that is wrong.
        Ok(other) => syn::Error::new_spanned(
            other,
            "`#[grpc_client]` goes on a trait whose methods are those of the service: write \
             `trait Greeter { async fn say_hello(&self, request: HelloRequest) -> \
             Result<HelloReply, Status>; }`",
        ),
        Err(_) => error,
    };
    let error = error.into_compile_error();
    quote!(#error #item)
}

/// The trait with its methods in the form in which implementations expect them.
pub(crate) fn declaration(
    mut declaration: ItemTrait,
    root: &Root,
    error: syn::Error,
) -> TokenStream {
    declaration.modifiers.auto_token = None;
    declaration
        .attrs
        .retain(|attribute| !attribute.path().is_ident("rpc") && !is_conditional(attribute));
    let mut seen = HashSet::new();
    declaration.items.retain_mut(|item| match item {
        TraitItem::Fn(method) => {
            mend(method, root);
            let conditional = method.attrs.iter().any(|one| one.path().is_ident("cfg"));
            conditional || seen.insert(method.sig.ident.to_string())
        }
        _ => true,
    });
    expand::require_thread_safety(&mut declaration);
    let error = error.into_compile_error();
    let declaration = declaration.into_token_stream();
    quote!(#error #[allow(async_fn_in_trait, unused)] #declaration)
}

/// Takes off a method what the compiler would complain about a second time.
fn mend(method: &mut TraitItemFn, root: &Root) {
    method.attrs.retain(|attribute| !is_conditional(attribute));
    if let Some(body) = &mut method.default {
        *body = parse_quote!({ loop {} });
    }
    let signature = &mut method.sig;
    signature.constness = None;
    signature.abi = None;
    signature.variadic = None;
    signature.safety = Safety::Default;
    method.modifiers.defaultness = None;
    for input in &mut signature.inputs {
        match input {
            FnArg::Typed(argument) => {
                argument.attrs.clear();
                if method.default.is_none() {
                    *argument.pat = parse_quote!(_);
                }
            }
            FnArg::Receiver(receiver) => {
                receiver.attrs.clear();
                receiver.mutability = None;
            }
        }
    }
    if method.sig.asyncness.is_some() && method.default.is_none() {
        expand::make_future_send(method, root);
    }
}

/// Whether it would put an attribute of ours on the item at times.
fn is_conditional(attribute: &Attribute) -> bool {
    let inner = conditional(attribute).unwrap_or_default();
    inner.iter().any(|meta| meta.path().is_ident("rpc") || meta.path().is_ident("layer"))
}
