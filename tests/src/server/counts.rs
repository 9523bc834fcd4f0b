//! How much a [`Server`](super::Server) has seen: numbers that can be waited for, where the order of
//! [events](super::Event) does not matter.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

use crate::server::programmed::Program;

/// What there was since the server was made, over all its restarts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections accepted.
    pub connections: usize,
    /// Connections that are open now.
    pub open: usize,
    /// Calls that arrived.
    pub started: usize,
    /// Calls whose whole answer was handed to the connection.
    pub finished: usize,
    /// Calls that ended before their answer did.
    pub cancelled: usize,
}

/// A connection that tells when it is closed.
#[derive(Debug)]
pub(super) struct Counted<Io> {
    io: Io,
    program: Arc<Program>,
}

impl<Io> Counted<Io> {
    pub(super) fn new(io: Io, program: Arc<Program>) -> Self {
        Counted { io, program }
    }
}

impl<Io> Drop for Counted<Io> {
    fn drop(&mut self) {
        self.program.closed();
    }
}

impl<Io: Connected> Connected for Counted<Io> {
    type ConnectInfo = Io::ConnectInfo;

    fn connect_info(&self) -> Io::ConnectInfo {
        self.io.connect_info()
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Counted<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Counted<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
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
}
