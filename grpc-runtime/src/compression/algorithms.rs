//! The algorithms of one channel: which there are, which responses may use, and which requests are sent with.
//!
//! Made once, when the channel is built; the headers about it are made then, too.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;

use crate::compression::{BoundedBuffer, Compressor, UnknownEncoding, outcome};
use crate::encoding::Encoding;
use crate::framing::{self, Flag};
use crate::status::Status;

/// What a channel's builder was told.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) compressors: Vec<Arc<dyn Compressor>>,
    pub(crate) accepted: Vec<Encoding>,
    pub(crate) default: Option<Encoding>,
    pub(crate) min_bytes: Option<usize>,
}

impl Settings {
    /// # Errors
    /// An encoding is named that there is no compressor for.
    pub(crate) fn build(self) -> Result<Algorithms, UnknownEncoding> {
        // The program's own go before those that are built in, and of two the one that was given last.
        let mut compressors = self.compressors;
        compressors.reverse();
        compressors.extend(built_in());
        let find = |encoding: Encoding| {
            compressors.iter().find(|known| known.encoding() == encoding).ok_or_else(|| {
                let known = compressors.iter().map(|known| known.encoding());
                UnknownEncoding::new(encoding, list(known))
            })
        };
        let mut accepted = Vec::new();
        for encoding in self.accepted {
            if !encoding.is_identity() && !accepted.contains(&encoding) {
                find(encoding)?;
                accepted.push(encoding);
            }
        }
        if let Some(encoding) = self.default.filter(|encoding| !encoding.is_identity()) {
            find(encoding)?;
        }
        let mut known: Vec<Arc<Algorithm>> = Vec::new();
        for compressor in compressors {
            let encoding = compressor.encoding();
            if known.iter().all(|known| known.encoding != encoding) {
                known.push(Arc::new(Algorithm::new(compressor, &accepted)));
            }
        }
        Ok(Algorithms {
            known,
            default: self.default,
            min_bytes: self.min_bytes.unwrap_or(MIN_BYTES),
            accept: header(&accepted),
        })
    }
}

/// All that a channel has.
#[derive(Debug)]
pub(crate) struct Algorithms {
    known: Vec<Arc<Algorithm>>,
    default: Option<Encoding>,
    min_bytes: usize,
    accept: Option<HeaderValue>,
}

impl Algorithms {
    /// How the requests of a call are compressed, when the call or its method `chose`, or the channel did.
    ///
    /// # Errors
    /// There is no compressor for the encoding that was chosen (Z-03).
    #[inline]
    pub(crate) fn choose(
        &self,
        chosen: Option<Encoding>,
    ) -> Result<Option<Compression>, UnknownEncoding> {
        match chosen.or(self.default) {
            None => Ok(None),
            Some(encoding) => self.find(encoding),
        }
    }

    fn find(&self, encoding: Encoding) -> Result<Option<Compression>, UnknownEncoding> {
        if encoding.is_identity() {
            return Ok(None);
        }
        let algorithm = self.known.iter().find(|known| known.encoding == encoding);
        let algorithm = algorithm.ok_or_else(|| {
            let known = self.known.iter().map(|known| known.encoding);
            UnknownEncoding::new(encoding, list(known))
        })?;
        Ok(Some(Compression { algorithm: Arc::clone(algorithm), min_bytes: self.min_bytes }))
    }

    /// `grpc-accept-encoding` of calls that are not compressed themselves; none when nothing is accepted.
    pub(crate) fn accept(&self) -> Option<&HeaderValue> {
        self.accept.as_ref()
    }

    pub(super) fn known(&self) -> &[Arc<Algorithm>] {
        &self.known
    }
}

/// One of them, with the headers that say so.
pub(super) struct Algorithm {
    compressor: Arc<dyn Compressor>,
    encoding: Encoding,
    is_accepted: bool,
    /// `grpc-encoding`
    header: HeaderValue,
    /// `grpc-accept-encoding` of calls whose requests it compresses.
    accept: HeaderValue,
}

