//! Every named thing in a file, in declaration order.

use std::collections::BTreeSet;

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, MessageOptions};

/// What an [`Element`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Enum,
    EnumValue,
    /// A field that is no member of a oneof.
    Field,
    Oneof,
    /// A field that is a member of a oneof.
    OneofField,
    Service,
    Method,
}

/// A named thing: `.package.Outer.Inner.field`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) kind: Kind,
    /// What it stands in, in parts: the package's, then the messages'; an enum or service for its members.
    pub(crate) scope: Vec<String>,
    /// For a member of a oneof, that oneof's name.
    pub(crate) oneof: Option<String>,
    pub(crate) name: String,
    /// Where `source_code_info` has it.
    pub(crate) location: Vec<i32>,
}

impl Element {
    /// The name that options are matched against, with a leading dot.
    pub(crate) fn path(&self) -> String {
        dotted(self.scope.iter().chain([&self.name]))
    }

    /// The second name of a member of a oneof, which has the oneof's in it.
    pub(crate) fn path_in_oneof(&self) -> Option<String> {
        let oneof = self.oneof.as_ref()?;
        Some(dotted(self.scope.iter().chain([oneof, &self.name])))
    }
}

fn dotted(parts: impl Iterator<Item = impl AsRef<str>>) -> String {
    parts.fold(String::new(), |mut path, part| {
        path.push('.');
        path.push_str(part.as_ref());
        path
    })
}

/// Every element of `file`, outer ones before what they hold. The entry types that stand behind
/// `map` fields are left out: nobody has written them.
pub(crate) fn elements(file: &FileDescriptorProto) -> Vec<Element> {
    let package: Vec<String> =
        file.package().split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let mut walk = Walk { found: Vec::new(), scope: package };
    for (index, message) in file.message_type.iter().enumerate() {
        walk.message(message, vec![4, number(index)]);
    }
    for (index, enumeration) in file.enum_type.iter().enumerate() {
        walk.enumeration(enumeration, vec![5, number(index)]);
    }
    for (index, service) in file.service.iter().enumerate() {
        let location = vec![6, number(index)];
        walk.push(Kind::Service, service.name(), location.clone());
        walk.within(service.name(), |walk| {
            for (index, method) in service.method.iter().enumerate() {
                walk.push(Kind::Method, method.name(), below(&location, 2, index));
            }
        });
    }
    walk.found
}

struct Walk {
    found: Vec<Element>,
    scope: Vec<String>,
}

impl Walk {
    fn message(&mut self, message: &DescriptorProto, location: Vec<i32>) {
        if message.options.as_ref().is_some_and(MessageOptions::map_entry) {
            return;
        }
        self.push(Kind::Message, message.name(), location.clone());
        self.within(message.name(), |walk| {
            for (index, field) in message.field.iter().enumerate() {
                let oneof = field
                    .oneof_index
                    .filter(|_| !field.proto3_optional())
                    .and_then(|oneof| message.oneof_decl.get(usize::try_from(oneof).ok()?));
                let kind = if oneof.is_some() { Kind::OneofField } else { Kind::Field };
                walk.push(kind, field.name(), below(&location, 2, index));
                if let Some(element) = walk.found.last_mut() {
                    element.oneof = oneof.map(|oneof| oneof.name().to_owned());
                }
            }
            for (index, oneof) in message.oneof_decl.iter().enumerate() {
                let is_member = |field: &&prost_types::FieldDescriptorProto| {
                    field.oneof_index == Some(number(index)) && !field.proto3_optional()
                };
                if message.field.iter().find(is_member).is_some() {
                    walk.push(Kind::Oneof, oneof.name(), below(&location, 8, index));
                }
            }
            for (index, nested) in message.nested_type.iter().enumerate() {
                walk.message(nested, below(&location, 3, index));
            }
            for (index, nested) in message.enum_type.iter().enumerate() {
                walk.enumeration(nested, below(&location, 4, index));
            }
        });
    }

    fn enumeration(&mut self, enumeration: &EnumDescriptorProto, location: Vec<i32>) {
        self.push(Kind::Enum, enumeration.name(), location.clone());
        self.within(enumeration.name(), |walk| {
            let mut numbers = BTreeSet::new();
            for (index, value) in enumeration.value.iter().enumerate() {
                if !numbers.insert(value.number()) {
                    continue; // an alias: Rust has the first name of each number only
                }
                walk.push(Kind::EnumValue, value.name(), below(&location, 2, index));
            }
        });
    }

    fn within(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.scope.push(name.to_owned());
        inside(self);
        self.scope.pop();
    }

    fn push(&mut self, kind: Kind, name: &str, location: Vec<i32>) {
        self.found.push(Element {
            kind,
            scope: self.scope.clone(),
            oneof: None,
            name: name.to_owned(),
            location,
        });
    }
}

fn below(location: &[i32], tag: i32, index: usize) -> Vec<i32> {
    [location, &[tag, number(index)]].concat()
}

fn number(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}
