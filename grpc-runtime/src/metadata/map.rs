//! The map itself, over the `HeaderMap` that the transport reads and writes, so that nothing is copied
//! between the two.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::metadata::base64;
use crate::metadata::error::{InvalidMetadata, InvalidMetadataReason};
use crate::metadata::iter::MetadataIter;
use crate::metadata::key::{IntoMetadataKey, is_binary};
use crate::metadata::reserved::is_hidden;
use crate::metadata::value::{
    IntoMetadataValue, MetadataValue, as_ascii, binary_header, opaque_header, text_header,
};

/// Key and value pairs beside the messages of a call: what a request adds, what a response brings in its
/// headers and in its trailers (PROTOCOL-HTTP2, "Custom-Metadata").
///
/// A key may have several values, which keep their order. Keys are in lower case, and looked up in any
/// case. Values are text of printable ASCII, or, for keys that end in `-bin`, any bytes:
///
/// ```
/// use grpc_runtime::Metadata;
///
/// let mut metadata = Metadata::new();
/// metadata.insert("x-tenant", "a")?;
/// metadata.insert_bin("trace-bin", [0, 159, 146])?;
/// assert_eq!(metadata.get("x-tenant"), Some("a"));
/// assert_eq!(metadata.get_bin("trace-bin").as_deref(), Some(&[0, 159, 146][..]));
/// # Ok::<(), grpc_runtime::InvalidMetadata>(())
/// ```
///
/// What belongs to the protocol (`content-type`, `te`, `user-agent`, `host`, headers of the connection,
/// `grpc-status`, `grpc-timeout` and the like) is neither shown nor accepted. All other `grpc-` keys are
/// shown and, but for `grpc-trace-bin` and `grpc-tags-bin`, not accepted.
///
/// White space at the ends of a text value is dropped, as HTTP/2 cannot carry it.
///
/// Entries under `authorization`, `proxy-authorization` and `cookie` are sensitive from the start, others
/// after [`set_sensitive`](Metadata::set_sensitive): `Debug` does not show them, and no intermediary's
/// compression table keeps them (RFC 7541, section 7.1.3).
#[derive(Clone, Default)]
pub struct Metadata(Option<Box<HeaderMap>>);

impl Metadata {
    /// Without entries, and without an allocation.
    pub fn new() -> Metadata {
        Metadata::default()
    }

    /// Takes over received headers as they are. Nothing is checked or copied; the protocol's own stay in
    /// and are hidden. Those that nearly every answer has, and that were read by now, are not kept for themselves.
    pub(crate) fn from_headers(headers: HeaderMap) -> Metadata {
        let is_read = |name: &HeaderName| *name == CONTENT_TYPE || name.as_str() == "grpc-status";
        match headers.keys().all(is_read) {
            true => Metadata::new(),
            false => Metadata(Some(Box::new(headers))),
        }
    }

    /// Sets the only value of a text key.
    ///
    /// # Errors
    /// The key is not one, is reserved, or ends in `-bin`; or the value is not printable ASCII.
    pub fn insert(
        &mut self,
        key: impl IntoMetadataKey,
        value: impl IntoMetadataValue,
    ) -> Result<(), InvalidMetadata> {
        let (key, value) = text_entry(key, value)?;
        self.headers_mut().insert(key, value);
        Ok(())
    }

    /// Adds a value to a text key, after those that it has.
    ///
    /// # Errors
    /// Those of [`insert`](Metadata::insert).
    pub fn append(
        &mut self,
        key: impl IntoMetadataKey,
        value: impl IntoMetadataValue,
    ) -> Result<(), InvalidMetadata> {
        let (key, value) = text_entry(key, value)?;
        self.headers_mut().append(key, value);
        Ok(())
    }

    /// Sets the only value of a `-bin` key. It is sent as base64 without padding.
    ///
    /// # Errors
    /// The key is not one, is reserved, or does not end in `-bin`.
    pub fn insert_bin(
        &mut self,
        key: impl IntoMetadataKey,
        value: impl AsRef<[u8]>,
    ) -> Result<(), InvalidMetadata> {
        let (key, value) = binary_entry(key, value.as_ref())?;
        self.headers_mut().insert(key, value);
        Ok(())
    }

