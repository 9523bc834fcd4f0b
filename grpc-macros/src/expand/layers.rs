//! The client of a trait that declares layers: whatever carries its calls, they go through these first,
//! and it is of one type that has a name, since those of the layers have none that could be written down.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use crate::model::{Rpc, Service};
use crate::names;
use crate::visibility;

/// The ways to make a client, all of which put the layers around the calls.
pub(crate) fn constructors(service: &Service) -> TokenStream {
    let (client, module, codegen) = (&service.client, &service.module, &service.root.codegen);
    let ident = &service.declaration.ident;
    let vis = visibility::beside(&service.declaration.vis);
    let (s, t) = (service.unused("S"), service.unused("T"));
    let bounds = service.rpcs.iter().map(|rpc| rpc.bound(service));
    let carrier = carrier();
    let (declared, boxes) = (declared(service), boxes(service));
    let through = format!(" The calls go through the layers that [`{ident}`] declares, made here.");
    quote! {
        #[allow(dead_code, deprecated)]
        impl #client<#module::Boxed> {
            /// A client of the servers that `channel` leads to. It does no I/O.
            ///
            #[doc = #through]
            #vis fn new(channel: #codegen::Channel) -> Self {
                Self::with_service(channel)
            }

            /// A client whose calls run in `implementation`, in this process and with no network.
            ///
            #[doc = #through]
            #vis fn in_process<#t: #ident>(implementation: #t) -> Self {
                Self::with_service(#codegen::InProcess::new(implementation))
            }

            /// A client whose calls go out through `service`.
            ///
            #[doc = #through]
            #vis fn with_service<#s>(#carrier: #s) -> Self
            where
                #s: #(#bounds +)* ::core::marker::Send + ::core::marker::Sync + 'static,
            {
                let #carrier = #codegen::Below::new(#carrier);
                #declared
                Self { service: #codegen::Boxed::new(#module::Services { #boxes }) }
            }
        }
    }
}

/// The way to make a client that has none of the layers.
pub(crate) fn without_layers(service: &Service) -> TokenStream {
    let (vis, s) = (visibility::beside(&service.declaration.vis), service.unused("S"));
    let doc = format!(
        " A client whose calls go out through `service`, without the layers that [`{}`] declares.",
        service.declaration.ident,
    );
    quote! {
        #[doc = #doc]
        #vis fn without_layers(service: #s) -> Self {
            Self { service }
        }
    }
}

/// For the module of markers: what carries calls below the layers of the trait, where some methods have
/// layers of their own below those.
pub(crate) fn by_method(service: &Service) -> Option<TokenStream> {
    if !has_both(service) {
        return None;
    }
    let codegen = &service.root.codegen_in_module;
    let (parameters, fields): (Vec<_>, Vec<_>) =
        layered(service).map(|(index, _)| own(index)).chain([rest()]).unzip();
    let implementations = service.rpcs.iter().enumerate().map(|(index, rpc)| {
        let (cfgs, marker) = (rpc.cfgs(), &rpc.marker);
        let (chosen, field) = if rpc.layers.is_empty() { rest() } else { own(index) };
        let bounds = parameters.iter().map(|parameter| {
            let bound = (*parameter == chosen).then(|| quote!(: #codegen::Invoke<#marker>));
            quote!(#parameter #bound)
        });
        quote! {
            #(#cfgs)*
            impl<#(#bounds),*> #codegen::HasService<#marker> for Layered_<#(#parameters),*> {
                type Service = #chosen;
                fn service(&self) -> &#chosen {
                    &self.#field
                }
            }
        }
    });
    Some(quote! {
        /// What carries calls below the layers of all methods: for some, behind layers of their own.
        pub(super) struct Layered_<#(#parameters),*> {
            #(pub(super) #fields: #parameters,)*
        }
        #(#implementations)*
    })
}

