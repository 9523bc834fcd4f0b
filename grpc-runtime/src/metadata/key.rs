//! Keys: the check that a name can be one, and a key that has passed it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use http::HeaderName;

use crate::metadata::error::{InvalidMetadata, InvalidMetadataReason};
use crate::metadata::reserved::is_reserved;

/// A metadata key that has been checked.
///
/// Methods take keys as text; one that is used on each call is better kept as a constant, which is then
/// neither checked nor copied again:
///
/// ```
/// use grpc_runtime::{Metadata, MetadataKey};
///
/// const TENANT: MetadataKey = MetadataKey::from_static("x-tenant");
///
/// let mut metadata = Metadata::new();
/// metadata.insert(TENANT, "a")?;
/// # Ok::<(), grpc_runtime::InvalidMetadata>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MetadataKey(HeaderName);

impl MetadataKey {
    /// A key known at compile time, in lower case. Whether the protocol reserves it is found when it is
    /// used.
    ///
    /// # Panics
    /// On a name that is not a key; for a constant, that is an error of the compiler.
    pub const fn from_static(name: &'static str) -> MetadataKey {
        let bytes = name.as_bytes();
        let mut index = 0;
        while index < bytes.len() {
            assert!(
                is_key_byte(bytes[index]),
                "a metadata key has only a to z, 0 to 9, '_', '-' and '.'"
            );
            index += 1;
        }
        MetadataKey(HeaderName::from_static(name))
    }

    /// The key, in lower case.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether its values are bytes: whether it ends in `-bin`.
    pub fn is_binary(&self) -> bool {
        is_binary(self.as_str())
    }

    /// The header, if users may set it.
    pub(super) fn into_settable(self) -> Result<HeaderName, InvalidMetadata> {
        match is_reserved(self.as_str()) {
            true => Err(InvalidMetadata::new(self.as_str(), InvalidMetadataReason::Reserved)),
            false => Ok(self.0),
        }
    }
}

impl fmt::Debug for MetadataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for MetadataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Upper case becomes lower case, as HTTP/2 wants it.
impl FromStr for MetadataKey {
    type Err = InvalidMetadata;

    fn from_str(name: &str) -> Result<MetadataKey, InvalidMetadata> {
        let invalid = |reason| Err(InvalidMetadata::new(name, reason));
        if name.is_empty() {
            return invalid(InvalidMetadataReason::EmptyKey);
        }
        let stranger = name
            .char_indices()
            .find(|(_, c)| !u8::try_from(*c).is_ok_and(|b| is_key_byte(b.to_ascii_lowercase())));
        if let Some((position, character)) = stranger {
            return invalid(if character == ':' && position == 0 {
                InvalidMetadataReason::Reserved
            } else {
                InvalidMetadataReason::KeyCharacter { character, position }
            });
        }
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(header) => Ok(MetadataKey(header)),
            // Every byte is a token of HTTP, so its length is all that is left to refuse.
            Err(_) => invalid(InvalidMetadataReason::KeyTooLong),
        }
    }
}

/// What can be given as a key: text of any kind, or a [`MetadataKey`].
///
/// It is implemented here for all that there is; other crates cannot add to it.
pub trait IntoMetadataKey: sealed::Sealed {
    /// The key.
    ///
    /// # Errors
    /// The text is not one.
    #[doc(hidden)]
    fn into_key(self) -> Result<MetadataKey, InvalidMetadata>;
}

impl<T: AsRef<str> + ?Sized> IntoMetadataKey for &T {
    fn into_key(self) -> Result<MetadataKey, InvalidMetadata> {
        self.as_ref().parse()
    }
}

impl IntoMetadataKey for String {
    fn into_key(self) -> Result<MetadataKey, InvalidMetadata> {
        self.parse()
    }
}

impl IntoMetadataKey for Cow<'_, str> {
    fn into_key(self) -> Result<MetadataKey, InvalidMetadata> {
        self.parse()
    }
}

impl IntoMetadataKey for MetadataKey {
    fn into_key(self) -> Result<MetadataKey, InvalidMetadata> {
        Ok(self)
    }
}

impl IntoMetadataKey for &MetadataKey {
    fn into_key(self) -> Result<MetadataKey, InvalidMetadata> {
        Ok(self.clone())
    }
}

mod sealed {
    use std::borrow::Cow;

    use super::MetadataKey;

    pub trait Sealed {}
    impl<T: AsRef<str> + ?Sized> Sealed for &T {}
    impl Sealed for String {}
    impl Sealed for Cow<'_, str> {}
    impl Sealed for MetadataKey {}
    impl Sealed for &MetadataKey {}
}

pub(super) fn is_binary(key: &str) -> bool {
    key.ends_with(BINARY_SUFFIX)
}

/// PROTOCOL-HTTP2, "Header-Name".
const fn is_key_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.')
}

const BINARY_SUFFIX: &str = "-bin";

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(name: &str) -> InvalidMetadataReason {
        name.parse::<MetadataKey>().unwrap_err().reason()
    }

    #[test]
    fn names_in_the_alphabet_are_keys_in_lower_case() {
        for name in ["x", "X-Tenant", "a.b_c-9", "trace-bin", "-", "."] {
            let key: MetadataKey = name.parse().unwrap();
            assert_eq!(key.as_str(), name.to_lowercase());
            assert_eq!(key.is_binary(), name.ends_with("-bin"));
        }
    }

    #[test]
    fn other_names_are_refused_with_the_reason() {
        assert_eq!(reason(""), InvalidMetadataReason::EmptyKey);
        assert_eq!(reason(":path"), InvalidMetadataReason::Reserved);
        assert_eq!(reason(&"x".repeat(70_000)), InvalidMetadataReason::KeyTooLong);
        for (name, character, position) in [
            ("a b", ' ', 1),
            ("a!", '!', 1),
            ("\u{e9}", '\u{e9}', 0),
            ("ab:", ':', 2),
            ("a\n", '\n', 1),
        ] {
            assert_eq!(reason(name), InvalidMetadataReason::KeyCharacter { character, position });
        }
    }

    #[test]
    fn a_reserved_key_cannot_be_set() {
        let key = MetadataKey::from_static("grpc-status");
        assert_eq!(key.into_settable().unwrap_err().reason(), InvalidMetadataReason::Reserved);
    }
}
