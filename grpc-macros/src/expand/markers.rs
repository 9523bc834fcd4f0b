//! The methods as types: a module that holds one uninhabited type for each, and what an erased
//! client consists of. `Method` is implemented outside of the module, where the user's types
//! resolve as the user wrote them.

use std::time::Duration;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse_quote;

use crate::expand::layers;
use crate::model::{Code, Hedge, Idempotency, Policy, Retry, Rpc, Service};
use crate::names::{self, generated};
use crate::visibility;

/// `mod greeter { .. }`
pub(crate) fn module(service: &Service) -> TokenStream {
    let Service { module, name, .. } = service;
    let codegen = &service.root.codegen_in_module;
    let beside = visibility::beside(&service.declaration.vis);
    let inside = visibility::inside(&service.declaration.vis);
    let markers = service.rpcs.iter().map(|rpc| marker(service, rpc, &inside));
    let stand_ins = service.rpcs.iter().map(|rpc| stand_in(service, rpc, &inside));
    let fields = service.rpcs.iter().map(|rpc| {
        let (cfgs, ident, marker) = (rpc.cfgs(), names::derived(&rpc.ident), &rpc.marker);
        quote!(#(#cfgs)* pub(super) #ident: #codegen::BoxedService<#marker>)
    });
    let layered = layers::by_method(service);
    let doc = format!(" The methods of `{name}` as types, and what its erased client is made of.");
    quote! {
        #[doc = #doc]
        #[allow(dead_code, non_camel_case_types, non_snake_case)]
        #beside mod #module {
            /// The full name of the service on the wire.
            #inside const SERVICE: &str = #name;
            #(#markers)*
            #(#stand_ins)*
            /// What carries the calls of an erased client: a boxed service for each method.
            #[derive(::core::clone::Clone, ::core::fmt::Debug)]
            #inside struct Services { #(#fields,)* }
            /// The service of an erased client, whatever it was made of.
            #inside type Boxed = #codegen::Boxed<Services>;
            #layered
        }
    }
}

/// `impl Method for greeter::SayHello { .. }`, for each method.
pub(crate) fn methods(service: &Service) -> TokenStream {
    service.rpcs.iter().map(|rpc| method(service, rpc)).collect()
}

/// `enum SayHello {}`
fn marker(service: &Service, rpc: &Rpc, inside: &TokenStream) -> TokenStream {
    let (cfgs, marker) = (rpc.cfgs(), &rpc.marker);
    let doc = format!(" The method `{}`.", service.path(rpc));
    quote! {
        #[doc = #doc]
        #(#cfgs)*
        #[derive(::core::fmt::Debug)]
        #inside enum #marker {}
    }
}

/// The trait that stands for a method in bounds: asking for the method where it is compiled, and
/// for nothing where it is not.
fn stand_in(service: &Service, rpc: &Rpc, inside: &TokenStream) -> Option<TokenStream> {
    let stand_in = rpc.stand_in(service)?;
    let (marker, s) = (&rpc.marker, service.unused("S"));
    let codegen = &service.root.codegen_in_module;
    let condition = rpc.condition()?;
    let doc = format!(" What carries `{}`, where that is compiled.", service.path(rpc));
    Some(quote! {
        #[doc = #doc]
        #[cfg(#condition)]
        #inside trait #stand_in: #codegen::Invoke<#marker> {}
        #[cfg(#condition)]
        impl<#s: #codegen::Invoke<#marker>> #stand_in for #s {}
        #[doc = #doc]
        #[cfg(not(#condition))]
        #inside trait #stand_in {}
        #[cfg(not(#condition))]
        impl<#s> #stand_in for #s {}
    })
}

/// `impl Method for greeter::SayHello { .. }`
fn method(service: &Service, rpc: &Rpc) -> TokenStream {
    let Service { module, root, .. } = service;
    let (codegen, marker, cfgs, path) = (&root.codegen, &rpc.marker, rpc.cfgs(), service.path(rpc));
    let (request, response, kind) =
        (&rpc.signature.request, &rpc.signature.response, rpc.signature.kind.name());
    // A message that is private, or that the codec does not know, is reported at its method.
    let place = generated(&rpc.ident);
    let codec = match &service.codec {
        Some(codec) => quote!(#codec),
        None => quote!(#codegen::Prost),
    };
    let codec = names::relocated(codec, place);
    let error = service.error.as_ref().unwrap_or(&rpc.signature.error);
    let options = options(service, rpc);
    let idempotent = rpc.options.idempotency.map(|_| {
        let cfgs = rpc.cfgs();
        quote_spanned! {place=>
            #(#cfgs)*
            impl #codegen::Idempotent for #module::#marker {}
        }
    });
    quote_spanned! {place=>
        #(#cfgs)*
        #[allow(deprecated)]
        impl #codegen::Method for #module::#marker {
            type Request = #request;
            type Response = #response;
            type Kind = #codegen::#kind;
            type Codec = #codec;
            type Error = #error;
            const DESCRIPTOR: &'static #codegen::MethodDescriptor = &const {
                #codegen::MethodDescriptor::new(#path, #codegen::MethodKind::#kind) #(#options)*
            };
        }
        #idempotent
    }
}

