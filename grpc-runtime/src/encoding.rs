//! [`Encoding`]: the name of a way to compress messages, as it stands in `grpc-encoding`.
//!
//! A name only. What compresses is a `Compressor` (`compression`).

use std::fmt;

/// The name of a way to compress messages (gRPC compression, "Compression Method Supported by the Peer").
///
/// ```
/// use grpc_runtime::compression::Encoding;
///
/// const SNAPPY: Encoding = Encoding::new("snappy");
/// assert_eq!(SNAPPY.name(), "snappy");
/// assert!(Encoding::IDENTITY.is_identity());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Encoding(&'static str);

impl Encoding {
    /// Not compressed.
    pub const IDENTITY: Encoding = Encoding("identity");
    /// `gzip` (RFC 1952): every implementation of gRPC has it.
    pub const GZIP: Encoding = Encoding("gzip");
    /// `deflate`, which is the format of zlib (RFC 1950) and not bare deflate, as in HTTP (RFC 9110 §8.4.1.2).
    pub const DEFLATE: Encoding = Encoding("deflate");
    /// `zstd` (RFC 8878).
    pub const ZSTD: Encoding = Encoding("zstd");

    /// An encoding by its name on the wire: lower-case letters, digits, and `-`, `.`, `_`, `+`.
    ///
    /// # Panics
    /// On another text; for a constant, that is an error of the compiler.
    pub const fn new(name: &'static str) -> Encoding {
        assert!(
            is_name(name.as_bytes()),
            "the name of an encoding has lower-case letters, digits, `-`, `.`, `_` and `+`, and at least one of them"
        );
        Encoding(name)
    }

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// Whether it is the one that changes nothing.
    pub fn is_identity(self) -> bool {
        self == Encoding::IDENTITY
    }
}

/// Shows the name.
impl fmt::Display for Encoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0)
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Encoding({})", self.0)
    }
}

/// A part of what HTTP calls a token: names are compared byte by byte, so upper case would only be a trap, and a
/// comma or a space would break the list that the name is put into.
const fn is_name(name: &[u8]) -> bool {
    let mut position = 0;
    while position < name.len() {
        let byte = name[position];
        let fits = byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'-' | b'.' | b'_' | b'+');
        if !fits {
            return false;
        }
        position += 1;
    }
    !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_a_list_in_a_header_can_hold() {
        for (name, fits) in [
            ("gzip", true),
            ("x-snappy-framed.2_b+", true),
            ("", false),
            ("GZIP", false),
            ("gzip,zstd", false),
            ("gzip ", false),
            ("br\u{f6}tli", false),
        ] {
            assert_eq!(is_name(name.as_bytes()), fits, "{name:?}");
        }
        assert_eq!(Encoding::new("gzip"), Encoding::GZIP);
        assert_eq!(format!("{0} {0:?}", Encoding::ZSTD), "zstd Encoding(zstd)");
    }

    #[test]
    #[should_panic(expected = "lower-case letters")]
    fn another_name_is_refused() {
        Encoding::new("Gzip");
    }
}
