//! Walking over metadata: the protocol's own headers left out, `-bin` headers taken apart and decoded.

use std::fmt;

use http::{HeaderMap, header};

use crate::metadata::base64;
use crate::metadata::key::is_binary;
use crate::metadata::reserved::is_hidden;
use crate::metadata::value::MetadataValue;

/// The entries of [`Metadata`](crate::Metadata), made by [`iter`](crate::Metadata::iter).
///
/// Values of one key follow each other in the order in which they arrived or were added.
pub struct MetadataIter<'a> {
    headers: header::Iter<'a, http::HeaderValue>,
    /// What is left of a `-bin` header, from the value after the one last returned.
    joined: Option<(&'a str, &'a [u8])>,
}

impl<'a> MetadataIter<'a> {
    pub(super) fn new(headers: &'a HeaderMap) -> MetadataIter<'a> {
        MetadataIter { headers: headers.iter(), joined: None }
    }

    fn next_of_joined(&mut self, key: &'a str, bytes: &'a [u8]) -> (&'a str, MetadataValue<'a>) {
        let value = base64::split(bytes).next().unwrap_or_default();
        self.joined = bytes
            .iter()
            .position(|&byte| byte == b',')
            .and_then(|comma| bytes.get(comma + 1..))
            .map(|rest| (key, rest));
        (key, MetadataValue::of_base64(value))
    }
}

impl<'a> Iterator for MetadataIter<'a> {
    type Item = (&'a str, MetadataValue<'a>);

    fn next(&mut self) -> Option<(&'a str, MetadataValue<'a>)> {
        if let Some((key, rest)) = self.joined.take() {
            return Some(self.next_of_joined(key, rest));
        }
        let (name, value) = self.headers.find(|(name, _)| !is_hidden(name.as_str()))?;
        let (key, bytes) = (name.as_str(), value.as_bytes());
        Some(match is_binary(key) {
            true => self.next_of_joined(key, bytes),
            false => (key, MetadataValue::of_text(bytes)),
        })
    }
}

impl fmt::Debug for MetadataIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataIter").finish_non_exhaustive()
    }
}
