//! `google.rpc.Status`, the structured form of a failure that travels in `grpc-status-details-bin`.
//!
//! The message is written here by hand so that nobody needs another crate for it. The detail messages themselves
//! (`google.rpc.ErrorInfo` and the like) are in `error_details`.

use std::error::Error;
use std::fmt;

use prost::{DecodeError, Message, Name};
use prost_types::Any;

/// `google.rpc.Status` (`google/rpc/status.proto` of the googleapis project), as a prost message.
///
/// Its fields are those of the published message, so the struct is open to be written as a literal.
#[derive(Clone, PartialEq, Message)]
pub struct RpcStatus {
    /// The number of a [`Code`](crate::Code). Servers should send the same as in `grpc-status`.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// The message for developers, in English.
    #[prost(string, tag = "2")]
    pub message: String,
    /// Any number of messages of any type, each with the URL of its type.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

impl RpcStatus {
    /// The details of one type, decoded, in their order; those of other types are passed over.
    ///
    /// # Errors
    /// An item is an error where the bytes under the right type URL are not such a message.
    pub fn details_of<M: Message + Name + Default>(
        &self,
    ) -> impl Iterator<Item = Result<M, DecodeError>> {
        let wanted = M::full_name();
        self.details
            .iter()
            .filter(move |any| any.type_url.rsplit('/').next() == Some(wanted.as_str()))
            .map(|any| M::decode(any.value.as_slice()))
    }

    /// Adds one detail message.
    #[must_use]
    pub fn with_detail<M: Message + Name>(mut self, detail: &M) -> RpcStatus {
        self.details.push(Any { type_url: M::type_url(), value: detail.encode_to_vec() });
        self
    }
}

impl Name for RpcStatus {
    const NAME: &'static str = "Status";
    const PACKAGE: &'static str = "google.rpc";
}

/// The details of a status are there, and are not a `google.rpc.Status`.
///
/// The raw bytes remain at hand in [`Status::details`](crate::Status::details).
#[derive(Debug, Clone)]
pub struct DetailsError {
    source: DecodeError,
}

impl DetailsError {
    pub(super) fn new(source: DecodeError) -> DetailsError {
        DetailsError { source }
    }
}

impl fmt::Display for DetailsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the details of the status are not a google.rpc.Status")
    }
}

impl Error for DetailsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands for any message that has a name.
    fn named() -> RpcStatus {
        RpcStatus { code: 3, message: "inner".to_owned(), details: Vec::new() }
    }

    #[test]
    fn a_detail_is_found_by_its_type() {
        let other = Any { type_url: "type.googleapis.com/x.Other".to_owned(), value: vec![0xff] };
        let mut status = RpcStatus::default().with_detail(&named());
        status.details.insert(0, other);
        let found: Vec<RpcStatus> = status.details_of().map(Result::unwrap).collect();
        assert_eq!(found, [named()]);
    }

    #[test]
    fn a_detail_of_broken_bytes_is_an_error() {
        let mut status = RpcStatus::default().with_detail(&named());
        status.details[0].value = vec![0xff];
        assert!(status.details_of::<RpcStatus>().next().unwrap().is_err());
    }

    #[test]
    fn the_bytes_are_those_of_the_published_message() {
        let bytes = named().encode_to_vec();
        assert_eq!(bytes, [0x08, 3, 0x12, 5, b'i', b'n', b'n', b'e', b'r']);
    }
}
