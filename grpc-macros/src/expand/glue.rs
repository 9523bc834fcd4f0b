//! What ties the pieces together: the client implements the trait, an implementation of the trait
//! handles the client's calls, and an erased client finds the service of each method.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse_quote;

use crate::model::{Rpc, Service};
use crate::names;
use crate::parse::impl_bounds_mut;

/// The implementations for the whole trait and for each method.
pub(crate) fn glue(service: &Service) -> TokenStream {
    let implementation = implementation(service);
    let methods = service.rpcs.iter().map(|rpc| {
        let (handler, dispatch) = (handler(service, rpc), dispatch(service, rpc));
        quote!(#handler #dispatch)
    });
    quote!(#implementation #(#methods)*)
}

/// `impl<S: ..> Greeter for GreeterClient<S> { .. }`
fn implementation(service: &Service) -> TokenStream {
    let (client, ident, s) = (&service.client, &service.declaration.ident, service.unused("S"));
    let bounds = service.rpcs.iter().map(|rpc| rpc.bound(service));
    let supertraits = &service.declaration.supertraits;
    let supertraits = (!supertraits.is_empty()).then(|| quote!(where Self: #supertraits));
    let methods = service.rpcs.iter().map(|rpc| {
        let (cfgs, signature) = (rpc.cfgs(), &rpc.signature);
        let (argument, output) = (&signature.argument, &signature.output);
        let mut input = signature.input.clone();
        if let Some(bounds) = impl_bounds_mut(&mut input) {
            bounds.push(parse_quote!(::core::marker::Send));
            bounds.push(parse_quote!('static));
        }
        let method = names::derived(&rpc.ident);
        let call = quote!({ #client::<#s>::#method(self, #argument).await });
        let call = at_error(rpc, call);
        quote! {
            #(#cfgs)*
            async fn #method(&self, #argument: #input) -> #output #call
        }
    });
    quote! {
        #[allow(deprecated)]
        impl<#s: #(#bounds +)* ::core::marker::Send + ::core::marker::Sync + 'static> #ident
            for #client<#s> #supertraits
        {
            #(#methods)*
        }
    }
}

/// `impl<T: Greeter> Handler<greeter::SayHello> for InProcess<T> { .. }`
fn handler(service: &Service, rpc: &Rpc) -> TokenStream {
    let (module, codegen, t) = (&service.module, &service.root.codegen, service.unused("T"));
    let (ident, method) = (&service.declaration.ident, &rpc.ident);
    let (cfgs, marker, signature) = (rpc.cfgs(), &rpc.marker, &rpc.signature);
    let (argument, request, success) =
        (&signature.argument, &signature.request, &signature.success);
    let input = match signature.kind.client_streams() {
        false => quote!(#request),
        true => quote!(#codegen::Outbound<#request>),
    };
    let call = quote! {{
        #codegen::into_status::<#module::#marker>(<#t as #ident>::#method(&self, #argument).await)
    }};
    let call = at_error(rpc, call);
    quote! {
        #(#cfgs)*
        #[allow(deprecated)]
        impl<#t: #ident> #codegen::Handler<#module::#marker> for #codegen::InProcess<#t> {
            async fn handle(
                self,
                #argument: #input,
            ) -> #codegen::StdResult<#success, #codegen::Status> #call
        }
    }
}

/// `impl Dispatch<greeter::SayHello> for greeter::Services { .. }`
fn dispatch(service: &Service, rpc: &Rpc) -> TokenStream {
    let (module, codegen) = (&service.module, &service.root.codegen);
    let (cfgs, marker, field) = (rpc.cfgs(), &rpc.marker, names::derived(&rpc.ident));
    quote! {
        #(#cfgs)*
        impl #codegen::Dispatch<#module::#marker> for #module::Services {
            fn service(&self) -> &#codegen::BoxedService<#module::#marker> {
                &self.#field
            }

            fn service_mut(&mut self) -> &mut #codegen::BoxedService<#module::#marker> {
                &mut self.#field
            }
        }
    }
}

/// `body` at the place of its method's error type, at which one that does not fit is reported.
fn at_error(rpc: &Rpc, body: TokenStream) -> TokenStream {
    names::relocated(body, rpc.signature.error_place)
}
