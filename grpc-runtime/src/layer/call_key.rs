//! What makes two calls the same: the method, the message as encoded, and the metadata, but for what only traces a call.
//!
//! A message with a map may be encoded in several orders; two such calls then count as different, which costs a
//! chance and is never wrong.

use std::sync::Arc;

use bytes::Bytes;

use crate::call::{Method, Request, Unary};
use crate::codec::Encode;
use crate::metadata::Metadata;
use crate::method::Idempotency;
use crate::status::{Delivery, Status};

/// Which metadata tells calls apart.
#[derive(Debug, Clone, Default)]
pub(super) enum Vary {
    /// All of it but what traces a call, which no response depends on.
    #[default]
    All,
    /// That under these keys.
    Only(Arc<[String]>),
}

impl Vary {
    pub(super) fn by<K: Into<String>>(keys: impl IntoIterator<Item = K>) -> Self {
        let lowered = keys.into_iter().map(|key| key.into().to_ascii_lowercase());
        let mut keys: Vec<String> = lowered.collect();
        keys.sort_unstable();
        Self::Only(keys.into())
    }

    fn contains(&self, key: &str) -> bool {
        match self {
            Vary::All => !TRACING.contains(&key),
            Vary::Only(keys) => keys.iter().any(|known| known == key),
        }
    }
}

/// Methods whose responses can be given to several callers: unary ones, with responses that are `Clone` and `Sync`.
/// Every such method has it.
#[diagnostic::on_unimplemented(
    message = "the responses of `{Self}` cannot be shared",
    label = "not unary, or with a response that is not `Clone + Sync`",
    note = "put the layer only on methods whose responses can be: `#[layer(Cache::new(1000))]` on the method, or `.layer(only::<greeter::SayHello, _>(Cache::new(1000)))`, with `grpc_runtime::layer::only`"
)]
pub trait Shareable: Method<Kind = Unary, Response: Clone + Sync> {}

#[diagnostic::do_not_recommend]
impl<M> Shareable for M
where
    M: Method<Kind = Unary>,
    M::Response: Clone + Sync,
{
}

/// Whether calls of the method may share a response at all: those that only read may.
pub(super) fn is_marked<M: Method>(request: &Request<M>) -> bool {
    match request.method().idempotency() {
        Idempotency::NoSideEffects => true,
        Idempotency::Idempotent | Idempotency::Unknown => false,
    }
}

/// The key of a call. Each part stands behind its length, so that no two calls have the same by chance.
///
/// # Errors
/// INTERNAL when the codec cannot write the message; the call would have failed with the same.
pub(super) fn call_key<M: Shareable>(request: &Request<M>, vary: &Vary) -> Result<Bytes, Status> {
    let path = request.method().path();
    let length = M::Codec::encoded_len(request.message());
    let mut key = Vec::with_capacity(path.len() + length + 16);
    append(&mut key, path.as_bytes());
    append_metadata(&mut key, request.metadata(), vary);
    M::Codec::encode(request.message(), &mut key).map_err(|error| {
        Status::internal("request not sent").with_delivery(Delivery::NotSent).with_source(error)
    })?;
    Ok(key.into())
}

fn append_metadata(key: &mut Vec<u8>, metadata: &Metadata, vary: &Vary) {
    let mut entries: Vec<(&str, &[u8])> = metadata
        .as_headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .filter(|(name, _)| vary.contains(name))
        .collect();
    // By key only: the values of one key have an order that means something.
    entries.sort_by_key(|(name, _)| *name);
    key.extend_from_slice(&(entries.len() as u64).to_le_bytes());
    for (name, value) in entries {
        append(key, name.as_bytes());
        append(key, value);
    }
}

fn append(key: &mut Vec<u8>, part: &[u8]) {
    key.extend_from_slice(&(part.len() as u64).to_le_bytes());
    key.extend_from_slice(part);
}

/// Other with each call (W3C Trace Context; `grpc-trace-bin` is its elder).
const TRACING: [&str; 3] = ["traceparent", "tracestate", "grpc-trace-bin"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Raw;
    use crate::method::{MethodDescriptor, MethodKind};

    enum Get {}

    impl Method for Get {
        type Request = Bytes;
        type Response = Bytes;
        type Kind = Unary;
        type Codec = Raw;
        type Error = Status;
        const DESCRIPTOR: &'static MethodDescriptor =
            &MethodDescriptor::new("/s/Get", MethodKind::Unary);
    }

    fn key(message: &'static [u8], metadata: &[(&str, &str)], vary: &Vary) -> Bytes {
        let mut request = Request::<Get>::new(Bytes::from_static(message));
        for &(key, value) in metadata {
            request.metadata_mut().append(key, value).unwrap();
        }
        call_key(&request, vary).unwrap()
    }

    #[test]
    fn message_and_metadata_tell_calls_apart_and_their_order_does_not() {
        let all = &Vary::All;
        assert_eq!(key(b"a", &[], all), key(b"a", &[], all));
        assert_ne!(key(b"a", &[], all), key(b"b", &[], all));
        assert_ne!(key(b"a", &[("x", "1")], all), key(b"a", &[], all));
        let (one, two) = ([("x", "1"), ("y", "2")], [("y", "2"), ("x", "1")]);
        assert_eq!(key(b"a", &one, all), key(b"a", &two, all));
        let (one, two) = ([("x", "1"), ("x", "2")], [("x", "2"), ("x", "1")]);
        assert_ne!(key(b"a", &one, all), key(b"a", &two, all));
        assert_eq!(key(b"a", &[("traceparent", "00-1-2-01")], all), key(b"a", &[], all));
        // Nothing moves from one part into the next.
        assert_ne!(key(b"a", &[("x", "1b")], all), key(b"ba", &[("x", "1")], all));
    }

    #[test]
    fn only_the_metadata_that_was_named_counts() {
        let vary = &Vary::by(["Authorization"]);
        assert_eq!(key(b"a", &[("x-request", "1")], vary), key(b"a", &[("x-request", "2")], vary));
        let (one, two) = ([("authorization", "ada")], [("authorization", "bob")]);
        assert_ne!(key(b"a", &one, vary), key(b"a", &two, vary));
    }
}
