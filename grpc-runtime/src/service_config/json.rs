//! Reading JSON as proto3 writes it, field by field, with the path of each for errors.
//!
//! A reader is told what a field must be, and says so where it is something else. What is read into is not known here.
//! (<https://protobuf.dev/programming-guides/json/>: a field may go by either of its names, null is as good as
//! missing, numbers may be text.)

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde_json::{Map, Number, Value};

use super::duration;
use super::error::{InvalidServiceConfig, Mistake};
use crate::attempts::{CodeSet, Field, InvalidPolicy};
use crate::status::Code;

type Result<T> = std::result::Result<T, InvalidServiceConfig>;

/// A value, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    value: &'a Value,
    path: Path<'a>,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Node<'a> {
        Node { value, path: Path::Root }
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    pub(super) fn object(self) -> Result<Object<'a>> {
        match self.value {
            Value::Object(fields) => Ok(Object { fields, path: self.path }),
            _ => Err(self.must_be("an object")),
        }
    }

    /// The elements of a list.
    pub(super) fn list(&self) -> Result<impl Iterator<Item = Node<'_>>> {
        let Value::Array(values) = self.value else {
            return Err(self.must_be("a list"));
        };
        Ok(values
            .iter()
            .enumerate()
            .map(|(index, value)| Node { value, path: Path::Item { of: &self.path, index } }))
    }

    pub(super) fn bool(self) -> Result<bool> {
        self.value.as_bool().ok_or_else(|| self.must_be("true or false"))
    }

    pub(super) fn string(self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.must_be("text"))
    }

    /// A `uint32`.
    pub(super) fn integer(self, expected: &'static str) -> Result<u32> {
        self.as_number().as_ref().and_then(as_u32).ok_or_else(|| self.must_be(expected))
    }

    /// A `float`, but no infinity and no NaN.
    pub(super) fn number(self, expected: &'static str) -> Result<f64> {
        let number = self.as_number().as_ref().and_then(Number::as_f64);
        number.filter(|number| number.is_finite()).ok_or_else(|| self.must_be(expected))
    }

    pub(super) fn duration(self, expected: &'static str) -> Result<Duration> {
        self.value.as_str().and_then(duration::parse).ok_or_else(|| self.must_be(expected))
    }

    /// A list of status codes, each by its number or by its name in any letter case (gRFC A6).
    pub(super) fn codes(self) -> Result<CodeSet> {
        self.list()?.map(Node::code).collect()
    }

    fn code(self) -> Result<Code> {
        let code = match self.value {
            Value::String(name) => name.parse().ok(),
            Value::Number(number) => as_u32(number)
                .and_then(|number| i32::try_from(number).ok())
                .and_then(|number| Code::try_from(number).ok()),
            _ => None,
        };
        code.ok_or_else(|| {
            self.must_be("the name or the number of a status code, such as \"UNAVAILABLE\" or 14")
        })
    }

    pub(super) fn must_be(&self, expected: impl Into<Cow<'static, str>>) -> InvalidServiceConfig {
        self.wrong(Mistake::Value { found: shown(self.value), expected: expected.into() })
    }

    pub(super) fn wrong(&self, mistake: Mistake) -> InvalidServiceConfig {
        InvalidServiceConfig::new(self.path(), mistake)
    }

    pub(super) fn path(&self) -> String {
        self.path.to_string()
    }

    fn as_number(&self) -> Option<Number> {
        match self.value {
            Value::Number(number) => Some(number.clone()),
            // No white space around it, which JSON would pass over.
            Value::String(text) if !text.contains(|c: char| c.is_whitespace()) => {
                serde_json::from_str(text).ok()
            }
            _ => None,
        }
    }
}

/// An object, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    fields: &'a Map<String, Value>,
    path: Path<'a>,
}

impl Object<'_> {
    /// The field with this name, in lowerCamelCase, or with its other name, as the `.proto` has it.
    pub(super) fn field(&self, name: &'static str) -> Result<Option<Node<'_>>> {
        let node = |name| {
            let value = self.fields.get(name).filter(|value| !value.is_null())?;
            Some(Node { value, path: self.path_of(name) })
        };
        let other = original(name);
        let given = self.fields.get_key_value(&other).map(|(key, _)| key.as_str());
        match (node(name), given.filter(|other| *other != name).and_then(node)) {
            (Some(field), Some(_)) => Err(field.wrong(Mistake::BothSpellings { other })),
            (Some(field), None) | (None, Some(field)) => Ok(Some(field)),
            (None, None) => Ok(None),
        }
    }

    /// What a field is read as, if it is there.
    pub(super) fn read<'b, T>(
        &'b self,
        name: &'static str,
        read: impl FnOnce(Node<'b>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.field(name)?.map(read).transpose()
    }

    /// What a field is read as that has to be there.
    pub(super) fn require<'b, T>(
        &'b self,
        field: Field,
        read: impl FnOnce(Node<'b>, &'static str) -> Result<T>,
    ) -> Result<T> {
        match self.field(field.name)? {
            Some(node) => read(node, field.expected),
            None => Err(self.missing(field.name, field.expected)),
        }
    }

    pub(super) fn missing(&self, name: &str, expected: &'static str) -> InvalidServiceConfig {
        let path = self.path_of(name).to_string();
        InvalidServiceConfig::new(path, Mistake::Missing { expected })
    }

    /// The error for a policy that was read from here and is not taken.
    pub(super) fn refused(&self, error: &InvalidPolicy) -> InvalidServiceConfig {
        let Field { name, expected } = error.field;
        match self.field(name) {
            Ok(Some(field)) => field.must_be(expected),
            Ok(None) => self.missing(name, expected),
            Err(error) => error,
        }
    }

    pub(super) fn wrong(&self, mistake: Mistake) -> InvalidServiceConfig {
        InvalidServiceConfig::new(self.path.to_string(), mistake)
    }

    fn path_of<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path::Field { of: &self.path, name }
    }
}

