//! The mock of a trait, where one is asked for: a peer that is told which calls to expect, method by method. What it does is
//! the runtime's `testing::Mock`; here it gets the trait's names.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse_quote;

use crate::model::{Rpc, Service};
use crate::names;
use crate::parse::impl_bounds_mut;
use crate::visibility;

/// `pub struct MockGreeter { .. }` and what it has.
pub(crate) fn mock(service: &Service) -> Option<TokenStream> {
    let mock = service.mock.as_ref()?;
    let (ident, codegen) = (&service.declaration.ident, &service.root.codegen);
    let vis = visibility::beside(&service.declaration.vis);
    let doc = format!(
        " A [`{ident}`] that is told which calls to expect and what to answer, for tests: a \
         `grpc_runtime::testing::Mock` with the methods of the service."
    );
    let client = client(service, &vis);
    let expectations = service.rpcs.iter().map(|rpc| expectation(service, rpc, &vis));
    let implementation = implementation(service, mock);
    Some(quote! {
        #[doc = #doc]
        #[allow(dead_code)]
        #[derive(::core::fmt::Debug, ::core::default::Default)]
        #vis struct #mock { mock: #codegen::Mock }

        #[allow(dead_code, deprecated)]
        impl #mock {
            /// One that expects no call yet.
            #vis fn new() -> Self {
                ::core::default::Default::default()
            }

            #client

            #(#expectations)*
        }

        /// `verify`, `check` and `in_order`.
        impl ::core::ops::Deref for #mock {
            type Target = #codegen::Mock;

            fn deref(&self) -> &#codegen::Mock {
                &self.mock
            }
        }

        #implementation
    })
}

/// The way to a client of the mock, which has the layers that the trait declares.
fn client(service: &Service, vis: &TokenStream) -> TokenStream {
    let (client, module, codegen) = (&service.client, &service.module, &service.root.codegen);
    let carrier = match service.has_layers() {
        false => quote!(#codegen::MockService),
        true => quote!(#module::Boxed),
    };
    let mut name = String::from("client");
    while service.rpcs.iter().any(|rpc| rpc.ident == name) {
        name.push('_');
    }
    let name = Ident::new(&name, Span::call_site());
    quote! {
        /// A client whose calls this mock answers. `.boxed()` gives it the type that a boxed client over a channel has.
        #vis fn #name(&self) -> #client<#carrier> {
            #client::with_service(#codegen::Mock::service(&self.mock))
        }
    }
}

/// `pub fn say_hello(&self) -> Expectation<greeter::SayHello>`
fn expectation(service: &Service, rpc: &Rpc, vis: &TokenStream) -> TokenStream {
    let (module, codegen, marker) = (&service.module, &service.root.codegen, &rpc.marker);
    let (cfgs, method) = (rpc.cfgs(), names::derived(&rpc.ident));
    let doc = format!(" Expects calls of `{}`: one, unless more is said.", service.path(rpc));
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #[track_caller]
        #vis fn #method(&self) -> #codegen::Expectation<#module::#marker> {
            #codegen::Mock::expect(&self.mock)
        }
    }
}

/// `impl Greeter for MockGreeter { .. }`
fn implementation(service: &Service, mock: &Ident) -> TokenStream {
    let (ident, codegen) = (&service.declaration.ident, &service.root.codegen);
    let supertraits = &service.declaration.supertraits;
    // The lifetime lets the compiler find out later whether the mock is all that.
    let supertraits =
        (!supertraits.is_empty()).then(|| quote!(where for<'later> Self: #supertraits));
    let methods = service.rpcs.iter().map(|rpc| {
        let (module, marker) = (&service.module, &rpc.marker);
        let (cfgs, signature) = (rpc.cfgs(), &rpc.signature);
        let (argument, output) = (&signature.argument, &signature.output);
        let mut input = signature.input.clone();
        let mut message = quote!(#argument);
        if let Some(bounds) = impl_bounds_mut(&mut input) {
            bounds.push(parse_quote!(::core::marker::Send));
            bounds.push(parse_quote!('static));
            message = quote!(#codegen::IntoOutbound::into_outbound(#argument));
        }
        let method = names::derived(&rpc.ident);
        quote! {
            #(#cfgs)*
            async fn #method(&self, #argument: #input) -> #output {
                let service = #codegen::Mock::service(&self.mock);
                #codegen::Call::<_, #module::#marker>::new(service, #message).await
            }
        }
    });
    quote! {
        #[allow(deprecated)]
        impl #ident for #mock #supertraits {
            #(#methods)*
        }
    }
}
