//! The signature of a method: `async fn name(&self, request: Q) -> Result<R, Status>` and its
//! streaming forms. Every way to write something else is told what to write instead.

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{
    FnArg, GenericParam, Pat, PatType, Receiver, ReceiverKind, ReturnType, Safety, TraitItemFn,
    Type,
};

use crate::errors::Errors;
use crate::model::{Kind, Signature};
use crate::names::written;
use crate::parse::types;

/// Reads it; `None` once an error is told. `error` is what all methods fail with, where that is said.
pub(crate) fn read(
    method: &TraitItemFn,
    error: Option<&Type>,
    errors: &mut Errors,
) -> Option<Signature> {
    let mut found = Errors::default();
    qualifiers(method, &mut found);
    generics(method, &mut found);
    let argument = arguments(method, &mut found);
    let output = output(method, error, &mut found);
    if let Some(error) = found.into_error() {
        errors.add(error);
        return None;
    }
    let (argument, output) = (argument?, output?);
    Some(Signature {
        kind: Kind::new(argument.streams, output.streams),
        argument: argument.name,
        request: argument.message,
        response: output.message,
        input: argument.ty,
        error: output.error,
        error_place: output.error_place,
        output: output.ty,
    })
}

/// The words around `fn`, and what stands in place of the `;`.
fn qualifiers(method: &TraitItemFn, errors: &mut Errors) {
    let signature = &method.sig;
    let name = &signature.ident;
    let mut superfluous = |place: &dyn ToTokens| {
        let word = place.to_token_stream();
        errors.at(&word, format!("a remote method is not `{word}`: write `async fn {name}`"));
    };
    if let Some(word) = &method.modifiers.defaultness {
        superfluous(word);
    }
    if let Some(word) = &signature.constness {
        superfluous(word);
    }
    match &signature.safety {
        Safety::Unsafe(word) => superfluous(word),
        Safety::Safe(word) => superfluous(word),
        Safety::Default => {}
    }
    if let Some(abi) = &signature.abi {
        superfluous(abi);
    }
    if signature.asyncness.is_none() {
        errors.at(
            signature.fn_token,
            format!("a remote method is asynchronous: write `async fn {name}`"),
        );
    }
    if let Some(body) = &method.default {
        errors.at_span(
            body.brace_token.span.open(),
            "a remote method has no body here, since the server has it: end the declaration with \
             `;`, and put what is shared into a function of its own",
        );
    }
}

/// Generic parameters, of which there must be none.
fn generics(method: &TraitItemFn, errors: &mut Errors) {
    for parameter in &method.sig.generics.params {
        let instead = match parameter {
            GenericParam::Lifetime(_) => "messages are owned: write types without lifetimes",
            GenericParam::Type(_) | GenericParam::Const(_) => {
                "a remote method is not generic, since one path on the wire has one type of \
                 request: write the message's type"
            }
        };
        errors.at(parameter, instead);
    }
    if let Some(clause) = &method.sig.generics.where_clause {
        errors.at(clause, "a remote method has no `where` clause: leave it out");
    }
}

/// A method's one argument beside `&self`.
struct Argument {
    name: Ident,
    message: Type,
    streams: bool,
    ty: Type,
}

/// Reads the receiver and the argument.
fn arguments(method: &TraitItemFn, errors: &mut Errors) -> Option<Argument> {
    let signature = &method.sig;
    let mut typed = Vec::new();
    let mut receiver = None;
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(found) => receiver = Some(found),
            FnArg::Typed(argument) => typed.push(argument),
        }
    }
    match receiver {
        Some(receiver) => check_receiver(receiver, errors),
        None => errors.at(
            &signature.ident,
            format!(
                "a remote method is called on a client: write `{}(&self, ..)`",
                signature.ident
            ),
        ),
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "a remote method takes one message: leave `...` out");
    }
    let (first, more) = match typed.as_slice() {
        [first, more @ ..] => (*first, more),
        [] => {
            errors.at(
                &signature.ident,
                "a remote method takes one message: write `request: ()` for an empty one, which is \
                 `google.protobuf.Empty` on the wire",
            );
            return None;
        }
    };
    if let Some(second) = more.first() {
        errors.at(
            second,
            "a remote method takes one message: put what belongs to the request into its fields, \
             and what belongs to the call into metadata",
        );
    }
    argument(&signature.ident, first, errors)
}

