//! A stream whose call is still being answered: what a conversation in this process gives back meanwhile.
//!
//! On the wire it is [`Incoming`](crate::engine) that waits for the server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::call::streaming::{AboutLocal, Replies, Source, Streaming};
use crate::metadata::Metadata;
use crate::status::Status;

type Answer<T> = Pin<Box<dyn Future<Output = Result<Streaming<T>, Status>> + Send>>;

impl<T: Send + 'static> Streaming<T> {
    /// What `answer` gives, once it does. It goes on as the stream is read, and is dropped with it.
    pub(in crate::call) fn later(
        answer: Pin<Box<dyn Future<Output = Result<Self, Status>> + Send>>,
    ) -> Self {
        Self::of(Source::Mapped(Box::new(Later::Waiting { answer, headers: Metadata::new() })))
    }
}

enum Later<T> {
    Waiting {
        answer: Answer<T>,
        /// None, to be lent out.
        headers: Metadata,
    },
    Here(Streaming<T>),
    Failed(Status),
}

impl<T: Send + 'static> Later<T> {
    fn poll_answer(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<&mut Streaming<T>, Status>> {
        if let Self::Waiting { answer, .. } = self {
            *self = match ready!(answer.as_mut().poll(context)) {
                Ok(replies) => Self::Here(replies),
                Err(status) => Self::Failed(status),
            };
        }
        match self {
            Self::Waiting { .. } => Poll::Pending,
            Self::Here(replies) => Poll::Ready(Ok(replies)),
            Self::Failed(status) => Poll::Ready(Err(status.clone())),
        }
    }

    fn replies(&self) -> Option<&Streaming<T>> {
        match self {
            Self::Here(replies) => Some(replies),
            Self::Waiting { .. } | Self::Failed(_) => None,
        }
    }
}

impl<T: Send + 'static> Replies<T> for Later<T> {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<T>, Status>> {
        ready!(self.poll_answer(context))?.poll_message(context)
    }

    fn poll_headers(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match ready!(self.poll_answer(context)) {
            Ok(replies) => replies.poll_headers(context),
            Err(_) => Poll::Ready(()),
        }
    }

    fn known_headers(&self) -> Result<&Metadata, &Status> {
        match self {
            Self::Waiting { headers, .. } => Ok(headers),
            Self::Here(replies) => replies.known_headers(),
            Self::Failed(status) => Err(status),
        }
    }

    fn peer(&self) -> Option<&Arc<str>> {
        self.replies().and_then(Streaming::shared_peer)
    }

    fn attempts(&self) -> u32 {
        self.replies().map_or(0, Streaming::attempts)
    }

    fn take_metadata(&mut self) -> (Metadata, Metadata) {
        match self {
            Self::Here(replies) => replies.take_metadata(),
            Self::Waiting { .. } | Self::Failed(_) => Default::default(),
        }
    }

    fn local(&mut self) -> Option<&mut AboutLocal> {
        match self {
            Self::Here(replies) => replies.local(),
            Self::Waiting { .. } | Self::Failed(_) => None,
        }
    }
}
