//! Whether the options make sense: values that parse, paths that choose something.

use std::collections::BTreeSet;

use prost_types::FileDescriptorProto;
use syn::parse::Parser;

use crate::config::{Attribute, Config, Target};
use crate::descriptor::{Element, Kind, elements};
use crate::error::{Error, ErrorKind};
use crate::pattern;

/// Fails where a value cannot be what its option wants.
pub(super) fn check(config: &Config) -> Result<(), Error> {
    for attribute in &config.attributes {
        let option = option_name(attribute.target);
        if attribute.path.is_empty() {
            return Err(invalid(option, "", "the path is empty; `.` chooses everything"));
        }
        if attribute.target == Target::Layer {
            check_layer(config, attribute)?;
        } else if let Err(cause) = syn::Attribute::parse_outer.parse_str(&attribute.text) {
            return Err(invalid(
                option,
                &attribute.text,
                &format!("not an attribute such as `#[name(..)]`: {cause}"),
            ));
        }
    }
    let mut seen = BTreeSet::new();
    for (path, rust_path) in &config.extern_paths {
        if !path.starts_with('.') || path[1..].split('.').any(str::is_empty) {
            return Err(invalid(
                "extern_path",
                path,
                "write the full name with its leading dot, `.package.Message`",
            ));
        }
        if !seen.insert(path) {
            return Err(invalid("extern_path", path, "given twice"));
        }
        check_path("extern_path", rust_path, syn::parse_str::<syn::Type>(rust_path).err())?;
    }
    let paths = [
        ("crate_path", config.crate_path.as_deref()),
        ("prost_path", config.prost_path.as_deref()),
        ("prost_types_path", config.prost_types_path.as_deref()),
        ("codec", config.codec.as_deref()),
        ("error", config.error.as_deref()),
    ];
    for (option, path) in paths {
        if let Some(path) = path {
            check_path(option, path, syn::parse_str::<syn::Path>(path).err())?;
        }
    }
    Ok(())
}

fn check_layer(config: &Config, layer: &Attribute) -> Result<(), Error> {
    if let Err(cause) = syn::parse_str::<syn::Expr>(&layer.text) {
        let why = format!("not an expression such as `crate::layers::trace()`: {cause}");
        return Err(invalid("layer", &layer.text, &why));
    }
    if layer.path.contains('/') {
        return Err(invalid("layer", &layer.path, "write a dot between service and method"));
    }
    if !config.traits {
        return Err(invalid("layer", &layer.path, "without traits there is nothing to put it on"));
    }
    Ok(())
}

fn check_path(option: &str, path: &str, unparsable: Option<syn::Error>) -> Result<(), Error> {
    if let Some(cause) = unparsable {
        return Err(invalid(option, path, &format!("not a Rust path: {cause}")));
    }
    if path.starts_with("self::") || path.starts_with("super::") {
        return Err(invalid(
            option,
            path,
            "it is written in modules of every depth: start with `crate::` or `::`",
        ));
    }
    Ok(())
}

fn invalid(option: &str, value: &str, why: &str) -> Error {
    Error::new(ErrorKind::InvalidOption, format!("option `{option}`: `{value}`: {why}"))
}

fn option_name(target: Target) -> &'static str {
    match target {
        Target::Type => "type_attribute",
        Target::Message => "message_attribute",
        Target::Enum => "enum_attribute",
        Target::Field => "field_attribute",
        Target::Service => "service_attribute",
        Target::Method => "method_attribute",
        Target::Layer => "layer",
    }
}

