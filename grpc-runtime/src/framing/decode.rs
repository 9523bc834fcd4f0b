//! Messages out of chunks of bytes that were cut anywhere.

use std::mem;

use bytes::{Buf, Bytes, BytesMut};

use crate::framing::{FramingError, PREFIX_BYTES};

/// One message as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Whether it is compressed, by the call's `grpc-encoding`.
    pub(crate) compressed: bool,
    /// The message without its prefix.
    pub(crate) message: Bytes,
}

/// Takes chunks, gives messages.
///
/// A message that lies in one chunk is a slice of it: nothing is copied. One that does not is gathered in a
/// buffer that grows with what arrived, to at most twice of it, never to what the prefix announces. Between
/// messages nothing is held.
///
/// Use: `push` a chunk, call `next` until it gives `None`, repeat; at the end of the stream, `finish`.
#[derive(Debug)]
pub(crate) struct Deframer {
    limit: usize,
    /// Bytes not looked at.
    input: Bytes,
    state: State,
}

/// ```text
///          the whole message is here: a frame
///              +-----+
///              v     |     a part of it is here
///            Prefix -+-----------------------------> Message
///            |   ^                                      |
///   a flag   |   +--------------------------------------+
///   or a     |            the rest is here: a frame
///   length   v
///   is wrong Failed
/// ```
#[derive(Debug)]
enum State {
    /// Between messages, or in the five bytes before one.
    Prefix { bytes: [u8; PREFIX_BYTES], received: usize },
    /// In a message that is not all here.
    Message { compressed: bool, length: usize, gathered: Vec<u8> },
    /// Nothing after the mistake can be understood.
    Failed(FramingError),
}

impl Deframer {
    /// `max_message_bytes` is the longest message that is taken.
    pub(crate) fn new(max_message_bytes: usize) -> Deframer {
        Deframer { limit: max_message_bytes, input: Bytes::new(), state: State::BETWEEN }
    }

    /// Takes the next chunk. It is not copied, unless `next` has not used up the one before.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        if self.input.is_empty() {
            self.input = chunk;
        } else if !chunk.is_empty() {
            let mut both = BytesMut::from(mem::take(&mut self.input));
            both.extend_from_slice(&chunk);
            self.input = both.freeze();
        }
    }

    /// The next message, if all of it is here.
    ///
    /// # Errors
    /// The prefix is wrong or announces too much, both found before anything is allocated. Every later
    /// call says so again.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, FramingError> {
        // Nearly every message lies whole in one chunk: it goes through no state.
        if let State::Prefix { received: 0, .. } = self.state
            && let Some((&prefix, rest)) = self.input.split_first_chunk()
            && let Ok((compressed, length)) = parse(prefix, self.limit)
            && length <= rest.len()
        {
            self.input.advance(PREFIX_BYTES);
            let message = take(&mut self.input, length);
            return Ok(Some(Frame { compressed, message }));
        }
        self.next_in_pieces()
    }

    fn next_in_pieces(&mut self) -> Result<Option<Frame>, FramingError> {
        match &mut self.state {
            State::Prefix { .. } | State::Message { .. } if self.input.is_empty() => Ok(None),
            State::Prefix { bytes, received } => {
                let missing = &mut bytes[*received..];
                let here = missing.len().min(self.input.len());
                self.input.copy_to_slice(&mut missing[..here]);
                *received += here;
                if *received < PREFIX_BYTES {
                    self.input = Bytes::new();
                    return Ok(None);
                }
                let (compressed, length) = match parse(*bytes, self.limit) {
                    Ok(parsed) => parsed,
                    Err(error) => return Err(self.fail(error)),
                };
                if self.input.len() >= length {
                    let message = take(&mut self.input, length);
                    self.state = State::BETWEEN;
                    return Ok(Some(Frame { compressed, message }));
                }
                let mut gathered = Vec::new();
                gather(&mut gathered, &mut self.input, length);
                self.state = State::Message { compressed, length, gathered };
                Ok(None)
            }
            State::Message { compressed, length, gathered } => {
                gather(gathered, &mut self.input, *length);
                if gathered.len() < *length {
                    return Ok(None);
                }
                let frame = Frame { compressed: *compressed, message: mem::take(gathered).into() };
                self.state = State::BETWEEN;
                Ok(Some(frame))
            }
            State::Failed(error) => Err(*error),
        }
    }

    /// Checks that the stream ended between messages.
    ///
    /// # Errors
    /// It ended inside a message, which is then lost; or it was wrong before.
    pub(crate) fn finish(&self) -> Result<(), FramingError> {
        match &self.state {
            State::Prefix { received, .. } => match received + self.input.len() {
                0 => Ok(()),
                received => Err(FramingError::CutInPrefix { received: received.min(PREFIX_BYTES) }),
            },
            State::Message { length, gathered, .. } => {
                let received = gathered.len() + self.input.len();
                Err(FramingError::CutInMessage { received, length: *length })
            }
            State::Failed(error) => Err(*error),
        }
    }

    fn fail(&mut self, error: FramingError) -> FramingError {
        self.input = Bytes::new();
        self.state = State::Failed(error);
        error
    }
}

impl State {
    const BETWEEN: State = State::Prefix { bytes: [0; PREFIX_BYTES], received: 0 };
}

fn parse(prefix: [u8; PREFIX_BYTES], limit: usize) -> Result<(bool, usize), FramingError> {
    let [flag, length @ ..] = prefix;
    let compressed = match flag {
        0 => false,
        1 => true,
        other => return Err(FramingError::Flag(other)),
    };
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    match length > limit {
        true => Err(FramingError::ResponseTooLarge { length, limit }),
        false => Ok((compressed, length)),
    }
}

/// The first `length` bytes, which are there. When nothing is left, the memory under it is let go.
fn take(input: &mut Bytes, length: usize) -> Bytes {
    match input.len() == length {
        true => mem::take(input),
        false => input.split_to(length),
    }
}

/// Moves what belongs to a message of this length, and is here, to what has been gathered of it. The
/// capacity doubles, and ends as the length exactly, so that the buffer becomes `Bytes` as it is.
fn gather(gathered: &mut Vec<u8>, input: &mut Bytes, length: usize) {
    let piece = take(input, input.len().min(length - gathered.len()));
    let needed = gathered.len() + piece.len();
    if needed > gathered.capacity() {
        let capacity = needed.max(gathered.capacity().saturating_mul(2)).min(length);
        gathered.reserve_exact(capacity - gathered.len());
    }
    gathered.extend_from_slice(&piece);
}

#[cfg(test)]
mod tests;
