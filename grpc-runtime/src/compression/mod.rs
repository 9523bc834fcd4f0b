//! Compression of messages: each by itself, by an algorithm that its call's `grpc-encoding` names.
//!
//! Nothing is compressed unless somebody says so.
//!
//! | to | say |
//! |---|---|
//! | compress the requests of a channel | [`ChannelBuilder::compression`] |
//! | compress the requests of a method | `#[rpc(compress = "gzip")]`, [`MethodDescriptor::with_compression`] |
//! | compress the requests of a call | [`Call::compress`] |
//! | not compress those of a call | [`Call::compress`] with [`Encoding::IDENTITY`] |
//! | not compress one message of a stream | [`OutboundSender::send_uncompressed`] |
//! | leave short messages as they are | [`ChannelBuilder::min_compressed_bytes`] |
//! | let the server compress its responses | [`ChannelBuilder::accept_compression`] |
//! | use an algorithm that is not built in | [`ChannelBuilder::compressor`] |
//!
//! The call goes before the method, and the method before the channel.
//!
//! # What does it cost?
//!
//! Work happens where the message is: in the task that makes the call, or reads the stream. For a mebibyte of JSON, on
//! one core:
//!
//! | | compressed in | to | decompressed in |
//! |---|---|---|---|
//! | gzip and deflate, level 6 | 45 ms | 27 % | 2 ms |
//! | gzip and deflate, level 1 | 7 ms | 42 % | 2 ms |
//! | zstd, level 3 | 7 ms | 26 % | 2 ms |
//!
//! A program that sends messages of megabytes does well to make such calls in tasks of their own, so that others on the
//! same thread do not wait for them, or to take a lower level: `.compressor(Gzip::with_level(1))`.
//!
//! # What can a server do to us?
//!
//! A kilobyte can be made to inflate to a megabyte. So the limit on response messages (`max_response_bytes`) holds for
//! what comes out, and is looked at while it comes out: no more memory is taken than the limit says. (zstd has a window
//! besides, of 8 MiB or the limit, whichever is more; as much of it is touched as comes out.)
//!
//! # Should secrets be compressed?
//!
//! Whoever sees the length of an encrypted message, and can put text of his own beside a secret in it, can guess the
//! secret bit by bit (CRIME, BREACH). Send such messages uncompressed.
//!
//! [`ChannelBuilder::compression`]: crate::ChannelBuilder::compression
//! [`ChannelBuilder::min_compressed_bytes`]: crate::ChannelBuilder::min_compressed_bytes
//! [`ChannelBuilder::accept_compression`]: crate::ChannelBuilder::accept_compression
//! [`ChannelBuilder::compressor`]: crate::ChannelBuilder::compressor
//! [`MethodDescriptor::with_compression`]: crate::MethodDescriptor::with_compression
//! [`Call::compress`]: crate::Call::compress
//! [`OutboundSender::send_uncompressed`]: crate::OutboundSender::send_uncompressed

mod algorithms;
mod buffer;
mod error;
mod outcome;
#[cfg(any(feature = "gzip", feature = "deflate", feature = "zstd"))]
mod pool;
mod response;
#[cfg(any(feature = "gzip", feature = "deflate"))]
mod zlib;
#[cfg(feature = "zstd")]
mod zstandard;

pub use self::buffer::{BoundedBuffer, LimitReached};
pub use self::error::{CompressionError, UnknownEncoding};
pub use self::response::EncodingRefused;
#[cfg(feature = "deflate")]
pub use self::zlib::Deflate;
#[cfg(feature = "gzip")]
pub use self::zlib::Gzip;
#[cfg(feature = "zstd")]
pub use self::zstandard::Zstd;
pub use crate::encoding::Encoding;

pub(crate) use self::algorithms::{Algorithms, Compression, Settings};
pub(crate) use self::response::Decompression;

/// A way to compress messages.
///
/// Built in, each behind the feature of its name: `Gzip`, `Deflate`, `Zstd`. To add one, implement this and give it to
/// [`ChannelBuilder::compressor`](crate::ChannelBuilder::compressor).
///
/// Both functions are called in the task of the call whose message it is, by several threads at once, and once for each
/// message: what one call learned must not change what another one makes (gRPC compression, "each message is its own
/// context"). They must not block.
///
/// ```
/// use std::io::Read;
/// use grpc_runtime::compression::{BoundedBuffer, CompressionError, Compressor, Encoding};
///
/// /// Runs of equal bytes, as a count and the byte.
/// struct RunLength;
///
/// impl Compressor for RunLength {
///     fn encoding(&self) -> Encoding {
///         Encoding::new("x-run-length")
///     }
///
///     fn compress(&self, message: &[u8], output: &mut Vec<u8>) -> Result<(), CompressionError> {
///         for run in message.chunk_by(|one, other| one == other).flat_map(|run| run.chunks(255)) {
///             output.extend([run.len() as u8, run[0]]);
///         }
///         Ok(())
///     }
///
///     fn decompress(
///         &self,
///         compressed: &[u8],
///         output: &mut BoundedBuffer,
///     ) -> Result<(), CompressionError> {
///         for pair in compressed.chunks(2) {
///             let &[count, byte] = pair else { return Err(CompressionError::new("half a pair")) };
///             output.extend_from_slice(&[byte; 255][..usize::from(count)])?;
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Compressor: Send + Sync + 'static {
    /// What it is called in `grpc-encoding` and `grpc-accept-encoding`. Always the same; asked once for each channel.
    fn encoding(&self) -> Encoding;

    /// Appends the compressed form of `message` to `output`, which may hold bytes already: they are not to be touched.
    /// An empty message is never given. A result that is longer than the message is thrown away, and the message
    /// sent as it is.
    ///
    /// # Errors
    /// When the message cannot be compressed. The call then fails with INTERNAL before the message is sent.
    fn compress(&self, message: &[u8], output: &mut Vec<u8>) -> Result<(), CompressionError>;

    /// Appends to `output` the message that `compressed` is the compressed form of. All of `compressed` has to be
    /// used: bytes behind its end are an error, as are bytes that are missing or checksums that differ.
    ///
    /// # Errors
    /// When `compressed` is not the compressed form of anything, the call fails with INTERNAL. [`LimitReached`] is to
    /// be handed on; the call then fails with RESOURCE_EXHAUSTED, whatever is returned.
    fn decompress(
        &self,
        compressed: &[u8],
        output: &mut BoundedBuffer,
    ) -> Result<(), CompressionError>;
}

#[cfg(test)]
mod tests;
