//! What must be true before code is generated, beyond what a compiler has checked: that names are
//! names (a descriptor set can hold anything), and that no two things become one in Rust.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions};

use super::{Element, Kind, elements};
use crate::error::{Diagnostic, Error, ErrorKind, Place};
use crate::names;

/// Fails for editions, which prost cannot spell.
pub(crate) fn check_syntax(files: &[FileDescriptorProto]) -> Result<(), Error> {
    let unknown = files
        .iter()
        .filter(|file| !matches!(file.syntax.as_deref(), None | Some("proto2" | "proto3")));
    let found: Vec<_> = unknown
        .map(|file| {
            let message = format!(
                "the syntax is \"{}\"; \"proto2\" and \"proto3\" are supported",
                file.syntax()
            );
            Diagnostic::new(Some(file.name().to_owned()), message)
        })
        .collect();
    if found.is_empty() {
        Ok(())
    } else {
        Err(Error::diagnostics_of(ErrorKind::Unsupported, found))
    }
}

/// Fails where prost or rustc would. `places` is where files lie on disk; `is_generated` tells
/// whether the type of that path is ours to generate.
pub(crate) fn check(
    files: &[FileDescriptorProto],
    places: &BTreeMap<String, PathBuf>,
    keep_enum_prefix: bool,
    is_generated: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    check_syntax(files)?;
    let mut check = Check { places, found: Vec::new(), spelled: BTreeMap::new() };
    for file in files {
        check.package(file);
        file.message_type.iter().for_each(|message| check.maps(file, message));
        let all = elements(file);
        for element in all.iter().filter(|element| is_generated(&element.path())) {
            check.element(file, element, &all, keep_enum_prefix);
        }
    }
    if check.found.is_empty() {
        Ok(())
    } else {
        Err(Error::diagnostics_of(ErrorKind::Unsupported, check.found))
    }
}

struct Check<'a> {
    places: &'a BTreeMap<String, PathBuf>,
    found: Vec<Diagnostic>,
    /// The path of the element that each Rust name stands for.
    spelled: BTreeMap<Spelling, String>,
}

/// Names in one space must differ; the same name in two is fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Space {
    Types,
    Members,
}

impl Check<'_> {
    fn package(&mut self, file: &FileDescriptorProto) {
        let parts: Vec<_> = file.package().split('.').collect();
        if !file.package().is_empty() && parts.iter().any(|part| !is_name(part)) {
            let message = format!("`{}` is no package name", file.package());
            self.found.push(Diagnostic::new(Some(file.name().to_owned()), message));
        }
    }

    /// No `.proto` file can say this wrong, but a descriptor set can.
    fn maps(&mut self, file: &FileDescriptorProto, message: &DescriptorProto) {
        let is_entry = message.options.as_ref().is_some_and(MessageOptions::map_entry);
        let names: Vec<_> = message.field.iter().map(FieldDescriptorProto::name).collect();
        if is_entry && names != ["key", "value"] {
            let message = format!(
                "the map entry `{}` has other fields than `key` and `value`",
                message.name()
            );
            self.found.push(Diagnostic::new(Some(file.name().to_owned()), message));
        }
        for nested in &message.nested_type {
            self.maps(file, nested);
        }
    }

    fn element(
        &mut self,
        file: &FileDescriptorProto,
        element: &Element,
        all: &[Element],
        keep_enum_prefix: bool,
    ) {
        if !is_name(&element.name) {
            let message =
                format!("`{}` has no letter or digit to make a Rust name of", element.name);
            let (shown, place) = self.place(file, element);
            self.found.push(Diagnostic::new(shown, message).with_place(place));
            return;
        }
        for key in spellings(element, all, keep_enum_prefix) {
            let path = element.path();
            match self.spelled.get(&key) {
                None => {
                    self.spelled.insert(key, path);
                }
                Some(first) => {
                    let name = key.2;
                    let message = format!(
                        "`{}` and `{}` both become `{name}` in Rust",
                        &first[1..],
                        &path[1..]
                    );
                    let (shown, place) = self.place(file, element);
                    let note = "help: rename one of them, or take one out with `extern_path`";
                    self.found
                        .push(Diagnostic::new(shown, message).with_place(place).with_note(note));
                }
            }
        }
    }

    fn place(
        &self,
        file: &FileDescriptorProto,
        element: &Element,
    ) -> (Option<String>, Option<Place>) {
        let path = self.places.get(file.name());
        let shown = path.map_or_else(|| file.name().to_owned(), |path| path.display().to_string());
        let place = path.and_then(|path| name_place(file, element, path));
        (Some(shown), place)
    }
}

/// Where the name of `element` stands, from its location and the text.
fn name_place(file: &FileDescriptorProto, element: &Element, path: &Path) -> Option<Place> {
    let info = file.source_code_info.as_ref()?;
    let wanted = [element.location.as_slice(), &[1]].concat();
    let location = info.location.iter().find(|location| location.path == wanted)?;
    let line = usize::try_from(*location.span.first()?).ok()? + 1;
    let source = std::fs::read_to_string(path).ok()?;
    let text = source.lines().nth(line - 1)?;
    // Compilers disagree about how wide a tab is; the name itself is the surer guide.
    let byte = text.find(&element.name)?;
    let column = text[..byte].chars().count() + 1;
    Place::at_line(&source, line, column, element.name.chars().count())
}

/// A name, and among whom it must be unique.
type Spelling = (Vec<String>, Space, String);

/// What the element is called in Rust.
fn spellings(element: &Element, all: &[Element], keep_enum_prefix: bool) -> Vec<Spelling> {
    let scope: Vec<String> = element.scope.iter().map(|part| names::snake(part)).collect();
    let inside = |what: &str, of: &str| [scope.as_slice(), &[format!("{what} {of}")]].concat();
    let last = element.scope.last().map(String::as_str).unwrap_or_default();
    match element.kind {
        Kind::Message | Kind::Enum => {
            vec![(scope, Space::Types, names::upper_camel(&element.name))]
        }
        Kind::Field => vec![(scope, Space::Members, names::snake(&element.name))],
        Kind::Oneof => {
            let mut name = names::upper_camel(&element.name);
            let is_taken = all.iter().any(|other| {
                other.scope == element.scope
                    && matches!(other.kind, Kind::Message | Kind::Enum)
                    && names::upper_camel(&other.name) == name
            });
            if is_taken {
                name.push_str("OneOf");
            }
            vec![
                (scope.clone(), Space::Types, name),
                (scope, Space::Members, names::snake(&element.name)),
            ]
        }
        Kind::OneofField => {
            let oneof = element.oneof.as_deref().unwrap_or_default();
            vec![(inside("oneof", oneof), Space::Members, names::upper_camel(&element.name))]
        }
        Kind::EnumValue => {
            let variant = names::variant(last, &element.name, keep_enum_prefix);
            vec![(inside("enum", last), Space::Members, variant)]
        }
        // Services and methods are renamed where they would collide.
        Kind::Service | Kind::Method => Vec::new(),
    }
}

fn is_name(text: &str) -> bool {
    text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
        && text.chars().any(|character| character.is_ascii_alphanumeric())
        && !text.starts_with(|first: char| first.is_ascii_digit())
}
