//! Finds the proto2 groups that hold themselves.
//!
//! prost boxes the fields of recursive messages, but follows fields of groups only one step, so a
//! circle through two groups would be a type of infinite size.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FileDescriptorProto};

/// The paths of the group fields that must be boxed.
pub(crate) fn recursive_groups(files: &[FileDescriptorProto]) -> Vec<String> {
    let mut graph = Graph::default();
    for file in files {
        let package =
            if file.package().is_empty() { String::new() } else { format!(".{}", file.package()) };
        file.message_type.iter().for_each(|message| graph.add(&package, message));
    }
    let mut boxed: Vec<String> = graph
        .groups
        .iter()
        .filter(|(message, _, group)| graph.reaches(group, message))
        .map(|(message, field, _)| format!("{message}.{field}"))
        .collect();
    boxed.sort();
    boxed
}

/// Which messages hold which others by value.
#[derive(Default)]
struct Graph {
    held: BTreeMap<String, BTreeSet<String>>,
    /// Message, field, and the group that the field is.
    groups: Vec<(String, String, String)>,
}

impl Graph {
    fn add(&mut self, scope: &str, message: &DescriptorProto) {
        let path = format!("{scope}.{}", message.name());
        for field in message.field.iter().filter(|field| field.label() != Label::Repeated) {
            if field.r#type() == Type::Group {
                self.groups.push((
                    path.clone(),
                    field.name().to_owned(),
                    field.type_name().to_owned(),
                ));
            }
            if matches!(field.r#type(), Type::Group | Type::Message) {
                self.held.entry(path.clone()).or_default().insert(field.type_name().to_owned());
            }
        }
        message.nested_type.iter().for_each(|nested| self.add(&path, nested));
    }

    fn reaches(&self, from: &str, to: &str) -> bool {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(message) = next.pop() {
            if message == to {
                return true;
            }
            if seen.insert(message) {
                next.extend(self.held.get(message).into_iter().flatten().map(String::as_str));
            }
        }
        false
    }
}
