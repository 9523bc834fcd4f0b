//! [`BoundedBuffer`]: where decompressed bytes go. It does not grow over its limit, whoever writes.

use std::error::Error;
use std::fmt;
use std::io;

use bytes::Bytes;

/// The message that is being decompressed: takes bytes up to the call's `max_response_bytes`, and no memory beyond.
///
/// Three ways to fill it:
/// - [`extend_from_slice`](BoundedBuffer::extend_from_slice), or as an [`io::Write`], for bytes that lie elsewhere;
/// - [`read_to_end`](BoundedBuffer::read_to_end) for decoders that are readers: they write where the message will lie;
/// - [`room`](BoundedBuffer::room) and [`advance`](BoundedBuffer::advance) for those that want a slice to write to.
pub struct BoundedBuffer {
    /// Filled up to `length`; what comes after is room.
    bytes: Vec<u8>,
    length: usize,
    limit: usize,
    is_over: bool,
}

/// There are more bytes than the limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitReached {
    /// The most that a message may have, in bytes.
    pub limit: usize,
}

impl BoundedBuffer {
    /// An empty one that takes `limit` bytes. Calls make theirs; this one is for tests of a compressor.
    pub fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), length: 0, limit, is_over: false }
    }

    /// How many bytes the message may have.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// How many bytes the message has so far.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether the message has no bytes so far.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The message so far.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Says how long the message will be, where the compressed form tells: a right number saves all growing. It may be
    /// wrong, and comes from the server: no more than the limit is taken.
    pub fn expect_len(&mut self, bytes: usize) {
        // One byte of room is left when all is there, so that a decoder can find out that nothing more comes.
        self.grow(bytes.saturating_add(1));
    }

    /// Appends.
    ///
    /// # Errors
    /// The message would be longer than the limit. Nothing was appended.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) -> Result<(), LimitReached> {
        if bytes.len() > self.limit - self.length {
            return Err(self.over());
        }
        let end = self.length + bytes.len();
        self.grow(end);
        self.bytes[self.length..end].copy_from_slice(bytes);
        self.length = end;
        Ok(())
    }

    /// Reads all that `reader` gives.
    ///
    /// # Errors
    /// That of the reader; or [`LimitReached`], when it gives more than the limit allows.
    pub fn read_to_end(&mut self, mut reader: impl io::Read) -> io::Result<()> {
        loop {
            match reader.read(self.room()?) {
                Ok(0) => return Ok(()),
                Ok(read) => self.advance(read)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A place for the next bytes of the message: never empty, and never more than one byte over the limit, which is
    /// there so that a decoder can find out that the message is at its end. What lies in it means nothing.
    ///
    /// # Errors
    /// The limit was exceeded before.
    pub fn room(&mut self) -> Result<&mut [u8], LimitReached> {
        if self.is_over {
            return Err(self.over());
        }
        if self.length == self.bytes.len() {
            self.grow(self.length.saturating_mul(2).max(SMALLEST));
        }
        Ok(&mut self.bytes[self.length..])
    }

    /// Says that the first `written` bytes of [`room`](BoundedBuffer::room) are now the message's.
    ///
    /// # Errors
    /// The message is longer than the limit: decompressing is to end.
    ///
    /// # Panics
    /// On more bytes than there was room for.
    pub fn advance(&mut self, written: usize) -> Result<(), LimitReached> {
        assert!(written <= self.bytes.len() - self.length, "no more is written than there is room");
        if written > self.limit - self.length {
            return Err(self.over());
        }
        self.length += written;
        Ok(())
    }

    /// Whether a byte was offered that did not fit.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(super) fn into_message(mut self) -> Bytes {
        self.bytes.truncate(self.length);
        self.bytes.into()
    }

    /// Makes it this long, room included, or as long as it may be.
    fn grow(&mut self, wanted: usize) {
        let wanted = wanted.min(self.limit.saturating_add(1));
        if self.bytes.is_empty() {
            // Zeroed by the allocator, which for large ones costs nothing until they are written.
            self.bytes = vec![0; wanted];
        } else if wanted > self.bytes.len() {
            self.bytes.reserve_exact(wanted - self.bytes.len());
            self.bytes.resize(wanted, 0);
        }
    }

    fn over(&mut self) -> LimitReached {
        self.is_over = true;
        LimitReached { limit: self.limit }
    }
}

impl fmt::Debug for BoundedBuffer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BoundedBuffer")
            .field("len", &self.length)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// Takes all of what is written, or nothing and an error.
impl io::Write for BoundedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for LimitReached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "there are more than the {} bytes allowed", self.limit)
    }
}

