//! [`Streaming`]: the messages that come back from a streaming call, with one honest end.
//!
//! Here is how it is read. What a fake makes is in `local` and `later`, what layers make of it in `combinators`.

mod combinators;
mod later;
mod local;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use futures_core::Stream;

use crate::call::cancel::CancelHandle;
use crate::call::ended::{EndHook, EndHooks, Ended};
use crate::call::guard::GuardedReplies;
use crate::call::kind::sent_by;
use crate::call::streaming::local::Local;
use crate::engine::{Incoming, Timer};
use crate::metadata::Metadata;
use crate::status::Status;

pub(super) use self::local::AboutLocal;

/// The response messages of a streaming call.
///
/// Read it with [`message`](Streaming::message): `Ok(None)` comes only after the server ended the call with OK.
/// Every other end is one error, and it stays: asking again gives it again. As a `Stream` the error comes once,
/// as the last item.
///
/// Dropping it before its end cancels the call: the server is told (RST_STREAM with CANCEL).
///
/// It can be changed on its way: [`map_messages`](Streaming::map_messages), [`then_messages`](Streaming::then_messages),
/// [`filter_messages`](Streaming::filter_messages), [`inspect_messages`](Streaming::inspect_messages). What these give is
/// a `Streaming` again, with the same headers, trailers and end. The combinators of `StreamExt` work too, and give plain
/// streams: headers and trailers are out of reach then.
///
/// Fakes make one with [`from_messages`](Streaming::from_messages), [`from_iter`](Streaming::from_iter) or
/// [`from_stream`](Streaming::from_stream).
pub struct Streaming<T> {
    source: Source<T>,
    hooks: EndHooks,
}

enum Source<T> {
    Wire {
        incoming: Box<Incoming>,
        decode: fn(Bytes) -> Result<T, Status>,
    },
    Local(Local<T>),
    Mapped(Box<dyn Replies<T>>),
    /// `told`: the end was given out, so the stream of items is over.
    Ended {
        result: Result<(), Status>,
        told: bool,
        headers: Metadata,
        trailers: Metadata,
        peer: Option<Arc<str>>,
        attempts: u32,
    },
}

impl<T> Streaming<T> {
    pub(crate) fn from_wire(incoming: Incoming, decode: fn(Bytes) -> Result<T, Status>) -> Self {
        Self::of(Source::Wire { incoming: Box::new(incoming), decode })
    }

    fn of(source: Source<T>) -> Self {
        Self { source, hooks: EndHooks::default() }
    }

    /// A local stream under the deadline of its call; one from the wire has it already.
    pub(crate) fn bound_by(mut self, deadline: Instant) -> Self {
        if let Some(about) = self.local() {
            about.deadline = Timer::at(deadline);
        }
        self
    }

    /// The stream where handles can take it away.
    pub(super) fn guarded(self, handles: &[CancelHandle]) -> Self
    where
        T: Send + 'static,
    {
        match handles.is_empty() {
            true => self,
            false => Self::of(Source::Mapped(Box::new(GuardedReplies::new(self, handles)))),
        }
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
        poll_fn(|context| self.poll_headers(context)).await;
        match self.known_headers() {
            Ok(headers) => Ok(headers),
            Err(status) => Err(status.clone()),
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
            Source::Wire { .. } | Source::Local(_) | Source::Mapped(_) => None,
        }
    }

    /// The address that the call is answered from, as text; `None` before the server has begun to answer (see
    /// [`headers`](Streaming::headers)), and for a stream that comes from no connection.
    pub fn peer(&self) -> Option<&str> {
        self.shared_peer().map(|peer| &**peer)
    }

    pub(super) fn shared_peer(&self) -> Option<&Arc<str>> {
        match &self.source {
            Source::Wire { incoming, .. } => incoming.peer(),
            Source::Local(_) => None,
            Source::Mapped(replies) => replies.peer(),
            Source::Ended { peer, .. } => peer.as_ref(),
        }
    }

    /// How many attempts the call has had so far: how often its request was put on a connection (see
    /// [`Status::attempts`]). Zero for a stream that comes from no connection.
    pub fn attempts(&self) -> u32 {
        match &self.source {
            Source::Wire { incoming, .. } => incoming.attempts(),
            Source::Local(_) => 0,
            Source::Mapped(replies) => replies.attempts(),
            Source::Ended { attempts, .. } => *attempts,
        }
    }

