//! The arguments of `#[rpc(..)]`, of one method; several such attributes are read as one.

use std::collections::HashSet;

use syn::{Attribute, Meta, TraitItemFn};

use crate::duration;
use crate::errors::Errors;
use crate::model::{Idempotency, RpcOptions};
use crate::names;
use crate::parse::list::{self, Argument};
use crate::parse::policies;

/// Takes the `#[rpc(..)]`s off a method and reads them.
pub(crate) fn take(method: &mut TraitItemFn, errors: &mut Errors) -> RpcOptions {
    let (mut options, mut seen) = (RpcOptions::default(), HashSet::new());
    method.attrs.retain(|attribute| {
        let ours = attribute.path().is_ident("rpc");
        if ours {
            read(attribute, &mut options, &mut seen, errors);
        }
        !ours
    });
    policies::check(&method.sig.ident, &options, errors);
    options
}

/// Reads one `#[rpc(..)]`.
fn read(
    attribute: &Attribute,
    options: &mut RpcOptions,
    seen: &mut HashSet<String>,
    errors: &mut Errors,
) {
    let list = match &attribute.meta {
        Meta::List(list) if !list.tokens.is_empty() => list,
        _ => {
            let message = "expected arguments, as in `#[rpc(idempotent, timeout = \"500ms\")]`";
            return errors.at(attribute, message);
        }
    };
    list::read(list.tokens.clone(), &KNOWN, seen, errors, |argument, errors| {
        match argument.name.to_string().as_str() {
            "name" => options.name = Some(wire_name(argument)?),
            "timeout" => options.timeout = Some(timeout(argument)?),
            "wait_for_ready" => options.wait_for_ready = Some(argument.boolean()?),
            "compress" => options.compression = Some(encoding(argument)?),
            "max_request_bytes" => options.max_request_bytes = Some(argument.bytes()?),
            "max_response_bytes" => options.max_response_bytes = Some(argument.bytes()?),
            "retry" | "hedge" => policies::read(argument, options, errors)?,
            "idempotent" => idempotency(argument, Idempotency::Idempotent, options, errors)?,
            _ => idempotency(argument, Idempotency::NoSideEffects, options, errors)?,
        }
        Ok(())
    });
}

/// The value of `name`.
fn wire_name(argument: &Argument<'_>) -> syn::Result<syn::LitStr> {
    let name = argument.string("SayHello")?;
    if names::is_wire_name(&name.value()) {
        return Ok(name);
    }
    let message = format!(
        "\"{}\" cannot be the name of a method on the wire: write letters, digits and `_` as the \
         .proto file does, `name = \"SayHello\"`, without the service and without slashes",
        name.value(),
    );
    Err(syn::Error::new_spanned(&name, message))
}

/// The value of `timeout`.
fn timeout(argument: &Argument<'_>) -> syn::Result<std::time::Duration> {
    let text = argument.string("500ms")?;
    duration::parse(&text.value()).map_err(|reason| {
        syn::Error::new_spanned(&text, format!("the timeout \"{}\" {reason}", text.value()))
    })
}

/// The value of `compress`.
fn encoding(argument: &Argument<'_>) -> syn::Result<syn::LitStr> {
    let name = argument.string("gzip")?;
    let text = name.value();
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._+".contains(&byte);
    if !text.is_empty() && text.bytes().all(fits) {
        return Ok(name);
    }
    let message = format!(
        "\"{text}\" cannot be the name of an encoding: write it as it is sent in `grpc-encoding`, \
         `compress = \"gzip\"`, or `compress = \"identity\"` for none"
    );
    Err(syn::Error::new_spanned(&name, message))
}

/// One of the two words that say what a repetition does.
fn idempotency(
    argument: &Argument<'_>,
    says: Idempotency,
    options: &mut RpcOptions,
    errors: &mut Errors,
) -> syn::Result<()> {
    argument.flag()?;
    if options.idempotency.replace(says).is_some() {
        errors.at(
            &argument.name,
            "`no_side_effects` implies `idempotent`: write only one of the two",
        );
    }
    Ok(())
}

/// The arguments that there are.
const KNOWN: [&str; 10] = [
    "name",
    "idempotent",
    "no_side_effects",
    "timeout",
    "wait_for_ready",
    "retry",
    "hedge",
    "compress",
    "max_request_bytes",
    "max_response_bytes",
];
