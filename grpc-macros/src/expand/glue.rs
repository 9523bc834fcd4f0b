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
    let (module, codegen) = (&service.module, &service.root.codegen);
    let bounds = service.rpcs.iter().map(|rpc| rpc.bound(service));
    let supertraits = &service.declaration.supertraits;
    let supertraits = (!supertraits.is_empty()).then(|| quote!(where Self: #supertraits));
    let methods = service.rpcs.iter().map(|rpc| {
        let (cfgs, signature) = (rpc.cfgs(), &rpc.signature);
        let (marker, argument) = (&rpc.marker, &signature.argument);
        let mut input = signature.input.clone();
        if let Some(bounds) = impl_bounds_mut(&mut input) {
            bounds.push(parse_quote!(::core::marker::Send));
            bounds.push(parse_quote!('static));
        }
        let method = names::derived(&rpc.ident);
        let future = at_error(rpc, quote!(#codegen::CallFuture<#s, #module::#marker>));
        quote! {
            #(#cfgs)*
            fn #method(&self, #argument: #input) -> #future {
                #codegen::IntoFuture::into_future(#client::<#s>::#method(self, #argument))
            }
        }
    });
    // The future is named, which the trait does not: an `async fn` would be one more to compile for each method.
    quote! {
        #[allow(deprecated, refining_impl_trait)]
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
    let (argument, request, output) = (&signature.argument, &signature.request, &signature.output);
    let input = match signature.kind.client_streams() {
        false => quote!(#request),
        true => quote!(#codegen::Outbound<#request>),
    };
    let future = quote!(impl #codegen::Future<Output = #output> + ::core::marker::Send);
    let future = at_error(rpc, future);
    quote! {
        #(#cfgs)*
        #[allow(deprecated)]
        impl<#t: #ident> #codegen::Handler<#module::#marker> for #codegen::InProcess<#t> {
            fn handle(
                &self,
                #argument: #input,
            ) -> #future {
                <#t as #ident>::#method(self, #argument)
            }
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

/// A future at the place of its method's error type, at which one that does not fit is reported.
fn at_error(rpc: &Rpc, future: TokenStream) -> TokenStream {
    names::relocated(future, rpc.signature.error_place)
}