/// Refuses whatever is not `&self`.
fn check_receiver(receiver: &Receiver, errors: &mut Errors) {
    refuse_attributes(&receiver.attrs, errors);
    let reason = match &receiver.kind {
        ReceiverKind::Reference(_, None, None) => return,
        ReceiverKind::Reference(_, _, Some(_)) => {
            "many calls run at once on one client: write `&self`"
        }
        ReceiverKind::Reference(_, Some(_), None) => "write `&self`, without a lifetime",
        ReceiverKind::Value => "a call does not consume its client: write `&self`",
        _ => "write `&self`",
    };
    errors.at(receiver, reason);
}

/// Reads the one argument.
fn argument(method: &Ident, argument: &PatType, errors: &mut Errors) -> Option<Argument> {
    refuse_attributes(&argument.attrs, errors);
    let read = types::argument(&argument.ty, errors);
    let streams = read.as_ref().is_some_and(|read| read.streams);
    let plain = if streams { "requests" } else { "request" };
    let own = Ident::new(plain, Span::call_site());
    let name = match &*argument.pat {
        Pat::Wild(_) => own,
        Pat::Ident(pattern)
            if pattern.by_ref.is_none()
                && pattern.mutability.is_none()
                && pattern.subpat.is_none() =>
        {
            // A name that says "not used" would be used in what is generated.
            if pattern.ident.to_string().starts_with('_') { own } else { pattern.ident.clone() }
        }
        pattern => {
            let ty = written(&argument.ty);
            errors.at(
                pattern,
                format!("an argument is a plain name: write `{method}(&self, {plain}: {ty})`"),
            );
            own
        }
    };
    let read = read?;
    Some(Argument { name, message: read.message, streams, ty: (*argument.ty).clone() })
}

/// Attributes on arguments would have to hold wherever the argument is written again.
fn refuse_attributes(attributes: &[syn::Attribute], errors: &mut Errors) {
    for attribute in attributes {
        errors.at(attribute, "attributes on arguments have no effect here: leave it out");
    }
}

/// What a method results in.
struct Output {
    message: Type,
    streams: bool,
    error: Type,
    error_place: Span,
    ty: Type,
}

/// Reads the return type.
fn output(
    method: &TraitItemFn,
    error_of_all: Option<&Type>,
    errors: &mut Errors,
) -> Option<Output> {
    let name = &method.sig.ident;
    let ReturnType::Type(_, ty) = &method.sig.output else {
        errors.at_span(
            method.sig.paren_token.span.close(),
            "a remote method can fail: write `-> Result<HelloReply, Status>`, or \
             `-> Result<(), Status>` where the reply is empty",
        );
        return None;
    };
    if let Type::ImplTrait(_) = types::peeled(ty)
        && method.sig.asyncness.is_none()
    {
        // Told already to write `async fn`, whose return type is not this one.
        return None;
    }
    let arguments = types::last_segment(ty)
        .filter(|segment| segment.ident == "Result")
        .and_then(types::type_arguments);
    let (success, error, error_place) = match arguments.as_deref() {
        Some([success, error]) => (*success, *error, error.span()),
        Some([success]) => match error_of_all {
            // An alias of the user's, which has the error in it.
            Some(error) => (*success, error, ty.span()),
            None => {
                let success = written(success);
                let message =
                    format!("write the type of the error out: `-> Result<{success}, Status>`");
                errors.at(ty, message);
                return None;
            }
        },
        _ => {
            let wrong = written(ty);
            let success = if wrong.contains("Result") { "HelloReply" } else { wrong.as_str() };
            errors.at(
                ty,
                format!(
                    "`{name}` can fail as every call can: write `-> Result<{success}, Status>`"
                ),
            );
            return None;
        }
    };
    if let Type::ImplTrait(_) = types::peeled(success) {
        errors.at(success, "write a stream of replies as `Streaming<HelloReply>`");
        return None;
    }
    let (message, streams) = match types::inside(success, "Streaming") {
        Some(message) => (message, true),
        None => (success, false),
    };
    types::is_message(message, errors).then(|| Output {
        message: message.clone(),
        streams,
        error: error.clone(),
        error_place,
        ty: (**ty).clone(),
    })
}