/// `.with_timeout(..)` and the like.
fn options(service: &Service, rpc: &Rpc) -> Vec<TokenStream> {
    let (options, codegen) = (&rpc.options, &service.root.codegen);
    let idempotency = options.idempotency.map(|idempotency| {
        let name: Ident = match idempotency {
            Idempotency::Idempotent => parse_quote!(Idempotent),
            Idempotency::NoSideEffects => parse_quote!(NoSideEffects),
        };
        quote!(.with_idempotency(#codegen::Idempotency::#name))
    });
    let timeout = options.timeout.map(|timeout| {
        let timeout = duration(codegen, timeout);
        quote!(.with_timeout(#timeout))
    });
    let wait = options.wait_for_ready.map(|wait| quote!(.with_wait_for_ready(#wait)));
    let compression = options.compression.as_ref();
    let compression =
        compression.map(|name| quote!(.with_compression(#codegen::Encoding::new(#name))));
    let request = options.max_request_bytes.as_ref();
    let request = request.map(|bytes| quote!(.with_max_request_bytes(#bytes)));
    let response = options.max_response_bytes.as_ref();
    let response = response.map(|bytes| quote!(.with_max_response_bytes(#bytes)));
    let attempts = options.attempts.as_ref();
    let attempts = attempts.map(|attempts| match &attempts.policy {
        Policy::Retry(policy) => retry(codegen, policy),
        Policy::Hedge(policy) => hedge(codegen, policy),
    });
    [idempotency, timeout, wait, compression, request, response, attempts]
        .into_iter()
        .flatten()
        .collect()
}

/// `.with_retry(..)`
fn retry(codegen: &TokenStream, policy: &Retry) -> TokenStream {
    let attempts = Literal::u32_unsuffixed(policy.max_attempts);
    let codes = codes(codegen, &policy.codes);
    let (initial, max) =
        (duration(codegen, policy.initial_backoff), duration(codegen, policy.max_backoff));
    let multiplier = Literal::f64_unsuffixed(policy.backoff_multiplier);
    let limit = match policy.attempt_timeout {
        Some(limit) => {
            let limit = duration(codegen, limit);
            quote!(::core::option::Option::Some(#limit))
        }
        None => quote!(::core::option::Option::None),
    };
    quote! {
        .with_retry(#codegen::retry_policy(#attempts, #codes, #initial, #max, #multiplier, #limit))
    }
}

/// `.with_hedging(..)`
fn hedge(codegen: &TokenStream, policy: &Hedge) -> TokenStream {
    let attempts = Literal::u32_unsuffixed(policy.max_attempts);
    let (delay, codes) = (duration(codegen, policy.delay), codes(codegen, &policy.codes));
    quote!(.with_hedging(#codegen::hedging_policy(#attempts, #delay, #codes)))
}

/// `&[Code::Unavailable]`
fn codes(codegen: &TokenStream, codes: &[Code]) -> TokenStream {
    let codes = codes.iter().map(|code| {
        let variant = Ident::new(code.variant, Span::call_site());
        quote!(#codegen::Code::#variant)
    });
    quote!(&[#(#codes),*])
}

/// A duration in the largest unit that it is a whole number of.
fn duration(codegen: &TokenStream, duration: Duration) -> TokenStream {
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    let number = |number: u128| Literal::u128_unsuffixed(number);
    if nanoseconds == 0 {
        let seconds = number(seconds.into());
        quote!(#codegen::Duration::from_secs(#seconds))
    } else if nanoseconds % 1_000_000 == 0 {
        let milliseconds = number(duration.as_millis());
        quote!(#codegen::Duration::from_millis(#milliseconds))
    } else {
        let (seconds, nanoseconds) = (number(seconds.into()), number(nanoseconds.into()));
        quote!(#codegen::Duration::new(#seconds, #nanoseconds))
    }
}
