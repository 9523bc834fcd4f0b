//! From a message to the bytes that go into DATA frames: five bytes of flag and length, then the message, in one
//! buffer; a second one where it is compressed.

use bytes::Bytes;

use crate::codec::{Encode, EncodeError};
use crate::compression::Compression;
use crate::framing::{self, Flag};
use crate::status::Status;

/// How the messages of one call are written.
#[derive(Debug, Clone)]
pub struct Framing {
    /// The most that is sent as one message, after it was compressed.
    pub(crate) max_bytes: usize,
    pub(crate) compression: Option<Compression>,
}

/// Which messages of a call are compressed, where the call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compress {
    /// This one, as the call says.
    AsTheCall,
    /// Not this one.
    Never,
}

impl Framing {
    /// Encodes `message` behind its prefix, and compresses it where that is wanted and makes it shorter.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED over the limit, which is that of what is sent; INTERNAL when the codec cannot write the
    /// message, or the compressor not compress it.
    pub(crate) fn encode<C: Encode<T>, T>(
        &self,
        message: &T,
        compress: Compress,
    ) -> Result<Bytes, Status> {
        self.frame(C::encoded_len(message), &mut write_with::<C, T>(message), compress)
    }

    /// What it does whatever the message's type is, so that a program has it but once.
    fn frame(
        &self,
        encoded_len: usize,
        write: Write<'_>,
        compress: Compress,
    ) -> Result<Bytes, Status> {
        match self.compression(compress) {
            None => framing::frame(Flag::Plain, encoded_len, self.max_bytes, write),
            Some(compression) => {
                let framed = framing::frame(Flag::Plain, encoded_len, usize::MAX, write)?;
                self.compressed(compression, framed)
            }
        }
    }

    /// How a message is compressed, if it is.
    fn compression(&self, compress: Compress) -> Option<&Compression> {
        self.compression.as_ref().filter(|_| compress == Compress::AsTheCall)
    }

    fn compressed(&self, compression: &Compression, framed: Bytes) -> Result<Bytes, Status> {
        let framed = compression.compress(framed)?;
        framing::check_length(framing::message_of(&framed).len(), self.max_bytes)?;
        Ok(framed)
    }

    /// As [`encode`](Framing::encode), behind the messages that are in the buffer already.
    ///
    /// # Errors
    /// Those of [`encode`](Framing::encode).
    pub(crate) fn encode_behind<C: Encode<T>, T>(
        &self,
        buffer: &mut Vec<u8>,
        message: &T,
        compress: Compress,
    ) -> Result<(), Status> {
        self.frame_behind(
            buffer,
            C::encoded_len(message),
            &mut write_with::<C, T>(message),
            compress,
        )
    }

    fn frame_behind(
        &self,
        buffer: &mut Vec<u8>,
        encoded_len: usize,
        write: Write<'_>,
        compress: Compress,
    ) -> Result<(), Status> {
        if self.compression(compress).is_none() {
            let max_bytes = self.max_bytes;
            return framing::frame_behind(buffer, Flag::Plain, encoded_len, max_bytes, write);
        }
        let framed = self.frame(encoded_len, write, compress)?;
        match buffer.is_empty() {
            true => *buffer = framed.into(),
            false => buffer.extend_from_slice(&framed),
        }
        Ok(())
    }
}

/// Encodes `message` behind its prefix, in a buffer that is allocated once where the codec knows the length.
///
/// # Errors
/// RESOURCE_EXHAUSTED over `max_bytes`; INTERNAL when the codec cannot write the message.
pub fn encode_framed<C: Encode<T>, T>(message: &T, max_bytes: usize) -> Result<Bytes, Status> {
    let encoded_len = C::encoded_len(message);
    framing::frame(Flag::Plain, encoded_len, max_bytes, &mut write_with::<C, T>(message))
}

/// Puts a message behind what is in the buffer.
type Write<'a> = &'a mut dyn FnMut(&mut Vec<u8>) -> Result<(), Status>;

fn write_with<C: Encode<T>, T>(
    message: &T,
) -> impl FnMut(&mut Vec<u8>) -> Result<(), Status> + use<'_, C, T> {
    |buffer| C::encode(message, buffer).map_err(not_encoded)
}

fn not_encoded(error: EncodeError) -> Status {
    Status::internal("request not sent").with_source(error)
}
