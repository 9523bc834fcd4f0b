//! gzip and deflate: two envelopes around the same compressed form, both by zlib-rs.

use flate2::{Compress, Decompress, FlushCompress, FlushDecompress, Status};

use crate::compression::pool::Pool;
use crate::compression::{BoundedBuffer, CompressionError, Compressor};
use crate::encoding::Encoding;

/// `gzip` (RFC 1952), with a checksum of the message.
#[cfg(feature = "gzip")]
#[derive(Debug)]
pub struct Gzip(Zlib);

/// `deflate`, which is the format of zlib (RFC 1950), with a checksum of the message.
#[cfg(feature = "deflate")]
#[derive(Debug)]
pub struct Deflate(Zlib);

macro_rules! envelope {
    ($name:ident, $feature:literal, $envelope:expr, $encoding:expr) => {
        #[cfg(feature = $feature)]
        impl $name {
            /// Compresses with level 6, between fast and small.
            pub fn new() -> Self {
                Self::with_level(6)
            }

            /// Compresses with a level from 1, the fastest, to 9, the smallest; 0 only adds the envelope. What is
            /// higher counts as 9. A level means nothing to the side that decompresses.
            pub fn with_level(level: u32) -> Self {
                Self(Zlib { envelope: $envelope, level: level.min(9), idle: Pool::default() })
            }
        }

        #[cfg(feature = $feature)]
        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        #[cfg(feature = $feature)]
        impl Compressor for $name {
            fn encoding(&self) -> Encoding {
                $encoding
            }

            fn compress(
                &self,
                message: &[u8],
                output: &mut Vec<u8>,
            ) -> Result<(), CompressionError> {
                self.0.compress(message, output)
            }

            fn decompress(
                &self,
                compressed: &[u8],
                output: &mut BoundedBuffer,
            ) -> Result<(), CompressionError> {
                self.0.decompress(compressed, output)
            }
        }
    };
}

envelope!(Gzip, "gzip", Envelope::Gzip, Encoding::GZIP);
envelope!(Deflate, "deflate", Envelope::Zlib, Encoding::DEFLATE);

#[derive(Debug)]
struct Zlib {
    envelope: Envelope,
    level: u32,
    /// To decompress takes a tenth of it, which is not worth keeping.
    idle: Pool<Compress>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Envelope {
    Gzip,
    #[cfg_attr(not(feature = "deflate"), expect(dead_code, reason = "belongs to a feature"))]
    Zlib,
}

impl Zlib {
    fn compress(&self, message: &[u8], output: &mut Vec<u8>) -> Result<(), CompressionError> {
        let mut state = self.idle.take().unwrap_or_else(|| self.envelope.compress(self.level));
        loop {
            if output.len() == output.capacity() {
                output.reserve(SMALLEST);
            }
            let rest = &message[taken(state.total_in())..];
            let status = state
                .compress_vec(rest, output, FlushCompress::Finish)
                .map_err(CompressionError::new)?;
            if status == Status::StreamEnd {
                break;
            }
        }
        state.reset();
        self.idle.put(state, STATE_BYTES);
        Ok(())
    }

    fn decompress(
        &self,
        mut compressed: &[u8],
        output: &mut BoundedBuffer,
    ) -> Result<(), CompressionError> {
        if self.envelope == Envelope::Gzip {
            output.expect_len(announced(compressed));
        }
        loop {
            compressed = self.envelope.decompress(compressed, output)?;
            match self.envelope {
                _ if compressed.is_empty() => return Ok(()),
                // Several of them, one behind the other, are one text (RFC 1952 §2.2).
                Envelope::Gzip if compressed.starts_with(&GZIP_MAGIC) => {}
                Envelope::Gzip | Envelope::Zlib => {
                    return Err(CompressionError::new("there are bytes behind the end"));
                }
            }
        }
    }
}

impl Envelope {
    fn compress(self, level: u32) -> Compress {
        let level = flate2::Compression::new(level);
        match self {
            Envelope::Gzip => Compress::new_gzip(level, WINDOW_BITS),
            Envelope::Zlib => Compress::new_with_window_bits(level, true, WINDOW_BITS),
        }
    }

    /// Decompresses to the end of one envelope, and gives what lies behind it.
    fn decompress<'c>(
        self,
        compressed: &'c [u8],
        output: &mut BoundedBuffer,
    ) -> Result<&'c [u8], CompressionError> {
        let mut state = match self {
            Envelope::Gzip => Decompress::new_gzip(WINDOW_BITS),
            Envelope::Zlib => Decompress::new(true),
        };
        loop {
            let (read, written) = (state.total_in(), state.total_out());
            let rest = &compressed[taken(read)..];
            let status = state
                .decompress(rest, output.room()?, FlushDecompress::None)
                .map_err(CompressionError::new)?;
            output.advance(taken(state.total_out() - written))?;
            match status {
                Status::StreamEnd => return Ok(&compressed[taken(state.total_in())..]),
                // There was room, so it is bytes that are missing.
                Status::Ok | Status::BufError
                    if (state.total_in(), state.total_out()) == (read, written) =>
                {
                    return Err(CompressionError::new("it ends too early"));
                }
                Status::Ok | Status::BufError => {}
            }
        }
    }
}

/// The length of the message, as the last four bytes of a gzip tell it. No message is longer than what the best
/// compression there is can have made so short.
fn announced(compressed: &[u8]) -> usize {
    let length = compressed.last_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let most = compressed.len().saturating_mul(BEST_RATIO);
    usize::try_from(length).map_or(most, |length| length.min(most))
}

/// zlib's counts are of bytes in slices.
fn taken(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// 32 KiB, the widest window that the format has.
const WINDOW_BITS: u8 = 15;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// One bit of deflate can stand for 258 bytes: 258 * 8 / 2, as length and distance take one each.
const BEST_RATIO: usize = 1032;
const SMALLEST: usize = 512;
/// About what it takes to compress, whatever the message.
const STATE_BYTES: usize = 300 << 10;
