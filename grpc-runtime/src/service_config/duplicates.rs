//! Finds a key that an object has twice, anywhere in the text: of two values nobody can tell which one was meant
//! (RFC 8259 §4, "names SHOULD be unique"; parsers of Protocol Buffers refuse it).
//!
//! A pass of its own, because `serde_json::Value` keeps the last of them without a word.

use std::collections::HashSet;
use std::fmt;
use std::fmt::Write as _;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// The path of a key that is there twice, such as `methodConfig[0].timeout`. `None` if there is none, or the text is
/// not JSON.
pub(super) fn find(json: &str) -> Option<String> {
    let mut search = Search { path: String::new(), found: false };
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let ended = Below(&mut search).deserialize(&mut deserializer);
    (ended.is_err() && search.found).then_some(search.path)
}

struct Search {
    /// Of the value being read; where the search stops, it stays.
    path: String,
    found: bool,
}

/// Reads one value and all that is in it.
struct Below<'s>(&'s mut Search);

impl<'de> DeserializeSeed<'de> for Below<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Below<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let above = self.0.path.len();
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if above > 0 {
                self.0.path.push('.');
            }
            match key.as_str() {
                "" => self.0.path.push_str(r#""""#),
                key => self.0.path.push_str(key),
            }
            if !keys.insert(key) {
                self.0.found = true;
                return Err(A::Error::custom("a key is there twice"));
            }
            map.next_value_seed(Below(&mut *self.0))?;
            self.0.path.truncate(above);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let above = self.0.path.len();
        for index in 0_usize.. {
            write!(self.0.path, "[{index}]").map_err(A::Error::custom)?;
            let element = list.next_element_seed(Below(&mut *self.0))?;
            self.0.path.truncate(above);
            if element.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_there_twice_is_found_wherever_it_is() {
        for (json, path) in [
            (r#"{"a": 1, "b": 2, "a": 1}"#, Some("a")),
            (r#"{"a": [0, {"b": {"c": 1, "c": 2}}]}"#, Some("a[1].b.c")),
            (r#"{"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, {"b": 1}]}"#, None),
            (r#"[[{"a": null, "\u0061": true}]]"#, Some("[0][0].a")),
            (r#"{"": -1, "": 1.5}"#, Some(r#""""#)),
            (r#"{"a": 1, "a"#, None),
            ("", None),
            ("{} {}", None),
        ] {
            assert_eq!(find(json).as_deref(), path, "{json}");
        }
    }

    #[test]
    fn deep_nesting_ends_in_an_error_and_not_in_a_crash() {
        assert_eq!(find(&"[".repeat(1_000_000)), None);
        assert_eq!(find(&r#"{"a":"#.repeat(1_000_000)), None);
    }
}
