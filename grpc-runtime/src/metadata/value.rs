//! Values: the checks on those to be sent, and the three shapes of those received.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderValue;

use crate::metadata::base64;
use crate::metadata::error::{InvalidMetadata, InvalidMetadataReason};

/// A value as [`Metadata::iter`](crate::Metadata::iter) shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataValue<'a> {
    /// Printable ASCII, under a text key.
    Ascii(&'a str),
    /// The decoded bytes, under a key that ends in `-bin`.
    Binary(Bytes),
    /// What arrived is fit for HTTP and not for gRPC: other bytes under a text key, or what is not base64
    /// under a `-bin` key. These are the bytes of the header. They can be sent on with
    /// [`Metadata::append_opaque`](crate::Metadata::append_opaque).
    Opaque(&'a [u8]),
}

impl<'a> MetadataValue<'a> {
    pub(super) fn of_text(bytes: &'a [u8]) -> MetadataValue<'a> {
        match as_ascii(bytes) {
            Some(text) => MetadataValue::Ascii(text),
            None => MetadataValue::Opaque(bytes),
        }
    }

    pub(super) fn of_base64(text: &'a [u8]) -> MetadataValue<'a> {
        match base64::decode(text) {
            Some(bytes) => MetadataValue::Binary(bytes.into()),
            None => MetadataValue::Opaque(text),
        }
    }
}

/// What can be given as the value of a text key: text of any kind. A `String` is moved, not copied.
///
/// It is implemented here for all that there is; other crates cannot add to it.
pub trait IntoMetadataValue: sealed::Sealed {
    #[doc(hidden)]
    fn into_text(self) -> Bytes;
}

impl<T: AsRef<str> + ?Sized> IntoMetadataValue for &T {
    fn into_text(self) -> Bytes {
        Bytes::copy_from_slice(self.as_ref().trim_matches(WHITE_SPACE).as_bytes())
    }
}

impl IntoMetadataValue for String {
    fn into_text(self) -> Bytes {
        let text = Bytes::from(self);
        let trimmed = trim(&text);
        text.slice_ref(trimmed)
    }
}

impl IntoMetadataValue for Cow<'_, str> {
    fn into_text(self) -> Bytes {
        match self {
            Cow::Borrowed(text) => text.into_text(),
            Cow::Owned(text) => text.into_text(),
        }
    }
}

mod sealed {
    use std::borrow::Cow;

    pub trait Sealed {}
    impl<T: AsRef<str> + ?Sized> Sealed for &T {}
    impl Sealed for String {}
    impl Sealed for Cow<'_, str> {}
}

/// The header for a text value (PROTOCOL-HTTP2, "ASCII-Value").
pub(super) fn text_header(key: &str, text: Bytes) -> Result<HeaderValue, InvalidMetadata> {
    if let Some(position) = text.iter().position(|&byte| !is_printable(byte)) {
        let byte = text[position];
        let reason = InvalidMetadataReason::ValueByte { byte, position };
        return Err(InvalidMetadata::new(key, reason));
    }
    header(key, text)
}

/// The header for bytes.
pub(super) fn binary_header(key: &str, bytes: &[u8]) -> Result<HeaderValue, InvalidMetadata> {
    header(key, base64::encode(bytes).into())
}

/// The header for a value that gRPC would not send and HTTP can carry.
pub(super) fn opaque_header(key: &str, bytes: &[u8]) -> Result<HeaderValue, InvalidMetadata> {
    header(key, Bytes::copy_from_slice(trim(bytes)))
}

/// The text of a value within the range of gRPC.
pub(super) fn as_ascii(bytes: &[u8]) -> Option<&str> {
    match bytes.iter().all(|&byte| is_printable(byte)) {
        true => std::str::from_utf8(bytes).ok(),
        false => None,
    }
}

fn header(key: &str, bytes: Bytes) -> Result<HeaderValue, InvalidMetadata> {
    HeaderValue::from_maybe_shared(bytes.clone()).map_err(|_| {
        let is_refused = |byte: &u8| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f;
        let position = bytes.iter().position(is_refused).unwrap_or_default();
        let byte = bytes.get(position).copied().unwrap_or_default();
        InvalidMetadata::new(key, InvalidMetadataReason::ValueByte { byte, position })
    })
}

/// A header value with white space at an end is malformed in HTTP/2 (RFC 9113, section 8.2.1), and gRPC
/// lets it be dropped.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e)
}

const WHITE_SPACE: [char; 2] = [' ', '\t'];
