//! Writes a service as a trait, the way one would write it by hand.

use std::fmt::Write;

use prost_build::{Comments, Method, Service};
use prost_types::method_options::IdempotencyLevel;

use super::names::{MethodName, ServiceNames};
use crate::config::{Attribute, Config, Target};
use crate::pattern;

pub(super) fn write(config: &Config, service: &Service, names: &ServiceNames) -> String {
    let full_name = full_name(service);
    let path = format!(".{full_name}");
    let mut text = String::new();
    push_comments(config, &service.comments, &path, &mut text);

    let mut arguments = vec![format!("service = \"{full_name}\"")];
    arguments.extend(names.client.iter().map(|client| format!("client = {client}")));
    arguments.extend(names.module.iter().map(|module| format!("module = {module}")));
    arguments.extend(names.mock.iter().cloned());
    arguments.extend(config.codec.iter().map(|codec| format!("codec = {codec}")));
    arguments.extend(config.crate_path.iter().map(|path| format!("crate = {path}")));
    let root = config.crate_root();
    push_line(&mut text, format_args!("#[{root}::grpc_client({})]", arguments.join(", ")));
    if service.options.deprecated() {
        push_line(&mut text, format_args!("#[deprecated]"));
    }
    push_attributes(config, Target::Service, &path, &mut text);
    push_layers(config, &path, None, &mut text);

    push_line(&mut text, format_args!("pub trait {} {{", names.trait_name));
    for (method, name) in service.methods.iter().zip(&names.methods) {
        push_method(config, &path, method, name, &mut text);
    }
    push_line(&mut text, format_args!("}}"));
    text
}

fn push_method(
    config: &Config,
    service: &str,
    method: &Method,
    name: &MethodName,
    text: &mut String,
) {
    let path = format!("{service}.{}", method.proto_name);
    push_comments(config, &method.comments, &path, text);

    let idempotency = match method.options.idempotency_level() {
        IdempotencyLevel::IdempotencyUnknown => None,
        IdempotencyLevel::Idempotent => Some("idempotent".to_owned()),
        IdempotencyLevel::NoSideEffects => Some("no_side_effects".to_owned()),
    };
    let wire_name = name.wire.iter().map(|wire| format!("name = \"{wire}\""));
    let arguments: Vec<String> = wire_name.chain(idempotency).collect();
    if !arguments.is_empty() {
        push_line(text, format_args!("#[rpc({})]", arguments.join(", ")));
    }
    if method.options.deprecated() {
        push_line(text, format_args!("#[deprecated]"));
    }
    push_attributes(config, Target::Method, &path, text);
    push_layers(config, &path, Some(service), text);

    let root = config.crate_root();
    let argument = if method.client_streaming {
        format!("requests: impl {root}::Stream<Item = {}>", method.input_type)
    } else {
        format!("request: {}", method.input_type)
    };
    let response = if method.server_streaming {
        format!("{root}::Streaming<{}>", method.output_type)
    } else {
        method.output_type.clone()
    };
    let error = config.error.clone().unwrap_or_else(|| format!("{root}::Status"));
    push_line(
        text,
        format_args!(
            "async fn {}(&self, {argument}) -> ::core::result::Result<{response}, {error}>;",
            name.rust
        ),
    );
}

fn push_comments(config: &Config, comments: &Comments, path: &str, text: &mut String) {
    if !config.disable_comments.iter().any(|pattern| pattern::matches(pattern, path)) {
        comments.append_with_indent(0, text);
    }
}

fn push_attributes(config: &Config, target: Target, path: &str, text: &mut String) {
    let attributes = config.attributes.iter().filter(|attribute| attribute.target == target);
    for attribute in attributes.filter(|attribute| pattern::matches(&attribute.path, path)) {
        push_line(text, format_args!("{}", attribute.text));
    }
}

/// The layers of a service; or those of a method that are not its service's already.
fn push_layers(config: &Config, path: &str, service: Option<&str>, text: &mut String) {
    for (index, layer) in layers(config) {
        let above = service.is_some_and(|service| pattern::matches(&layer.path, service));
        if pattern::matches(&layer.path, path) && !above {
            push_line(text, format_args!("#[layer({})]", stand_in(index)));
        }
    }
}

/// Puts the expressions of layers into text that is formatted: the formatter takes what is in an attribute for
/// single tokens, and would tear `==` apart.
pub(super) fn with_layers(config: &Config, text: String) -> String {
    layers(config).fold(text, |text, (index, layer)| text.replace(&stand_in(index), &layer.text))
}

fn layers(config: &Config) -> impl Iterator<Item = (usize, &Attribute)> {
    let all = config.attributes.iter().enumerate();
    all.filter(|(_, attribute)| attribute.target == Target::Layer)
}

/// What stands for an expression until the text is formatted.
fn stand_in(index: usize) -> String {
    format!("grpc_build_layer_{index}_")
}

fn push_line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // A `String` takes everything.
    let _ = writeln!(text, "{line}");
}

fn full_name(service: &Service) -> String {
    if service.package.is_empty() {
        service.proto_name.clone()
    } else {
        format!("{}.{}", service.package, service.proto_name)
    }
}