    /// Adds a value to a `-bin` key, after those that it has.
    ///
    /// # Errors
    /// Those of [`insert_bin`](Metadata::insert_bin).
    pub fn append_bin(
        &mut self,
        key: impl IntoMetadataKey,
        value: impl AsRef<[u8]>,
    ) -> Result<(), InvalidMetadata> {
        let (key, value) = binary_entry(key, value.as_ref())?;
        self.headers_mut().append(key, value);
        Ok(())
    }

    /// Adds a value that HTTP can carry though gRPC would not send it, to hand on a
    /// [`MetadataValue::Opaque`] as it came. Most servers take it; some do not.
    ///
    /// # Errors
    /// The key is not one or is reserved; or the value has control characters other than a tab.
    pub fn append_opaque(
        &mut self,
        key: impl IntoMetadataKey,
        value: impl AsRef<[u8]>,
    ) -> Result<(), InvalidMetadata> {
        let key = key.into_key()?.into_settable()?;
        let value = opaque_header(key.as_str(), value.as_ref())?;
        self.headers_mut().append(key, value);
        Ok(())
    }

    /// Adds all entries of `other` after those that are here, opaque ones included.
    pub fn extend(&mut self, other: &Metadata) {
        if !other.is_empty() {
            other.append_to(self.headers_mut());
        }
    }

    /// As [`extend`](Metadata::extend), of what is not needed any more.
    pub(crate) fn take_in(&mut self, other: Metadata) {
        match self.0 {
            None => *self = other,
            Some(_) => self.extend(&other),
        }
    }

    /// Adds the entries of `other` whose keys are not here yet: what is here goes before it.
    pub fn extend_missing(&mut self, other: &Metadata) {
        let here = |name: &HeaderName| self.as_headers().contains_key(name);
        let missing: Vec<_> = other.visible().filter(|(name, _)| !here(name)).collect();
        for (name, value) in missing {
            self.headers_mut().append(name.clone(), value.clone());
        }
    }

    /// Adds the entries of `other` whose keys are not here.
    pub(crate) fn extend_absent(&mut self, other: &Metadata) {
        for name in other.as_headers().keys().filter(|name| !is_hidden(name.as_str())) {
            if !self.as_headers().contains_key(name) {
                for value in other.as_headers().get_all(name) {
                    self.headers_mut().append(name, value.clone());
                }
            }
        }
    }

    /// Takes over all values that received headers have for a key, in place of those that are here.
    ///
    /// # Errors
    /// The key is not one, or is reserved.
    pub(crate) fn copy(
        &mut self,
        headers: &HeaderMap,
        key: impl IntoMetadataKey,
    ) -> Result<(), InvalidMetadata> {
        let key = key.into_key()?.into_settable()?;
        if let Some(headers) = &mut self.0 {
            headers.remove(&key);
        }
        for value in headers.get_all(&key) {
            let (key, value) = mark_sensitive(key.clone(), value.clone());
            self.headers_mut().append(key, value);
        }
        Ok(())
    }

    /// Removes all values of a key and says whether there were any.
    pub fn remove(&mut self, key: &str) -> bool {
        match self.first(key) {
            Some(_) => self.headers_mut().remove(key).is_some(),
            None => false,
        }
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.0 = None;
    }

    /// Marks all values that a key has now as sensitive or not, and says whether there were any.
    pub fn set_sensitive(&mut self, key: &str, sensitive: bool) -> bool {
        if self.first(key).is_none() {
            return false;
        }
        for (name, value) in self.headers_mut() {
            if name.as_str().eq_ignore_ascii_case(key) {
                value.set_sensitive(sensitive);
            }
        }
        true
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.visible().next().is_none()
    }

    /// The number of entries: a key counts as often as it has values.
    pub fn len(&self) -> usize {
        self.visible()
            .map(|(name, value)| match is_binary(name.as_str()) {
                true => base64::split(value.as_bytes()).count(),
                false => 1,
            })
            .sum()
    }

    /// Whether a key has a value of any kind.
    pub fn contains_key(&self, key: &str) -> bool {
        self.first(key).is_some()
    }

