//! zstd, by the C library of its makers.

use std::fmt;

use zstd_safe::{CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

use crate::compression::pool::Pool;
use crate::compression::{BoundedBuffer, CompressionError, Compressor};
use crate::encoding::Encoding;

/// `zstd` (RFC 8878): smaller than gzip in a fraction of its time.
///
/// It is C code; to build it takes a C compiler.
pub struct Zstd {
    level: i32,
    compressing: Pool<CCtx<'static>>,
    decompressing: Pool<DCtx<'static>>,
}

impl Zstd {
    /// Compresses with level 3, which is fast.
    pub fn new() -> Self {
        Self::with_level(3)
    }

    /// Compresses with a level from 1, the fastest, to 22, the smallest; what lies outside counts as the nearer of the
    /// two. From 20 on it takes hundreds of megabytes. A level means nothing to the side that decompresses.
    pub fn with_level(level: i32) -> Self {
        Self {
            level: level.clamp(1, zstd_safe::max_c_level()),
            compressing: Pool::default(),
            decompressing: Pool::default(),
        }
    }
}

impl Default for Zstd {
    fn default() -> Self {
        Self::new()
    }
}

impl Compressor for Zstd {
    fn encoding(&self) -> Encoding {
        Encoding::ZSTD
    }

    fn compress(&self, message: &[u8], output: &mut Vec<u8>) -> Result<(), CompressionError> {
        let state = self.compressing.take().or_else(CCtx::try_create);
        let mut state = state.ok_or_else(|| CompressionError::new("out of memory"))?;
        state.set_parameter(CParameter::CompressionLevel(self.level)).map_err(error)?;
        // Known beforehand, the size goes into the head and the tables are made no larger than it takes.
        let size = u64::try_from(message.len()).map_err(CompressionError::new)?;
        state.set_pledged_src_size(Some(size)).map_err(error)?;
        let mut input = InBuffer::around(message);
        loop {
            if output.len() == output.capacity() {
                output.reserve(SMALLEST);
            }
            let filled = output.len();
            let mut rest = OutBuffer::around_pos(output, filled);
            let end = zstd_safe::zstd_sys::ZSTD_EndDirective::ZSTD_e_end;
            if state.compress_stream2(&mut rest, &mut input, end).map_err(error)? == 0 {
                break;
            }
        }
        state.reset(ResetDirective::SessionOnly).map_err(error)?;
        let bytes = state.sizeof();
        self.compressing.put(state, bytes);
        Ok(())
    }

    fn decompress(
        &self,
        compressed: &[u8],
        output: &mut BoundedBuffer,
    ) -> Result<(), CompressionError> {
        if let Ok(Some(size)) = zstd_safe::get_frame_content_size(compressed) {
            // With a head that lies, no more than the limit.
            output.expect_len(usize::try_from(size).unwrap_or(usize::MAX));
        }
        let state = self.decompressing.take().or_else(DCtx::try_create);
        let mut state = state.ok_or_else(|| CompressionError::new("out of memory"))?;
        let window = DParameter::WindowLogMax(window_bits(output.limit()));
        state.set_parameter(window).map_err(error)?;
        let mut input = InBuffer::around(compressed);
        loop {
            let read = input.pos();
            let mut room = OutBuffer::around(output.room()?);
            let missing = state.decompress_stream(&mut room, &mut input).map_err(error)?;
            let written = room.pos();
            output.advance(written)?;
            // Several frames, one behind the other, are one text (RFC 8878 §3).
            if missing == 0 && input.pos() == compressed.len() {
                break;
            }
            if (input.pos(), written) == (read, 0) {
                return Err(CompressionError::new("it ends too early"));
            }
        }
        // One that failed is not used again.
        state.reset(ResetDirective::SessionOnly).map_err(error)?;
        let bytes = state.sizeof();
        self.decompressing.put(state, bytes);
        Ok(())
    }
}

impl fmt::Debug for Zstd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Zstd").field("level", &self.level).finish_non_exhaustive()
    }
}

/// How far back a message may refer, as a power of two: that much memory is taken to decompress it. No message refers
/// to before its begin, but one whose writer did not know its length may have asked for more than it has: 8 MiB are what
/// everyone is to support (RFC 8878 §3.1.1.1.2).
fn window_bits(limit: usize) -> u32 {
    (usize::BITS - limit.leading_zeros()).clamp(23, 27)
}

fn error(code: usize) -> CompressionError {
    CompressionError::new(zstd_safe::get_error_name(code))
}

const SMALLEST: usize = 512;
