//! Why a key or a value cannot be metadata.

use std::error::Error;
use std::fmt;

/// An entry cannot be put into [`Metadata`](crate::Metadata).
///
/// It names the key, the reason and the way out. It never shows the value, which may be a secret. Where a
/// call is made of it, it becomes an INTERNAL status that was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMetadata {
    key: String,
    reason: InvalidMetadataReason,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidMetadataReason {
    /// The key has no characters.
    EmptyKey,
    /// The key is longer than HTTP headers may be here (65,535 bytes).
    KeyTooLong,
    /// The key has a character other than `a` to `z`, `0` to `9`, `_`, `-` and `.`.
    KeyCharacter {
        /// The character.
        character: char,
        /// Where it is, in bytes from the start of the key.
        position: usize,
    },
    /// The key belongs to HTTP/2 or to gRPC itself.
    Reserved,
    /// The value of a text key has a byte that is not printable ASCII (0x20 to 0x7E).
    ValueByte {
        /// The byte.
        byte: u8,
        /// Where it is, in bytes from the start of the value.
        position: usize,
    },
    /// Text was given for a key that ends in `-bin`.
    TextForBinaryKey,
    /// Bytes were given for a key that does not end in `-bin`.
    BytesForTextKey,
}

impl InvalidMetadata {
    pub(super) fn new(key: &str, reason: InvalidMetadataReason) -> InvalidMetadata {
        InvalidMetadata { key: key.to_owned(), reason }
    }

    /// The key as it was given.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong.
    pub fn reason(&self) -> InvalidMetadataReason {
        self.reason
    }
}

impl fmt::Display for InvalidMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InvalidMetadata { key, reason } = self;
        match reason {
            InvalidMetadataReason::EmptyKey => {
                f.write_str("a metadata key is empty: give it a name")
            }
            InvalidMetadataReason::KeyTooLong => {
                write!(f, "a metadata key is {} bytes long: at most 65535 are possible", key.len())
            }
            InvalidMetadataReason::KeyCharacter { character, position } => write!(
                f,
                "metadata key {key:?} has {character:?} at byte {position}: \
                 use only a to z, 0 to 9, '_', '-' and '.'"
            ),
            InvalidMetadataReason::Reserved => write!(
                f,
                "metadata key {key:?} belongs to the protocol, which sets it itself: \
                 use a key of your own, without the prefix \"grpc-\""
            ),
            InvalidMetadataReason::ValueByte { byte, position } => write!(
                f,
                "the value of metadata key {key:?} has byte 0x{byte:02x} at {position}, which is not \
                 printable ASCII: encode it, or send bytes under \"{key}-bin\" by `metadata_bin` of a call, or `insert_bin`"
            ),
            InvalidMetadataReason::TextForBinaryKey => write!(
                f,
                "metadata key {key:?} ends in \"-bin\" and takes bytes: \
                 use `metadata_bin` of a call, `insert_bin` or `append_bin`, or another key"
            ),
            InvalidMetadataReason::BytesForTextKey => {
                write!(f, "metadata key {key:?} takes text: use \"{key}-bin\" for bytes")
            }
        }
    }
}

impl Error for InvalidMetadata {}