    /// The first text value of a key; `None` also for `-bin` keys.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.get_all(key).next()
    }

    /// The text values of a key in their order. Those outside printable ASCII are passed over
    /// ([`iter`](Metadata::iter) shows them).
    pub fn get_all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.values(key, false).filter_map(|value| as_ascii(value.as_bytes()))
    }

    /// The first value of a `-bin` key, decoded; `None` also for other keys.
    pub fn get_bin(&self, key: &str) -> Option<Bytes> {
        self.get_all_bin(key).next()
    }

    /// The values of a `-bin` key, decoded, in their order. What is not base64 is passed over
    /// ([`iter`](Metadata::iter) shows it).
    pub fn get_all_bin(&self, key: &str) -> impl Iterator<Item = Bytes> {
        self.values(key, true)
            .flat_map(|value| base64::split(value.as_bytes()))
            .filter_map(|text| base64::decode(text).map(Bytes::from))
    }

    /// The keys, each once.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.as_headers().keys().map(HeaderName::as_str).filter(|key| !is_hidden(key))
    }

    /// All entries.
    pub fn iter(&self) -> MetadataIter<'_> {
        MetadataIter::new(self.as_headers())
    }

    /// The headers, with those that the protocol owns.
    pub(crate) fn as_headers(&self) -> &HeaderMap {
        static EMPTY: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
        self.0.as_deref().unwrap_or_else(|| &EMPTY)
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.0.get_or_insert_default()
    }

    /// Adds the entries to the headers of a request, without what the protocol owns: metadata that was
    /// received may have it, and can be given to a call.
    pub(crate) fn append_to(&self, headers: &mut HeaderMap) {
        for (name, value) in self.visible() {
            headers.append(name.clone(), value.clone());
        }
    }

    fn visible(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        let headers = self.0.iter().flat_map(|headers| headers.iter());
        headers.filter(|(name, _)| !is_hidden(name.as_str()))
    }

    fn first(&self, key: &str) -> Option<&HeaderValue> {
        match is_hidden(&lowered(key)) {
            true => None,
            false => self.as_headers().get(key),
        }
    }

    fn values(&self, key: &str, binary: bool) -> impl Iterator<Item = &HeaderValue> {
        let lowered = lowered(key);
        let is_shown = !is_hidden(&lowered) && is_binary(&lowered) == binary;
        let values = is_shown.then(|| self.as_headers().get_all(key));
        values.into_iter().flatten()
    }
}

impl<'a> IntoIterator for &'a Metadata {
    type Item = (&'a str, MetadataValue<'a>);
    type IntoIter = MetadataIter<'a>;

    fn into_iter(self) -> MetadataIter<'a> {
        self.iter()
    }
}

/// Shows all entries but the values of sensitive ones.
impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `HeaderValue` knows whether it is sensitive.
        f.debug_map().entries(self.visible()).finish()
    }
}

/// The key as headers have it. The map looks keys up in any case; what is decided about them here is not.
fn lowered(key: &str) -> Cow<'_, str> {
    match key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(key.to_ascii_lowercase()),
        false => Cow::Borrowed(key),
    }
}

fn text_entry(
    key: impl IntoMetadataKey,
    value: impl IntoMetadataValue,
) -> Result<(HeaderName, HeaderValue), InvalidMetadata> {
    let key = key.into_key()?.into_settable()?;
    if is_binary(key.as_str()) {
        return Err(InvalidMetadata::new(key.as_str(), InvalidMetadataReason::TextForBinaryKey));
    }
    let value = text_header(key.as_str(), value.into_text())?;
    Ok(mark_sensitive(key, value))
}

fn binary_entry(
    key: impl IntoMetadataKey,
    value: &[u8],
) -> Result<(HeaderName, HeaderValue), InvalidMetadata> {
    let key = key.into_key()?.into_settable()?;
    if !is_binary(key.as_str()) {
        return Err(InvalidMetadata::new(key.as_str(), InvalidMetadataReason::BytesForTextKey));
    }
    let value = binary_header(key.as_str(), value)?;
    Ok(mark_sensitive(key, value))
}

fn mark_sensitive(key: HeaderName, mut value: HeaderValue) -> (HeaderName, HeaderValue) {
    if [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE].contains(&key) {
        value.set_sensitive(true);
    }
    (key, value)
}

#[cfg(test)]
mod tests;