/// One line for each path that chooses nothing of what its option is about; where that is a layer, it is an
/// error.
pub(super) fn without_effect(
    config: &Config,
    files: &[FileDescriptorProto],
    externs: &Externs,
) -> Result<Vec<String>, Error> {
    let all: Vec<Element> = files.iter().flat_map(elements).collect();
    let ours: Vec<&Element> =
        all.iter().filter(|element| !externs.covers(&element.path())).collect();
    let chosen = |pattern: &str, kinds: &[Kind]| {
        ours.iter().any(|element| {
            kinds.contains(&element.kind)
                && (pattern::matches(pattern, &element.path())
                    || element.path_in_oneof().is_some_and(|path| pattern::matches(pattern, &path)))
        })
    };
    let mut warnings = Vec::new();
    let mut warn = |option: &str, pattern: &str, what: &str| {
        warnings.push(format!("grpc-build: option `{option}`: no {what} matches `{pattern}`"));
    };
    for attribute in &config.attributes {
        let (kinds, what): (&[Kind], _) = match attribute.target {
            Target::Type => (&[Kind::Message, Kind::Enum, Kind::Oneof], "message or enum"),
            Target::Message => (&[Kind::Message], "message"),
            Target::Enum => (&[Kind::Enum, Kind::Oneof], "enum"),
            Target::Field => (FIELDS, "field"),
            Target::Service => (&[Kind::Service], "service"),
            Target::Method => (&[Kind::Method], "method"),
            Target::Layer if chosen(&attribute.path, &[Kind::Service, Kind::Method]) => continue,
            Target::Layer => {
                let why = "no service and no method matches";
                return Err(invalid("layer", &attribute.path, why));
            }
        };
        if !chosen(&attribute.path, kinds) {
            warn(option_name(attribute.target), &attribute.path, what);
        }
    }
    let messages: &[Kind] = &[Kind::Message, Kind::Enum];
    let lists = [
        ("bytes", &config.bytes, FIELDS, "field"),
        ("btree_map", &config.btree_map, FIELDS, "field"),
        ("boxed", &config.boxed, FIELDS, "field"),
        ("skip_debug", &config.skip_debug, messages, "message or enum"),
        ("disable_comments", &config.disable_comments, EVERY_KIND, "element"),
    ];
    for (option, patterns, kinds, what) in lists {
        for pattern in patterns.iter().filter(|pattern| !chosen(pattern, kinds)) {
            warn(option, pattern, what);
        }
    }
    for (pattern, _) in
        config.type_name_domains.iter().filter(|(pattern, _)| !chosen(pattern, messages))
    {
        warn("type_name_domain", pattern, "message");
    }
    for (path, _) in &config.extern_paths {
        if !all.iter().any(|element| {
            messages.contains(&element.kind) && pattern::matches(path, &element.path())
        }) {
            warn("extern_path", path, "message or enum");
        }
    }
    Ok(warnings)
}

const FIELDS: &[Kind] = &[Kind::Field, Kind::OneofField, Kind::Oneof, Kind::EnumValue];
const EVERY_KIND: &[Kind] = &[
    Kind::Message,
    Kind::Enum,
    Kind::EnumValue,
    Kind::Field,
    Kind::Oneof,
    Kind::OneofField,
    Kind::Service,
    Kind::Method,
];

/// The types that exist already, by protobuf name: the user's, and the well-known ones.
pub(super) struct Externs(Vec<(String, String)>);

impl Externs {
    pub(super) fn new(config: &Config) -> Self {
        let mut all = config.extern_paths.clone();
        let replaced = |path: &str| config.extern_paths.iter().any(|(given, _)| given == path);
        if !config.well_known_types && !replaced(".google.protobuf") {
            let prost = config.prost_root();
            let string = format!("{prost}::alloc::string::String");
            let bytes = format!("{prost}::alloc::vec::Vec<u8>");
            let well_known = [
                (".google.protobuf", config.prost_types_root()),
                (".google.protobuf.BoolValue", "bool".to_owned()),
                (".google.protobuf.BytesValue", bytes),
                (".google.protobuf.DoubleValue", "f64".to_owned()),
                (".google.protobuf.Empty", "()".to_owned()),
                (".google.protobuf.FloatValue", "f32".to_owned()),
                (".google.protobuf.Int32Value", "i32".to_owned()),
                (".google.protobuf.Int64Value", "i64".to_owned()),
                (".google.protobuf.StringValue", string),
                (".google.protobuf.UInt32Value", "u32".to_owned()),
                (".google.protobuf.UInt64Value", "u64".to_owned()),
            ];
            all.extend(
                well_known
                    .into_iter()
                    .filter(|(path, _)| !replaced(path))
                    .map(|(path, rust)| (path.to_owned(), rust)),
            );
        }
        Externs(all)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, rust_path)| (path.as_str(), rust_path.as_str()))
    }

    /// Whether the element of that path is, or is part of, a type that exists already.
    pub(super) fn covers(&self, path: &str) -> bool {
        self.0.iter().any(|(extern_path, _)| pattern::matches(extern_path, path))
    }
}
