//! The one thing about a peer's SETTINGS that `h2` does not tell: how large a block of headers it takes.
//!
//! Watches the bytes that arrive until the first frame has passed, which a server's SETTINGS are (RFC 9113 §3.4), and
//! changes nothing about them. What a server says of it later is not seen.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How large a block of headers the peer takes, in the bytes of RFC 9113 §6.5.2; `u32::MAX` until it says so.
#[derive(Debug, Clone)]
pub(super) struct PeerLimit(Arc<AtomicU32>);

impl PeerLimit {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU32::new(u32::MAX)))
    }

    // One number that guards nothing else, hence relaxed.
    pub(super) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, bytes: u32) {
        self.0.store(bytes, Ordering::Relaxed);
    }
}

/// A connection whose first frame is looked at.
#[derive(Debug)]
pub(super) struct Watched<Io> {
    io: Io,
    limit: PeerLimit,
    first: FirstFrame,
}

impl<Io> Watched<Io> {
    pub(super) fn new(io: Io, limit: PeerLimit) -> Self {
        Self { io, limit, first: FirstFrame::default() }
    }
}

/// What of the first frame has come so far.
#[derive(Debug)]
enum FirstFrame {
    Head {
        bytes: [u8; HEAD],
        len: usize,
    },
    /// `left`: bytes of the payload that are still to come.
    Payload {
        bytes: [u8; SETTING],
        len: usize,
        left: usize,
    },
    /// It has passed, or is none of SETTINGS.
    Over,
}

impl Default for FirstFrame {
    fn default() -> Self {
        Self::Head { bytes: [0; HEAD], len: 0 }
    }
}

impl FirstFrame {
    fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    /// Takes in what has arrived; tells the limits that it finds in it.
    fn watch(&mut self, arrived: &[u8], mut found: impl FnMut(u32)) {
        for &byte in arrived {
            match self {
                Self::Over => return,
                Self::Head { bytes, len } => {
                    bytes[*len] = byte;
                    *len += 1;
                    if *len == HEAD {
                        let [a, b, c, kind, ..] = *bytes;
                        let left = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
                        *self = match kind == SETTINGS && left > 0 {
                            true => Self::Payload { bytes: [0; SETTING], len: 0, left },
                            false => Self::Over,
                        };
                    }
                }
                Self::Payload { bytes, len, left } => {
                    bytes[*len] = byte;
                    *len += 1;
                    *left -= 1;
                    if *len == SETTING {
                        let [id_high, id_low, value @ ..] = *bytes;
                        if u16::from_be_bytes([id_high, id_low]) == MAX_HEADER_LIST_SIZE {
                            found(u32::from_be_bytes(value));
                        }
                        *len = 0;
                    }
                    if *left == 0 {
                        *self = Self::Over;
                    }
                }
            }
        }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Watched<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.first.is_over() {
            return Pin::new(&mut this.io).poll_read(context, buffer);
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(context, buffer))?;
        let arrived = buffer.filled().get(before..).unwrap_or_default();
        this.first.watch(arrived, |bytes| this.limit.set(bytes));
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Watched<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

const HEAD: usize = 9;
const SETTING: usize = 6;
const SETTINGS: u8 = 4;
const MAX_HEADER_LIST_SIZE: u16 = 6;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![a, b, c, kind, 0, 0, 0, 0, 0];
        frame.extend_from_slice(payload);
        frame
    }

    fn setting(id: u16, value: u32) -> Vec<u8> {
        [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()
    }

    fn found(pieces: &[&[u8]]) -> Vec<u32> {
        let (mut first, mut found) = (FirstFrame::default(), Vec::new());
        pieces.iter().for_each(|piece| first.watch(piece, |bytes| found.push(bytes)));
        found
    }

    #[test]
    fn it_is_in_the_first_frame_or_nowhere() {
        let says = frame(SETTINGS, &[setting(3, 100), setting(6, 16384), setting(4, 1)].concat());
        assert_eq!(found(&[&says]), [16384]);
        let says_nothing = frame(SETTINGS, &setting(3, 100));
        assert_eq!(found(&[&says_nothing, &says]), [0; 0]);
        assert_eq!(found(&[&frame(SETTINGS, &[]), &says]), [0; 0]);
        let goaway = frame(7, &setting(6, 16384));
        assert_eq!(found(&[&goaway]), [0; 0]);
    }

    proptest! {
        #[test]
        fn however_it_is_cut(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            cut in 0..200_usize,
            says in any::<bool>(),
        ) {
            let bytes = if says { [frame(SETTINGS, &setting(6, 9)), bytes].concat() } else { bytes };
            let (one, other) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(found(&[one, other]), found(&[&bytes]));
            prop_assert!(!says || found(&[&bytes]) == [9]);
        }
    }
}
