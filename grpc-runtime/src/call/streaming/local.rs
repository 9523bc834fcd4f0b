//! Streams that come from this process: what fakes and scripts answer with, under the deadline of the call.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::call::streaming::{Source, Streaming};
use crate::engine::Timer;
use crate::metadata::Metadata;
use crate::status::Status;

pub(super) struct Local<T> {
    messages: Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>,
    pub(super) about: AboutLocal,
}

/// What a stream of this process has beside its messages.
pub(in crate::call) struct AboutLocal {
    pub(super) headers: Metadata,
    pub(super) trailers: Metadata,
    /// What it ends with in place of OK.
    end: Option<Status>,
    pub(super) deadline: Timer,
}

/// # For fakes
impl<T> Streaming<T> {
    /// The messages of `stream`; it ends with OK unless an item is an error, which is then its end.
    pub fn from_stream(stream: impl Stream<Item = Result<T, Status>> + Send + 'static) -> Self {
        let about = AboutLocal {
            headers: Metadata::new(),
            trailers: Metadata::new(),
            end: None,
            deadline: Timer::never(),
        };
        Self::of(Source::Local(Local { messages: Box::pin(stream), about }))
    }

    /// The messages of `iterator`; it ends with OK unless an item is an error, which is then its end.
    #[expect(clippy::should_implement_trait, reason = "FromIterator cannot ask for Send + 'static")]
    pub fn from_iter<I>(iterator: I) -> Self
    where
        I: IntoIterator<Item = Result<T, Status>>,
        I::IntoIter: Send + 'static,
    {
        Self::from_stream(Iterated(iterator.into_iter()))
    }

    /// These messages, and then OK, or what [`with_end`](Streaming::with_end) says.
    ///
    /// ```
    /// use grpc_runtime::{Status, Streaming};
    ///
    /// let replies = Streaming::from_messages(["one", "two"]).with_end(Status::aborted("no more"));
    /// ```
    pub fn from_messages<I>(messages: I) -> Self
    where
        T: 'static,
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        Self::from_iter(messages.into_iter().map(Ok))
    }

    /// What [`headers`](Streaming::headers) gives. No effect on a stream that has ended.
    #[must_use]
    pub fn with_headers(mut self, metadata: Metadata) -> Self {
        if let Some(about) = self.local() {
            about.headers = metadata;
        }
        self
    }

    /// What [`trailers`](Streaming::trailers) gives at the end, and a failure that has none of its own has as its
    /// [metadata](Status::metadata). No effect on a stream that has ended.
    #[must_use]
    pub fn with_trailers(mut self, metadata: Metadata) -> Self {
        if let Some(about) = self.local() {
            about.trailers = metadata;
        }
        self
    }

    /// How the stream ends after its last message, in place of OK. No effect on a stream that has ended.
    #[must_use]
    pub fn with_end(mut self, status: Status) -> Self {
        if let Some(about) = self.local() {
            about.end = Some(status);
        }
        self
    }
}

impl<T> Local<T> {
    pub(super) fn poll_message(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<T>, Status>> {
        if let Poll::Ready(next) = self.messages.as_mut().poll_next(context) {
            let end = || self.about.end.take().map(Err);
            return Poll::Ready(match next.or_else(end).transpose() {
                // As on the wire, where the trailers are what a status comes with.
                Err(status) if status.metadata().is_empty() => {
                    Err(status.with_metadata(self.about.trailers.clone()))
                }
                next => next,
            });
        }
        ready!(Pin::new(&mut self.about.deadline).poll(context));
        Poll::Ready(Err(Status::deadline_exceeded("the deadline passed while the stream was open")))
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
