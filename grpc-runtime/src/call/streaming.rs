//! [`Streaming`]: the messages that come back from a streaming call, with one honest end.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use futures_core::Stream;

use crate::engine::{Incoming, Timer};
use crate::metadata::Metadata;
use crate::status::Status;

/// The response messages of a streaming call.
///
/// Read it with [`message`](Streaming::message): `Ok(None)` comes only after the server ended the call with OK.
/// Every other end is one error, and it stays: asking again gives it again. As a `Stream` the error comes once,
/// as the last item.
///
/// Dropping it before its end cancels the call: the server is told (RST_STREAM with CANCEL).
///
/// Fakes make one with [`from_iter`](Streaming::from_iter) or [`from_stream`](Streaming::from_stream).
pub struct Streaming<T> {
    source: Source<T>,
}

enum Source<T> {
    Wire {
        incoming: Box<Incoming>,
        decode: fn(Bytes) -> Result<T, Status>,
    },
    Local(Local<T>),
    /// `told`: the end was given out, so the stream of items is over.
    Ended {
        result: Result<(), Status>,
        told: bool,
        headers: Metadata,
        trailers: Metadata,
    },
}

struct Local<T> {
    messages: Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>,
    headers: Metadata,
    trailers: Metadata,
    deadline: Timer,
}

impl<T> Streaming<T> {
    /// The messages of `stream`; it ends with OK unless an item is an error.
    pub fn from_stream(stream: impl Stream<Item = Result<T, Status>> + Send + 'static) -> Self {
        let (headers, trailers, deadline) = (Metadata::new(), Metadata::new(), Timer::never());
        let messages = Box::pin(stream);
        Self { source: Source::Local(Local { messages, headers, trailers, deadline }) }
    }

    /// The messages of `iterator`; it ends with OK unless an item is an error.
    #[expect(clippy::should_implement_trait, reason = "FromIterator cannot ask for Send + 'static")]
    pub fn from_iter<I>(iterator: I) -> Self
    where
        I: IntoIterator<Item = Result<T, Status>>,
        I::IntoIter: Send + 'static,
    {
        Self::from_stream(Iterated(iterator.into_iter()))
    }

    pub(crate) fn from_wire(incoming: Incoming, decode: fn(Bytes) -> Result<T, Status>) -> Self {
        Self { source: Source::Wire { incoming: Box::new(incoming), decode } }
    }

    /// A local stream under the deadline of its call; one from the wire has it already.
    pub(crate) fn bound_by(mut self, deadline: Instant) -> Self {
        if let Source::Local(local) = &mut self.source {
            local.deadline = Timer::at(deadline);
        }
        self
    }

    /// For fakes: what [`headers`](Streaming::headers) gives. No effect on a stream that has ended.
    #[must_use]
    pub fn with_headers(mut self, metadata: Metadata) -> Self {
        if let Source::Local(local) = &mut self.source {
            local.headers = metadata;
        }
        self
    }

    /// For fakes: what [`trailers`](Streaming::trailers) gives at the end. No effect on a stream that has ended.
    #[must_use]
    pub fn with_trailers(mut self, metadata: Metadata) -> Self {
        if let Source::Local(local) = &mut self.source {
            local.trailers = metadata;
        }
        self
    }

    /// The next message; `None` after the server ended the call with OK.
    ///
    /// # Errors
    /// The status of the call, when it was not OK; again whenever asked again.
    ///
    /// # Cancel safety
    /// Cancel safe: no message is lost when the future is dropped.
    pub async fn message(&mut self) -> Result<Option<T>, Status> {
        poll_fn(|context| self.poll_message(context)).await
    }

    /// Waits for what the server sent before its first message; it may send that long before.
    ///
    /// # Errors
    /// The status of the call, when it failed without headers (a trailers-only response has none: its metadata is
    /// the status's).
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn headers(&mut self) -> Result<&Metadata, Status> {
        if let Source::Wire { incoming, .. } = &mut self.source
            && let Err(status) = poll_fn(|context| incoming.poll_headers(context)).await
        {
            self.end(Err(status), false);
        }
        match &self.source {
            Source::Wire { incoming, .. } => Ok(incoming.headers()),
            Source::Local(local) => Ok(&local.headers),
            Source::Ended { result: Err(status), headers, .. } if headers.is_empty() => {
                Err(status.clone())
            }
            Source::Ended { headers, .. } => Ok(headers),
        }
    }

    /// What the server sent after its last message; `None` before the end. After an error they are
    /// [`Status::metadata`] as well.
    pub fn trailers(&self) -> Option<&Metadata> {
        match &self.source {
            Source::Ended { result: Err(status), trailers, .. } if trailers.is_empty() => {
                Some(status.metadata())
            }
            Source::Ended { trailers, .. } => Some(trailers),
            Source::Wire { .. } | Source::Local(_) => None,
        }
    }

    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<T>, Status>> {
        let next = match &mut self.source {
            Source::Wire { incoming, decode } => ready!(incoming.poll_message(context))
                .and_then(|bytes| bytes.map(*decode).transpose()),
            Source::Local(local) => ready!(local.poll_message(context)),
            Source::Ended { result, told, .. } => {
                *told = true;
                return Poll::Ready(result.clone().map(|()| None));
            }
        };
        match &next {
            Ok(Some(_)) => {}
            Ok(None) => self.end(Ok(()), true),
            Err(status) => self.end(Err(status.clone()), true),
        }
        Poll::Ready(next)
    }

    /// Lets go of the call and keeps what may still be asked for.
    fn end(&mut self, result: Result<(), Status>, told: bool) {
        let (headers, trailers) = match &mut self.source {
            Source::Wire { incoming, .. } => incoming.take_metadata(),
            Source::Local(local) => {
                (std::mem::take(&mut local.headers), std::mem::take(&mut local.trailers))
            }
            Source::Ended { .. } => return,
        };
        self.source = Source::Ended { result, told, headers, trailers };
    }
}

impl<T> Local<T> {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<T>, Status>> {
        if let Poll::Ready(next) = self.messages.as_mut().poll_next(context) {
            return Poll::Ready(next.transpose());
        }
        ready!(Pin::new(&mut self.deadline).poll(context));
        Poll::Ready(Err(Status::deadline_exceeded("the deadline passed while the stream was open")))
    }
}

impl<T> Stream for Streaming<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Source::Ended { told: true, .. } = self.source {
            return Poll::Ready(None);
        }
        self.poll_message(context).map(Result::transpose)
    }
}

// Nothing in it is pinned in place: what must be is boxed.
impl<T> Unpin for Streaming<T> {}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.source {
            Source::Wire { .. } | Source::Local(_) => "open",
            Source::Ended { result: Ok(()), .. } => "ended",
            Source::Ended { result: Err(_), .. } => "failed",
        };
        formatter.debug_tuple("Streaming").field(&state).finish()
    }
}

struct Iterated<I>(I);

impl<I> Unpin for Iterated<I> {}

impl<I: Iterator> Stream for Iterated<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }
}
