//! Why something cannot be compressed or decompressed, and which algorithms a channel lacks.

use std::error::Error;
use std::fmt;
use std::io;

use crate::compression::LimitReached;
use crate::encoding::Encoding;

/// Why a [`Compressor`](crate::compression::Compressor) gave up. Reads as its cause does.
#[derive(Debug)]
pub struct CompressionError(Box<dyn Error + Send + Sync>);

impl CompressionError {
    /// Wraps the algorithm's own error, or a text.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for CompressionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl Error for CompressionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl From<io::Error> for CompressionError {
    fn from(error: io::Error) -> Self {
        Self::new(error)
    }
}

impl From<LimitReached> for CompressionError {
    fn from(error: LimitReached) -> Self {
        Self::new(error)
    }
}

/// An encoding that a channel has no compressor for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownEncoding {
    encoding: Encoding,
    known: String,
}

impl UnknownEncoding {
    /// `known` are the names of those that there are, as a header would list them.
    pub(super) fn new(encoding: Encoding, known: String) -> Self {
        Self { encoding, known }
    }

    /// The encoding that was asked for.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }
}

impl fmt::Display for UnknownEncoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { encoding, known } = self;
        write!(formatter, "the channel has no compressor for \"{encoding}\"")?;
        match known.as_str() {
            "" => formatter.write_str(", nor any other")?,
            known => write!(formatter, ", only for {known}")?,
        }
        match [Encoding::GZIP, Encoding::DEFLATE, Encoding::ZSTD].contains(encoding) {
            true => {
                write!(formatter, ": enable the feature `{encoding}` of grpc-runtime, or add one")?;
            }
            false => formatter.write_str(": add one")?,
        }
        formatter.write_str(" with `ChannelBuilder::compressor`")
    }
}

impl Error for UnknownEncoding {}
