//! `#[interceptor]`: an `async fn` becomes a layer with a name. What the function does is none of its
//! business, nor are traits of services; it goes through the same steps as they do.

mod expand;
mod parse;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{ItemFn, Type, WherePredicate};

use crate::model::Root;

/// What the attribute makes of its function.
pub(crate) fn expanded(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match parse::read(arguments, item.clone()) {
        Ok(interceptor) => expand::interceptor(&interceptor),
        Err(error) => {
            // The function as it was, so that the mistake stays the only one.
            let error = error.into_compile_error();
            quote!(#error #item)
        }
    }
}

/// A function that is an interceptor.
struct Interceptor {
    /// The layer's type: `Tenant`.
    name: Ident,
    /// Where generated code finds the runtime.
    root: Root,
    /// The function as the user wrote it.
    function: ItemFn,
    /// The leading parameters, which become fields.
    state: Vec<State>,
    /// The method whose calls it is for: the generic parameter, or a marker.
    method: Type,
    /// The generic parameter and its bounds, where it is for more than one.
    generic: Option<syn::TypeParam>,
    /// Further bounds.
    bounds: Vec<WherePredicate>,
}

/// A parameter that the layer holds.
struct State {
    /// Its name.
    ident: Ident,
    /// Its type, without the reference.
    ty: Type,
    /// How each call gets it.
    passing: Passing,
}

/// How a call gets a value that the layer holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Passing {
    /// By reference; all calls share it.
    Shared,
    /// By value, a clone each.
    Cloned,
}
