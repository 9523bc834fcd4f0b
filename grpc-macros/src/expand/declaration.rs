//! The trait itself, with futures that can move between threads: `async fn` alone cannot say so.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};
use syn::{FnArg, ItemTrait, ReturnType, TraitItem, TraitItemFn, parse_quote};

use crate::model::{Root, Service};
use crate::names::generated;
use crate::parse::impl_bounds_mut;

/// The trait as it is emitted.
pub(crate) fn declaration(service: &Service) -> TokenStream {
    let mut declaration = service.declaration.clone();
    for item in &mut declaration.items {
        if let TraitItem::Fn(method) = item {
            make_future_send(method, &service.root);
        }
    }
    require_thread_safety(&mut declaration);
    declaration.into_token_stream()
}

/// Makes whatever implements the trait usable from every thread, for as long as it is needed.
pub(crate) fn require_thread_safety(declaration: &mut ItemTrait) {
    declaration.colon_token.get_or_insert_with(Default::default);
    declaration.supertraits.push(parse_quote!(::core::marker::Send));
    declaration.supertraits.push(parse_quote!(::core::marker::Sync));
    declaration.supertraits.push(parse_quote!('static));
}

/// Writes `async fn` as the function that it is short for, with a future that is `Send`.
pub(crate) fn make_future_send(method: &mut TraitItemFn, root: &Root) {
    let (signature, codegen) = (&mut method.sig, &root.codegen);
    signature.asyncness = None;
    for input in &mut signature.inputs {
        if let FnArg::Typed(argument) = input
            && let Some(bounds) = impl_bounds_mut(&mut argument.ty)
        {
            bounds.push(parse_quote!(::core::marker::Send));
            bounds.push(parse_quote!('static));
        }
    }
    let output = match &signature.output {
        ReturnType::Type(_, ty) => ty.to_token_stream(),
        ReturnType::Default => quote_spanned!(generated(&signature.ident)=> ()),
    };
    let future = quote_spanned! {generated(&signature.ident)=>
        -> impl #codegen::Future<Output = #output> + ::core::marker::Send
    };
    signature.output = parse_quote!(#future);
}
