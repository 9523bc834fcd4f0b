//! The response side of one call: its compressed messages, and a server that would not have its compressed requests.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use crate::compression::outcome;
use crate::compression::{Algorithms, Compression};
use crate::encoding::Encoding;
use crate::status::{Code, Origin, Status};

/// What it takes to read compressed responses.
#[derive(Debug)]
pub(crate) struct Decompression {
    max_bytes: usize,
    /// `None` where nothing is accepted, which costs nothing.
    algorithms: Option<Arc<Algorithms>>,
    /// What the requests are compressed with.
    sent: Option<Compression>,
}

impl Decompression {
    /// `sent` is what the requests of the call are compressed with, `max_bytes` the most that a response may have.
    #[inline]
    pub(crate) fn new(
        algorithms: &Arc<Algorithms>,
        sent: Option<Compression>,
        max_bytes: usize,
    ) -> Self {
        let is_needed = algorithms.accept().is_some() || sent.is_some();
        Self { max_bytes, algorithms: is_needed.then(|| Arc::clone(algorithms)), sent }
    }

    /// The most that a message may have, in bytes, before and after.
    pub(crate) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// A message as it was before the server compressed it; `headers` are those of the response.
    ///
    /// # Errors
    /// INTERNAL when the encoding is none, or not one that the server may use, or when the bytes are not compressed
    /// by it; RESOURCE_EXHAUSTED when there are more than allowed.
    pub(crate) fn message(&self, headers: &HeaderMap, compressed: &[u8]) -> Result<Bytes, Status> {
        let encoding = match headers.get("grpc-encoding").map(http::HeaderValue::as_bytes) {
            None | Some(b"identity") => return Err(outcome::no_encoding()),
            Some(encoding) => encoding,
        };
        let known =
            self.algorithms.as_ref().map(|algorithms| algorithms.known()).unwrap_or_default();
        let mut accepted = known.iter().filter(|known| {
            known.is_accepted() || self.sent.as_ref().is_some_and(|sent| sent.is_by(known))
        });
        match accepted.clone().find(|known| known.encoding().name().as_bytes() == encoding) {
            Some(algorithm) => algorithm.decompress(compressed, self.max_bytes),
            None => Err(outcome::not_accepted(
                encoding,
                accepted.by_ref().map(|known| known.encoding()),
            )),
        }
    }

    /// Adds to the status of a server that refused the encoding what it would have taken (Z-04: UNIMPLEMENTED, with
    /// `grpc-accept-encoding` in the response).
    pub(crate) fn explain(&self, status: Status, headers: &HeaderMap) -> Status {
        let Some(sent) = &self.sent else { return status };
        if status.code() != Code::Unimplemented || status.origin() != Origin::Server {
            return status;
        }
        let trailers = status.metadata().as_headers();
        let accepted = [trailers, headers].into_iter().find_map(|headers| {
            headers.get("grpc-accept-encoding").and_then(|accepted| accepted.to_str().ok())
        });
        let Some(accepted) = accepted else { return status };
        let accepted: Vec<String> = accepted
            .split(',')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        let encoding = sent.encoding();
        // Where it takes this one, something else is not implemented.
        if accepted.iter().any(|name| name == encoding.name()) {
            return status;
        }
        status.with_source(EncodingRefused { encoding, accepted })
    }
}

/// Why a call with compressed requests ended with UNIMPLEMENTED: the server does not know the encoding. It is the
/// [`source`](Error::source) of the call's status.
///
/// ```
/// # use grpc_runtime::{Status, compression::{EncodingRefused, Encoding}};
/// use std::error::Error as _;
///
/// /// What to send with from now on.
/// fn better(status: &Status) -> Option<Encoding> {
///     let refused = status.source()?.downcast_ref::<EncodingRefused>()?;
///     refused.accepts(Encoding::GZIP).then_some(Encoding::GZIP)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodingRefused {
    encoding: Encoding,
    accepted: Vec<String>,
}

impl EncodingRefused {
    /// What the requests were compressed with.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// What the server says that it accepts (`grpc-accept-encoding`).
    pub fn accepted(&self) -> impl Iterator<Item = &str> {
        self.accepted.iter().map(String::as_str)
    }

    /// Whether the server accepts `encoding`; the identity always.
    pub fn accepts(&self, encoding: Encoding) -> bool {
        encoding.is_identity() || self.accepted().any(|accepted| accepted == encoding.name())
    }
}

impl fmt::Display for EncodingRefused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the requests were compressed with {}, and the server accepts {}",
            self.encoding,
            match self.accepted.as_slice() {
                [] => "none".to_owned(),
                accepted => accepted.join(", "),
            }
        )
    }
}

impl Error for EncodingRefused {}