/// Puts the layers that are for all methods around what carries the calls; with those of methods below
/// them, where there are both.
fn declared(service: &Service) -> TokenStream {
    let (module, codegen, carrier) = (&service.module, &service.root.codegen, carrier());
    if service.layers.is_empty() {
        return TokenStream::new();
    }
    let below = has_both(service).then(|| {
        let parts = layered(service).map(|(index, rpc)| {
            let (cfgs, (_, local)) = (rpc.cfgs(), own(index));
            let layered = behind_own(service, rpc);
            let absent = rpc.condition();
            let absent = absent.map(|condition| quote!(#[cfg(not(#condition))] let #local = ();));
            quote! {
                #(#cfgs)*
                let #local = #layered;
                #absent
            }
        });
        let (fields, (_, rest)) = (layered(service).map(|(index, _)| own(index).1), rest());
        quote! {
            #(#parts)*
            let #carrier =
                #codegen::ByMethod::new(#module::Layered_ { #rest: #carrier, #(#fields),* });
        }
    });
    let layered = behind_all(service, &service.layers, quote!(#carrier));
    quote!(#below let #carrier = #layered;)
}

/// `say_hello: BoxedService::new(..)`, for each method.
fn boxes(service: &Service) -> TokenStream {
    let (module, codegen, carrier) = (&service.module, &service.root.codegen, carrier());
    let boxes = service.rpcs.iter().map(|rpc| {
        let (cfgs, field, marker) = (rpc.cfgs(), names::derived(&rpc.ident), &rpc.marker);
        let boxed = match rpc.layers.split_first() {
            Some((outermost, inner)) if service.layers.is_empty() => {
                let function = quote!(#codegen::boxed_behind::<#module::#marker, _, _>);
                behind(&function, outermost, &behind_all(service, inner, cloned()))
            }
            // A layer of the trait that does not fit a method is reported at that method.
            _ => quote_spanned! {names::generated(&rpc.ident)=>
                #codegen::BoxedService::<#module::#marker>::new(::core::clone::Clone::clone(&#carrier))
            },
        };
        quote! {
            #(#cfgs)*
            #field: #boxed,
        }
    });
    quote!(#(#boxes)*)
}

/// What carries the calls, behind the method's own layers, where those of the trait come on top.
fn behind_own(service: &Service, rpc: &Rpc) -> TokenStream {
    let (module, codegen, marker) = (&service.module, &service.root.codegen, &rpc.marker);
    let Some((outermost, inner)) = rpc.layers.split_first() else { return cloned() };
    let function = quote!(#codegen::behind_for::<#module::#marker, _, _>);
    behind(&function, outermost, &behind_all(service, inner, cloned()))
}

/// `service` behind layers whose fit is not looked at: what is around them does.
fn behind_all(service: &Service, layers: &[Expr], carrier: TokenStream) -> TokenStream {
    let codegen = &service.root.codegen;
    let function = quote!(#codegen::behind);
    layers.iter().rev().fold(carrier, |inner, layer| behind(&function, layer, &inner))
}

/// What carries the calls, for one of those that need it.
fn cloned() -> TokenStream {
    let carrier = carrier();
    quote!(::core::clone::Clone::clone(&#carrier))
}

/// `behind(layer, inner)`, at the place of the layer.
fn behind(function: &TokenStream, layer: &Expr, inner: &TokenStream) -> TokenStream {
    let place = layer.span().resolved_at(Span::call_site());
    let function = names::relocated(function.clone(), place);
    quote_spanned!(place=> #function(#layer, #inner))
}

/// The methods that have layers of their own, and which they are.
fn layered(service: &Service) -> impl Iterator<Item = (usize, &Rpc)> {
    service.rpcs.iter().enumerate().filter(|(_, rpc)| !rpc.layers.is_empty())
}

/// Whether there are layers both on the trait and on methods.
fn has_both(service: &Service) -> bool {
    !service.layers.is_empty() && layered(service).next().is_some()
}

/// The type parameter and the field for a method that has layers of its own. Like all names with a `_`
/// behind a letter, they are no marker's.
fn own(index: usize) -> (Ident, Ident) {
    let ident = |name: &str| Ident::new(&format!("{name}_{index}"), Span::mixed_site());
    (ident("Own"), ident("own"))
}

/// The same for all other methods.
fn rest() -> (Ident, Ident) {
    (format_ident!("Rest_"), format_ident!("rest"))
}

/// What carries the calls, under a name that the expressions of layers cannot mean.
fn carrier() -> Ident {
    Ident::new("service", Span::mixed_site())
}