impl Error for LimitReached {}

impl From<LimitReached> for io::Error {
    fn from(error: LimitReached) -> Self {
        io::Error::new(io::ErrorKind::FileTooLarge, error)
    }
}

/// What the first room is when nothing is known of the message.
const SMALLEST: usize = 512;

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use proptest::prelude::*;

    use super::*;

    /// One of the ways to write, of some bytes.
    #[derive(Debug, Clone)]
    enum Step {
        Expect(usize),
        Extend(Vec<u8>),
        Write(Vec<u8>),
        Read(Vec<u8>),
        Room(Vec<u8>),
    }

    fn step() -> impl Strategy<Value = Step> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..900);
        prop_oneof![
            any::<usize>().prop_map(Step::Expect),
            bytes().prop_map(Step::Extend),
            bytes().prop_map(Step::Write),
            bytes().prop_map(Step::Read),
            bytes().prop_map(Step::Room),
        ]
    }

    proptest! {
        #[test]
        fn however_it_is_filled_it_holds_what_came_and_no_more_than_its_limit(
            limit in 0..3000_usize,
            steps in proptest::collection::vec(step(), 0..12),
        ) {
            let mut buffer = BoundedBuffer::new(limit);
            let mut all = Vec::new();
            for step in steps {
                let (bytes, is_taken) = match step {
                    Step::Expect(length) => {
                        buffer.expect_len(length);
                        (Vec::new(), true)
                    }
                    Step::Extend(bytes) => {
                        let taken = buffer.extend_from_slice(&bytes).is_ok();
                        (bytes, taken)
                    }
                    Step::Write(bytes) => {
                        let taken = buffer.write_all(&bytes).is_ok();
                        (bytes, taken)
                    }
                    Step::Read(bytes) => {
                        let taken = buffer.read_to_end(bytes.as_slice()).is_ok();
                        (bytes, taken)
                    }
                    Step::Room(bytes) => {
                        let room = buffer.room().unwrap();
                        let part = bytes.as_slice().read(room).unwrap();
                        let taken = buffer.advance(part).is_ok();
                        (bytes[..part].to_vec(), taken)
                    }
                };
                all.extend(bytes);
                prop_assert_eq!(is_taken, all.len() <= limit);
                prop_assert_eq!(buffer.is_over(), all.len() > limit);
                prop_assert!(buffer.bytes.capacity() <= limit + 1);
                if !is_taken {
                    break;
                }
            }
            let kept = all.len().min(limit);
            prop_assert_eq!(buffer.as_slice(), &all[..buffer.len()]);
            prop_assert!(buffer.len() <= kept);
            let over = buffer.is_over();
            let message = buffer.into_message();
            prop_assert!(over || message == all);
        }
    }

    #[test]
    fn a_right_length_is_allocated_once() {
        let mut buffer = BoundedBuffer::new(1 << 20);
        buffer.expect_len(5000);
        let place = buffer.bytes.as_ptr();
        buffer.read_to_end([7; 5000].as_slice()).unwrap();
        assert_eq!((buffer.bytes.as_ptr(), buffer.len()), (place, 5000));
    }

    #[test]
    fn a_limit_of_all_there_is_does_not_overflow() {
        let mut buffer = BoundedBuffer::new(usize::MAX);
        buffer.extend_from_slice(b"abc").unwrap();
        buffer.room().unwrap()[0] = b'd';
        buffer.advance(1).unwrap();
        assert_eq!(buffer.as_slice(), b"abcd");
    }

    #[test]
    fn after_the_limit_there_is_no_room() {
        let mut buffer = BoundedBuffer::new(3);
        assert_eq!(buffer.extend_from_slice(b"abcd"), Err(LimitReached { limit: 3 }));
        assert_eq!(buffer.room().unwrap_err(), LimitReached { limit: 3 });
        let error = buffer.read_to_end(b"a".as_slice()).unwrap_err();
        assert!(error.to_string().contains("more than the 3 bytes"), "{error}");
    }
}