/// The way from the outermost object to a value.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Field { of: &'a Path<'a>, name: &'a str },
    Item { of: &'a Path<'a>, index: usize },
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Field { of: Path::Root, name } => f.write_str(name),
            Path::Field { of, name } => write!(f, "{of}.{name}"),
            Path::Item { of, index } => write!(f, "{of}[{index}]"),
        }
    }
}

/// `max_attempts` for `maxAttempts`.
fn original(name: &str) -> String {
    let mut original = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            original.push('_');
        }
        original.push(letter.to_ascii_lowercase());
    }
    original
}

/// Also what is written as `2.0` or `2e0`.
fn as_u32(number: &Number) -> Option<u32> {
    if let Some(integer) = number.as_u64() {
        return u32::try_from(integer).ok();
    }
    let number = number.as_f64()?;
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    fits.then_some(number as u32)
}

/// A value as an error shows it: short, whatever a resolver sent.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(values) if values.is_empty() => "an empty list".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let text = value.to_string();
            match text.char_indices().nth(SHOWN) {
                Some((end, _)) => format!("{}..", &text[..end]),
                None => text,
            }
        }
    }
}

const SHOWN: usize = 60;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn integers_may_be_written_in_several_ways() {
        let read = |value: Value| Node::root(&value).integer("an integer").ok();
        for value in [json!(7), json!(7.0), json!(70e-1), json!("7"), json!("7.0"), json!("0.7e1")]
        {
            assert_eq!(read(value.clone()), Some(7), "{value}");
        }
        assert_eq!(read(json!(u32::MAX)), Some(u32::MAX));
        assert_eq!(read(json!("4294967295")), Some(u32::MAX));
        for value in [
            json!(-1),
            json!(7.5),
            json!(4_294_967_296_u64),
            json!(1e300),
            json!(""),
            json!(" 7"),
            json!("+7"),
            json!("07"),
            json!("seven"),
            json!("\"7\""),
            json!([7]),
            json!(true),
            json!(null),
        ] {
            assert_eq!(read(value.clone()), None, "{value}");
        }
    }

    #[test]
    fn numbers_are_finite() {
        let read = |value: Value| Node::root(&value).number("a number").ok();
        for value in [json!(1.5), json!("1.5"), json!("15e-1")] {
            assert_eq!(read(value.clone()), Some(1.5), "{value}");
        }
        assert_eq!(read(json!(2)), Some(2.0));
        for value in [json!("Infinity"), json!("NaN"), json!("1e999"), json!("-"), json!({})] {
            assert_eq!(read(value.clone()), None, "{value}");
        }
    }

    #[test]
    fn a_field_has_two_names_and_null_is_neither() {
        let field = |value: Value| {
            let read = |node: Node<'_>| node.integer("an integer");
            Node::root(&value).object().unwrap().read("maxTokens", read)
        };
        assert_eq!(field(json!({"maxTokens": 1})).unwrap(), Some(1));
        assert_eq!(field(json!({"max_tokens": 1})).unwrap(), Some(1));
        assert_eq!(field(json!({"max_tokens": 1, "maxTokens": null})).unwrap(), Some(1));
        assert_eq!(
            field(json!({"maxtokens": 1, "MaxTokens": 2, "maxTokens": null})).unwrap(),
            None
        );
        let error = field(json!({"max_tokens": 1, "maxTokens": 1})).unwrap_err();
        assert_eq!(error.to_string(), "maxTokens is given twice, the other time as max_tokens");
        let error = field(json!({"max_tokens": -1})).unwrap_err();
        assert_eq!(error.to_string(), "max_tokens is -1, and must be an integer");
    }

    #[test]
    fn what_is_shown_is_short() {
        let long = "\u{e9}".repeat(1000);
        assert_eq!(shown(&json!(long)).chars().count(), SHOWN + 2);
        assert_eq!(shown(&json!("a\nb")), r#""a\nb""#);
        assert_eq!(shown(&json!([long])), "a list");
    }
}
