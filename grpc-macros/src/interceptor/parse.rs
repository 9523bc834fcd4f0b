//! From the function to what it says.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{
    FnArg, GenericArgument, GenericParam, ItemFn, Pat, PatType, PathArguments, ReturnType, Safety,
    Signature, Token, Type, TypeParam, TypeParamBound, parse_quote,
};

use super::{Interceptor, Passing, State};
use crate::errors::Errors;
use crate::model::Root;
use crate::names;
use crate::parse::list;

/// Reads the attribute and its function.
pub(super) fn read(arguments: TokenStream, item: TokenStream) -> syn::Result<Interceptor> {
    let function: ItemFn = syn::parse2(item.clone()).map_err(|_| {
        syn::Error::new_spanned(item, format!("`#[interceptor]` goes on a function: {EXAMPLE}"))
    })?;
    let mut errors = Errors::default();
    let (mut name, mut root) = (None, None);
    list::read(arguments, &["name", "crate"], &mut HashSet::new(), &mut errors, |argument, _| {
        match argument.name.to_string().as_str() {
            "name" => name = Some(argument.identifier("Tenant")?),
            _ => root = Some(argument.path("::grpc_runtime")?),
        }
        Ok(())
    });
    let signature = &function.sig;
    check_head(signature, &mut errors);
    let generic = generic(signature, &mut errors);
    let parameters = parameters(signature, &mut errors);
    let read = parameters.and_then(|parameters| {
        let (next, rest) = parameters.split_last()?;
        let (request, state) = rest.split_last()?;
        let method = method(request, &mut errors)?;
        check_next(next, &method, &mut errors);
        check_method(&method, generic.as_ref(), &mut errors);
        let state = state.iter().filter_map(|parameter| field(parameter, &mut errors)).collect();
        Some((method, state))
    });
    if read.is_none() && !errors.is_any() {
        let message = format!("an interceptor takes the request and what comes next: {EXAMPLE}");
        errors.at(&signature.ident, message);
    }
    let name = name.unwrap_or_else(|| {
        let place = names::generated(&signature.ident);
        names::identifier(&names::upper_camel(&signature.ident), place)
    });
    if name == signature.ident {
        errors.at(&name, "the layer would have the function's name: give it another, `name = ..`");
    }
    if let Some(error) = errors.into_error() {
        return Err(error);
    }
    let bounds = signature.generics.where_clause.iter();
    let bounds = bounds.flat_map(|clause| clause.predicates.iter().cloned()).collect();
    let (method, state) = read.ok_or_else(|| syn::Error::new_spanned(signature, EXAMPLE))?;
    let root = Root::new(&root.unwrap_or_else(|| parse_quote!(::grpc_runtime)));
    Ok(Interceptor { name, root, state, method, generic, bounds, function })
}

/// What a function must be, and must not be, before its parameters are looked at.
fn check_head(signature: &Signature, errors: &mut Errors) {
    if signature.asyncness.is_none() {
        errors.at(signature.fn_token, "an interceptor waits for what comes next: `async fn`");
    }
    if let Some(word) = &signature.constness {
        errors.at(word, "an interceptor is not `const`: leave the word out");
    }
    if let Safety::Unsafe(word) = &signature.safety {
        errors.at(word, "an interceptor is safe to call: leave `unsafe` out");
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "an interceptor is called from Rust: leave `extern` out");
    }
    if matches!(signature.output, ReturnType::Default) {
        errors.at(
            &signature.ident,
            "an interceptor says how the call ended: `-> Result<Response<M>, Status>`",
        );
    }
}

/// The one generic parameter that there may be.
fn generic(signature: &Signature, errors: &mut Errors) -> Option<TypeParam> {
    let mut only = None;
    for parameter in &signature.generics.params {
        match parameter {
            GenericParam::Type(parameter) if only.is_none() => only = Some(parameter.clone()),
            GenericParam::Type(parameter) => errors.at(
                parameter,
                "the method is all that an interceptor is generic over: write `next: impl \
                 Invoke<M>`, and the types of what it holds as they are",
            ),
            GenericParam::Lifetime(parameter) => errors.at(
                parameter,
                "an interceptor holds what it borrows: write `&Type`, without a lifetime",
            ),
            GenericParam::Const(parameter) => errors.at(
                parameter,
                "the method is all that an interceptor is generic over: hold the value instead, as a \
                 first parameter",
            ),
        }
    }
    only
}

