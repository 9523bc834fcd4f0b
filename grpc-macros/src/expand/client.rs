//! The client: a service with the trait's methods on it, each giving a call that can still be
//! configured.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::layers;
use crate::model::{Rpc, Service};
use crate::names;
use crate::visibility;

/// `pub struct GreeterClient<S = Channel> { .. }` and its functions.
pub(crate) fn client(service: &Service) -> TokenStream {
    let (client, module, codegen) = (&service.client, &service.module, &service.root.codegen);
    let (name, ident) = (&service.name, &service.declaration.ident);
    let vis = visibility::beside(&service.declaration.vis);
    let (s, l) = (service.unused("S"), service.unused("L"));
    let bounds: Vec<TokenStream> = service.rpcs.iter().map(|rpc| rpc.bound(service)).collect();
    let boxes = service.rpcs.iter().map(|rpc| {
        let (cfgs, field, marker) = (rpc.cfgs(), names::derived(&rpc.ident), &rpc.marker);
        quote! {
            #(#cfgs)*
            #field: #codegen::BoxedService::<#module::#marker>::new(::core::clone::Clone::clone(&self.service))
        }
    });
    let (default, constructors, with_service) = match service.has_layers() {
        false => (quote!(#codegen::Channel), constructors(service), with_service(service)),
        true => {
            (quote!(#module::Boxed), layers::constructors(service), layers::without_layers(service))
        }
    };
    let methods = service.rpcs.iter().map(|rpc| method(service, rpc, &vis));
    let doc = format!(" A client of `{name}`: [`{ident}`] whose calls go out through `{s}`.");
    let deprecated = service.declaration.attrs.iter();
    let deprecated = deprecated.filter(|attribute| attribute.path().is_ident("deprecated"));
    quote! {
        #[doc = #doc]
        #(#deprecated)*
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #vis struct #client<#s = #default> { service: #s }

        #constructors

        #[allow(dead_code, deprecated)]
        impl<#s> #client<#s> {
            #with_service

            /// This client with `layer` around the calls of all its methods.
            #vis fn layer<#l: #codegen::Layer<#s>>(self, layer: #l) -> #client<#l::Service> {
                #client { service: #codegen::Layer::layer(&layer, self.service) }
            }

            /// This client with a type that does not tell what it is made of.
            #vis fn boxed(self) -> #client<#module::Boxed>
            where
                #s: #(#bounds +)* ::core::marker::Send + ::core::marker::Sync + 'static,
            {
                let services = #module::Services { #(#boxes,)* };
                #client { service: #codegen::Boxed::new(services) }
            }

            #(#methods)*
        }
    }
}

/// The ways to make a client: of a channel, and of an implementation.
fn constructors(service: &Service) -> TokenStream {
    let (client, codegen, t) = (&service.client, &service.root.codegen, service.unused("T"));
    let ident = &service.declaration.ident;
    let vis = visibility::beside(&service.declaration.vis);
    quote! {
        #[allow(dead_code, deprecated)]
        impl #client<#codegen::Channel> {
            /// A client of the servers that `channel` leads to. It does no I/O.
            #vis fn new(channel: #codegen::Channel) -> Self {
                Self { service: channel }
            }
        }

        #[allow(dead_code, deprecated)]
        impl<#t: #ident> #client<#codegen::InProcess<#t>> {
            /// A client whose calls run in `implementation`, in this process and with no network.
            #vis fn in_process(implementation: #t) -> Self {
                Self { service: #codegen::InProcess::new(implementation) }
            }
        }
    }
}

/// The way to make a client of anything else.
fn with_service(service: &Service) -> TokenStream {
    let (vis, s) = (visibility::beside(&service.declaration.vis), service.unused("S"));
    quote! {
        /// A client whose calls go out through `service`.
        #vis fn with_service(service: #s) -> Self {
            Self { service }
        }
    }
}

/// `pub fn say_hello(&self, ..) -> Call<S, greeter::SayHello>`
fn method(service: &Service, rpc: &Rpc, vis: &TokenStream) -> TokenStream {
    let (module, codegen, s) = (&service.module, &service.root.codegen, service.unused("S"));
    let (marker, argument, request) =
        (&rpc.marker, &rpc.signature.argument, &rpc.signature.request);
    let ident = names::derived(&rpc.ident);
    let (input, message) = match rpc.signature.kind.client_streams() {
        false => (quote!(#request), quote!(#argument)),
        true => (
            quote!(impl #codegen::IntoOutbound<#request>),
            quote!(#codegen::IntoOutbound::into_outbound(#argument)),
        ),
    };
    let documented = rpc.attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
    let gap = documented.then(|| quote!(#[doc = ""]));
    let (carried, doc) = (rpc.carried(), format!(" Calls `{}`.", service.path(rpc)));
    quote! {
        #(#carried)*
        #gap
        #[doc = #doc]
        #vis fn #ident(&self, #argument: #input) -> #codegen::Call<#s, #module::#marker>
        where
            #s: #codegen::Invoke<#module::#marker>,
        {
            #codegen::Call::new(::core::clone::Clone::clone(&self.service), #message)
        }
    }
}