impl Algorithm {
    fn new(compressor: Arc<dyn Compressor>, accepted: &[Encoding]) -> Self {
        let encoding = compressor.encoding();
        let header = HeaderValue::from_static(encoding.name());
        let is_accepted = accepted.contains(&encoding);
        let mut accept = accepted.to_vec();
        if !is_accepted {
            accept.push(encoding);
        }
        let accept = self::header(&accept).unwrap_or_else(|| header.clone());
        Self { compressor, encoding, is_accepted, header, accept }
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether the channel accepts it.
    pub(super) fn is_accepted(&self) -> bool {
        self.is_accepted
    }

    /// A message as it was before it was compressed.
    ///
    /// # Errors
    /// INTERNAL when it was not; RESOURCE_EXHAUSTED when there are more than `max_bytes`.
    pub(super) fn decompress(&self, compressed: &[u8], max_bytes: usize) -> Result<Bytes, Status> {
        let mut output = BoundedBuffer::new(max_bytes);
        let result = self.compressor.decompress(compressed, &mut output);
        // A compressor may hide that it was stopped, and not what it has written.
        if output.is_over() {
            return Err(outcome::too_large(self.encoding, max_bytes));
        }
        match result {
            Ok(()) => Ok(output.into_message()),
            Err(error) => Err(outcome::corrupt(self.encoding, error)),
        }
    }
}

/// How the requests of one call are compressed.
#[derive(Debug, Clone)]
pub(crate) struct Compression {
    algorithm: Arc<Algorithm>,
    min_bytes: usize,
}

impl Compression {
    /// `grpc-encoding`
    pub(crate) fn header(&self) -> &HeaderValue {
        &self.algorithm.header
    }

    /// `grpc-accept-encoding`: what the channel accepts, and what the call itself is compressed with. There are
    /// servers that answer with what they were asked with, whatever else they are told (grpc-go).
    pub(crate) fn accept(&self) -> &HeaderValue {
        &self.algorithm.accept
    }

    /// The algorithm's name.
    pub(super) fn encoding(&self) -> Encoding {
        self.algorithm.encoding
    }

    pub(super) fn is_by(&self, algorithm: &Arc<Algorithm>) -> bool {
        Arc::ptr_eq(&self.algorithm, algorithm)
    }

    /// The framed message with its content compressed; as it was when it is too short for that, or would not become
    /// shorter.
    ///
    /// # Errors
    /// INTERNAL, that of the compressor.
    pub(crate) fn compress(&self, framed: Bytes) -> Result<Bytes, Status> {
        let message = framing::message_of(&framed);
        // An empty message is never compressed (as in grpc-go).
        if message.len() < self.min_bytes.max(1) {
            return Ok(framed);
        }
        // Half of its length is seldom too little: then the buffer grows.
        let compressed =
            framing::frame(Flag::Compressed, message.len() / 2, usize::MAX, &mut |buffer| {
                self.algorithm
                    .compressor
                    .compress(message, buffer)
                    .map_err(|error| outcome::not_compressed(self.algorithm.encoding, error))
            })?;
        Ok(if compressed.len() < framed.len() { compressed } else { framed })
    }
}

impl fmt::Debug for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Algorithm")
            .field("encoding", &self.encoding)
            .field("is_accepted", &self.is_accepted)
            .finish_non_exhaustive()
    }
}

fn built_in() -> impl Iterator<Item = Arc<dyn Compressor>> {
    let built_in: [Arc<dyn Compressor>; BUILT_IN] = [
        #[cfg(feature = "gzip")]
        Arc::new(crate::compression::Gzip::new()),
        #[cfg(feature = "deflate")]
        Arc::new(crate::compression::Deflate::new()),
        #[cfg(feature = "zstd")]
        Arc::new(crate::compression::Zstd::new()),
    ];
    built_in.into_iter()
}

/// As servers are told: `gzip,zstd`. "identity" is always accepted and need not be said.
pub(super) fn list(encodings: impl Iterator<Item = Encoding>) -> String {
    let mut list = String::new();
    for encoding in encodings {
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(encoding.name());
    }
    list
}

fn header(encodings: &[Encoding]) -> Option<HeaderValue> {
    let list = list(encodings.iter().copied());
    if list.is_empty() { None } else { HeaderValue::try_from(list).ok() }
}

const BUILT_IN: usize = cfg!(feature = "gzip") as usize
    + cfg!(feature = "deflate") as usize
    + cfg!(feature = "zstd") as usize;

/// A message of a kilobyte fills one packet, compressed or not, and takes longer to compress than to send.
const MIN_BYTES: usize = 1 << 10;