/// The parameters, if all of them have types.
fn parameters<'a>(signature: &'a Signature, errors: &mut Errors) -> Option<Vec<&'a PatType>> {
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        errors.at(
            receiver,
            "`#[interceptor]` goes on a function outside of `impl`; what it needs of `self` are \
             parameters before the request, `quota: &Quota`",
        );
        return None;
    }
    let typed = |argument: &'a FnArg| match argument {
        FnArg::Typed(argument) => Some(argument),
        FnArg::Receiver(_) => None,
    };
    signature.inputs.iter().map(typed).collect()
}

/// The `M` of `request: Request<M>`.
fn method(parameter: &PatType, errors: &mut Errors) -> Option<Type> {
    let method = match &*parameter.ty {
        Type::Path(path) => {
            path.path.segments.last().filter(|last| last.ident == "Request").and_then(|last| {
                match &last.arguments {
                    PathArguments::AngleBracketed(list) => one_type(&list.args),
                    _ => None,
                }
            })
        }
        _ => None,
    };
    if method.is_none() {
        errors.at(
            &parameter.ty,
            "the last parameter but one is the request: `request: Request<M>`, or \
             `Request<greeter::SayHello>` for one method",
        );
    }
    method
}

fn one_type(arguments: &Punctuated<GenericArgument, Token![,]>) -> Option<Type> {
    let mut arguments = arguments.iter();
    match (arguments.next(), arguments.next()) {
        (Some(GenericArgument::Type(ty)), None) => Some(ty.clone()),
        _ => None,
    }
}

/// That what comes next has no type of its own.
fn check_next(parameter: &PatType, method: &Type, errors: &mut Errors) {
    let invokes = |bound: &TypeParamBound| {
        matches!(bound, TypeParamBound::Trait(bound)
            if bound.path.segments.last().is_some_and(|last| last.ident == "Invoke"))
    };
    match &*parameter.ty {
        Type::ImplTrait(next) if next.bounds.iter().any(invokes) => {}
        other => {
            let method = names::written(method);
            errors.at(
                other,
                format!("the last parameter is what comes next: `next: impl Invoke<{method}>`"),
            );
        }
    }
}

/// That a generic parameter is the method.
fn check_method(method: &Type, generic: Option<&TypeParam>, errors: &mut Errors) {
    let Some(generic) = generic else { return };
    let same = matches!(method, Type::Path(path) if path.path.is_ident(&generic.ident));
    if !same {
        errors.at(
            generic,
            format!(
                "`{0}` is not the method: write `Request<{0}>`, or leave it out where the interceptor \
                 is for one method",
                generic.ident,
            ),
        );
    }
}

/// A parameter that becomes a field.
fn field(parameter: &PatType, errors: &mut Errors) -> Option<State> {
    let ident = match &*parameter.pat {
        Pat::Ident(pattern) if pattern.subpat.is_none() && pattern.by_ref.is_none() => {
            Ident::new(&pattern.ident.unraw().to_string(), pattern.ident.span())
        }
        other => {
            errors.at(other, "what an interceptor holds has a name: `quota: &Quota`");
            return None;
        }
    };
    let ident = names::identifier(&ident.to_string(), ident.span());
    match &*parameter.ty {
        ty @ Type::Reference(reference)
            if reference.mutability.is_none()
                && reference
                    .lifetime
                    .as_ref()
                    .is_some_and(|lifetime| lifetime.ident == "static") =>
        {
            Some(State { ident, ty: ty.clone(), passing: Passing::Cloned })
        }
        Type::Reference(reference) if reference.mutability.is_some() => {
            errors.at(
                reference,
                "calls run at the same time, so they share what an interceptor holds: write `&Type`, \
                 with an atomic or a lock inside",
            );
            None
        }
        Type::Reference(reference) => {
            if let Some(lifetime) = &reference.lifetime {
                errors.at(
                    lifetime,
                    "an interceptor holds what it borrows: write `&Type`, without a lifetime",
                );
            }
            let ty = (*reference.elem).clone();
            Some(State { ident, ty, passing: Passing::Shared })
        }
        Type::ImplTrait(ty) => {
            errors.at(ty, "what an interceptor holds has a type with a name: write it");
            None
        }
        ty => Some(State { ident, ty: ty.clone(), passing: Passing::Cloned }),
    }
}

const EXAMPLE: &str = "`async fn tenant<M: Method>(request: Request<M>, next: impl Invoke<M>) -> \
                       Result<Response<M>, Status>`";