    /// Runs `hook` at the end of the stream, exactly once, whatever ends it: the server with OK or a failure, the
    /// connection, the deadline, or the program by dropping the stream. At once, where that has happened already.
    ///
    /// Hooks run in the order in which they were added, in whatever task reads or drops the stream: they must not
    /// block.
    #[must_use = "dropping the stream ends the call"]
    pub fn on_end(self, hook: impl FnOnce(Ended<'_>) + Send + 'static) -> Self {
        self.with_hook(hook)
    }

    pub(crate) fn with_hook(mut self, hook: impl EndHook) -> Self {
        self.hooks.push(hook);
        self.run_hooks_if_ended();
        self
    }

    pub(super) fn poll_message(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<T>, Status>> {
        let next = match &mut self.source {
            Source::Wire { incoming, decode } => match ready!(incoming.poll_message(context)) {
                Ok(Some(bytes)) => match decode(bytes) {
                    Ok(message) => return Poll::Ready(Ok(Some(message))),
                    Err(status) => Err(sent_by(status, incoming.peer(), incoming.attempts())),
                },
                Ok(None) => Ok(None),
                Err(status) => Err(status),
            },
            Source::Local(local) => ready!(local.poll_message(context)),
            Source::Mapped(replies) => ready!(replies.poll_message(context)),
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

    /// Ready when `known_headers` are.
    pub(super) fn poll_headers(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.source {
            Source::Wire { incoming, .. } => {
                if let Err(status) = ready!(incoming.poll_headers(context)) {
                    self.end(Err(status), false);
                }
                Poll::Ready(())
            }
            Source::Mapped(replies) => replies.poll_headers(context),
            Source::Local(_) | Source::Ended { .. } => Poll::Ready(()),
        }
    }

    pub(super) fn known_headers(&self) -> Result<&Metadata, &Status> {
        match &self.source {
            Source::Wire { incoming, .. } => Ok(incoming.headers()),
            Source::Local(local) => Ok(&local.about.headers),
            Source::Mapped(replies) => replies.known_headers(),
            Source::Ended { result: Err(status), headers, .. } if headers.is_empty() => Err(status),
            Source::Ended { headers, .. } => Ok(headers),
        }
    }

    /// Lets go of the call and keeps what may still be asked for.
    fn end(&mut self, result: Result<(), Status>, told: bool) {
        let (peer, attempts) = (self.shared_peer().cloned(), self.attempts());
        let (headers, trailers) = self.take_metadata();
        self.source = Source::Ended { result, told, headers, trailers, peer, attempts };
        self.run_hooks_if_ended();
    }

    fn run_hooks_if_ended(&mut self) {
        if let Source::Ended { result, trailers, peer, attempts, .. } = &self.source {
            self.hooks.run(match result {
                Ok(()) => Ended::Ok { trailers, peer: peer.as_deref(), attempts: *attempts },
                Err(status) => Ended::Failed(status),
            });
        }
    }

    /// Headers and trailers, as far as there are any; not to be asked for here again.
    pub(super) fn take_metadata(&mut self) -> (Metadata, Metadata) {
        match &mut self.source {
            Source::Wire { incoming, .. } => incoming.take_metadata(),
            Source::Local(Local { about: AboutLocal { headers, trailers, .. }, .. })
            | Source::Ended { headers, trailers, .. } => {
                (std::mem::take(headers), std::mem::take(trailers))
            }
            Source::Mapped(replies) => replies.take_metadata(),
        }
    }

    fn local(&mut self) -> Option<&mut AboutLocal> {
        match &mut self.source {
            Source::Local(local) => Some(&mut local.about),
            Source::Mapped(replies) => replies.local(),
            Source::Wire { .. } | Source::Ended { .. } => None,
        }
    }
}

/// A [`Streaming`] behind something that changes its type, or holds it.
pub(super) trait Replies<T>: Send {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<T>, Status>>;
    fn poll_headers(&mut self, context: &mut Context<'_>) -> Poll<()>;
    fn known_headers(&self) -> Result<&Metadata, &Status>;
    fn peer(&self) -> Option<&Arc<str>>;
    fn attempts(&self) -> u32;
    fn take_metadata(&mut self) -> (Metadata, Metadata);
    fn local(&mut self) -> Option<&mut AboutLocal>;
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
            Source::Wire { .. } | Source::Local(_) | Source::Mapped(_) => "open",
            Source::Ended { result: Ok(()), .. } => "ended",
            Source::Ended { result: Err(_), .. } => "failed",
        };
        formatter.debug_tuple("Streaming").field(&state).finish()
    }
}
