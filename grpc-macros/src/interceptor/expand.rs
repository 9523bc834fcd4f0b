//! From what the function says to the layer: the function as it was, a type that holds its state, and the two
//! traits that make a layer of it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Attribute;

use super::{Interceptor, Passing};
use crate::model::Words;
use crate::names;
use crate::visibility;

/// All that the function becomes.
pub(super) fn interceptor(interceptor: &Interceptor) -> TokenStream {
    let function = &interceptor.function;
    let (holder, intercepts, layer) =
        (holder(interceptor), intercepts(interceptor), layer(interceptor));
    quote!(#function #holder #intercepts #layer)
}

/// `struct Quota { .. }`, and how to make one.
fn holder(interceptor: &Interceptor) -> TokenStream {
    let (name, codegen) = (&interceptor.name, &interceptor.root.codegen);
    let function = &interceptor.function.sig.ident;
    let vis = visibility::beside(&interceptor.function.vis);
    let (docs, cfgs) = (attributes(interceptor, "doc"), attributes(interceptor, "cfg"));
    let gap = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
    let doc = format!(" The layer that runs [`{function}`] around calls.");
    let deprecated = attributes(interceptor, "deprecated");
    let head = quote!(#(#docs)* #gap #[doc = #doc] #(#cfgs)* #(#deprecated)*);
    if interceptor.state.is_empty() {
        return quote! {
            #head
            #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
            #vis struct #name;
        };
    }
    let fields = interceptor.state.iter().map(|state| {
        let (ident, ty) = (&state.ident, &state.ty);
        match state.passing {
            Passing::Shared => quote!(#ident: #codegen::Arc<#ty>),
            Passing::Cloned => quote!(#ident: #ty),
        }
    });
    let parameters = interceptor.state.iter().map(|state| {
        let (ident, ty) = (&state.ident, &state.ty);
        match state.passing {
            Passing::Shared => quote!(#ident: impl ::core::convert::Into<#codegen::Arc<#ty>>),
            Passing::Cloned => quote!(#ident: #ty),
        }
    });
    let values = interceptor.state.iter().map(|state| {
        let ident = &state.ident;
        match state.passing {
            Passing::Shared => quote!(#ident: ::core::convert::Into::into(#ident)),
            Passing::Cloned => ident.to_token_stream(),
        }
    });
    let text = name.to_string();
    let new = format!(
        " The layer with what [`{function}`] is given for each call. Clones share what is borrowed."
    );
    quote! {
        #head
        #[derive(::core::clone::Clone)]
        #vis struct #name { #(#fields),* }

        #(#cfgs)*
        #[allow(dead_code, deprecated)]
        impl #name {
            #[doc = #new]
            #vis fn new(#(#parameters),*) -> Self {
                Self { #(#values),* }
            }
        }

        #(#cfgs)*
        #[allow(deprecated)]
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                formatter.debug_struct(#text).finish_non_exhaustive()
            }
        }
    }
}

/// `impl<M: Method> Interceptor<M> for Quota { .. }`
fn intercepts(interceptor: &Interceptor) -> TokenStream {
    let Interceptor { name, method, generic, bounds, .. } = interceptor;
    let (codegen, function) = (&interceptor.root.codegen, &interceptor.function.sig.ident);
    let (cfgs, s) = (attributes(interceptor, "cfg"), next_type(interceptor));
    let bounds = (!bounds.is_empty()).then(|| quote!(where #(#bounds),*));
    let state = interceptor.state.iter().map(|state| {
        let ident = &state.ident;
        match state.passing {
            Passing::Shared => quote!(&*self.#ident),
            Passing::Cloned => quote!(::core::clone::Clone::clone(&self.#ident)),
        }
    });
    // Without state to borrow, the function's own future goes into the box, and no other around it.
    let boxed = interceptor.state.is_empty().then(|| {
        quote_spanned! {names::generated(function)=>
            fn intercept_boxed<#s: #codegen::Invoke<#method>>(
                self,
                request: #codegen::Request<#method>,
                next: #s,
            ) -> #codegen::BoxedCall<#method> {
                #codegen::Box::new(#codegen::Interceptor::intercept(&#name, request, next))
            }
        }
    });
    // A function that gives something else, or a future that cannot be sent, is reported at its name.
    quote_spanned! {names::generated(function)=>
        #(#cfgs)*
        #[allow(deprecated)]
        impl<#generic> #codegen::Interceptor<#method> for #name #bounds {
            fn intercept<#s: #codegen::Invoke<#method>>(
                &self,
                request: #codegen::Request<#method>,
                next: #s,
            ) -> impl #codegen::Future<
                Output = #codegen::StdResult<#codegen::Response<#method>, #codegen::Status>,
            > + ::core::marker::Send {
                #function(#(#state,)* request, next)
            }

            #boxed
        }
    }
}

/// `impl<S> Layer<S> for Quota { .. }`
fn layer(interceptor: &Interceptor) -> TokenStream {
    let (name, codegen) = (&interceptor.name, &interceptor.root.codegen);
    let (cfgs, s) = (attributes(interceptor, "cfg"), next_type(interceptor));
    quote! {
        #(#cfgs)*
        #[allow(deprecated)]
        impl<#s> #codegen::TowerLayer<#s> for #name {
            type Service = #codegen::Intercepted<Self, #s>;

            fn layer(&self, next: #s) -> Self::Service {
                let layer = #codegen::Intercept(::core::clone::Clone::clone(self));
                #codegen::TowerLayer::layer(&layer, next)
            }
        }
    }
}

/// A name for the type of what comes next that hides none of the user's.
fn next_type(interceptor: &Interceptor) -> Ident {
    Words::of(interceptor.function.sig.to_token_stream()).unused("S")
}

/// The function's attributes of that name, which hold for what it becomes as well.
fn attributes<'a>(interceptor: &'a Interceptor, name: &str) -> Vec<&'a Attribute> {
    let attributes = interceptor.function.attrs.iter();
    attributes.filter(|attribute| attribute.path().is_ident(name)).collect()
}
