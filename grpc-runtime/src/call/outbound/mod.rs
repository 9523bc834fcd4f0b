//! The request side of a streaming call: any `Stream`, or a sender that is driven by hand (`sender`).
//!
//! Not flow control on the wire: the engine's upload does that.

mod combinators;
mod sender;

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use crate::codec::{Compress, Framing};
use crate::engine::{CallEnd, RequestStream};
use crate::status::Status;

use self::sender::Receiver;
pub use self::sender::{OutboundSender, OutboundSink, outbound};

/// A message on its way out, and whether the call's compression is for it.
type Message<T> = (T, Compress);

/// The messages of a streaming call on their way out, as layers and fakes see them: a `Stream`.
///
/// Made of any stream (client methods take one directly), or by [`outbound`]. A fake that gets an `impl Stream` reads it
/// as a stream, or makes it an `Outbound` again by [`IntoOutbound::into_outbound`], which has
/// [`message`](Outbound::message) and [`collect_messages`](Outbound::collect_messages) and tells an end from a sender
/// that gave up.
///
/// It can be changed on its way: [`map_messages`](Outbound::map_messages), [`then_messages`](Outbound::then_messages),
/// [`filter_messages`](Outbound::filter_messages), [`inspect_messages`](Outbound::inspect_messages). The combinators of
/// `StreamExt` work too, and make a plain stream of it: a sender that gave up then looks like one that said everything,
/// and learns less of the end of the call.
pub struct Outbound<T> {
    source: Source<T>,
}

enum Source<T> {
    /// Only this, which asks nothing of `T`.
    Iterator(Box<dyn Iterator<Item = T> + Send>),
    Stream(Pin<Box<dyn Stream<Item = T> + Send>>),
    Sender(Receiver<T>),
    Mapped(Box<dyn Messages<T>>),
    Ended {
        aborted: Option<Status>,
    },
}

impl<T> Outbound<T> {
    /// Why the sender gave the call up, if it did; known once the stream has ended. A fake that reads a request
    /// stream asks this before it believes in the end.
    pub fn aborted(&self) -> Option<&Status> {
        match &self.source {
            Source::Ended { aborted } => aborted.as_ref(),
            Source::Iterator(_) | Source::Stream(_) | Source::Sender(_) | Source::Mapped(_) => None,
        }
    }

    /// The next message; an error when the sender gave up; `None` when everything was said.
    fn poll_message(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Message<T>, Status>>> {
        let next = match &mut self.source {
            Source::Iterator(messages) => {
                messages.next().map(|message| Ok((message, Compress::AsTheCall)))
            }
            Source::Stream(stream) => ready!(stream.as_mut().poll_next(context))
                .map(|message| Ok((message, Compress::AsTheCall))),
            Source::Sender(receiver) => ready!(receiver.poll_message(context)),
            Source::Mapped(messages) => ready!(messages.poll_message(context)),
            Source::Ended { .. } => None,
        };
        match &next {
            Some(Ok(_)) => {}
            Some(Err(status)) => self.source = Source::Ended { aborted: Some(status.clone()) },
            None if matches!(self.source, Source::Ended { .. }) => {}
            None => self.source = Source::Ended { aborted: None },
        }
        Poll::Ready(next)
    }
}

impl<T: Send + 'static> Outbound<T> {
    /// The same messages as framed bytes.
    pub(crate) fn encoded(self, framing: Framing, encode: EncodeMessage<T>) -> RequestStream {
        let end = self.call_end();
        RequestStream::new(Box::pin(Encoded { outbound: self, framing, encode }), end)
    }
}

impl<T> Outbound<T> {
    /// Where the sender, if there is one, learns how the call ended.
    pub(super) fn sender_end(&self) -> Option<CallEnd> {
        match &self.source {
            Source::Sender(_) | Source::Mapped(_) => Some(self.call_end()),
            Source::Iterator(_) | Source::Stream(_) | Source::Ended { .. } => None,
        }
    }

    fn call_end(&self) -> CallEnd {
        match &self.source {
            Source::Sender(receiver) => receiver.end.clone(),
            Source::Mapped(messages) => messages.call_end(),
            Source::Iterator(_) | Source::Stream(_) | Source::Ended { .. } => CallEnd::default(),
        }
    }
}

/// Messages of another type, made into these: [`Outbound`] behind a changed type.
trait Messages<T>: Send {
    fn poll_message(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Message<T>, Status>>>;
    fn call_end(&self) -> CallEnd;
}

/// Ends where the sender gave up as well: [`aborted`](Outbound::aborted) tells the difference.
impl<T> Stream for Outbound<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_message(context).map(|next| Some(next?.ok()?.0))
    }
}

// Nothing in it is pinned in place: the stream of the user's is boxed.
impl<T> Unpin for Outbound<T> {}

impl<T> fmt::Debug for Outbound<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outbound").finish_non_exhaustive()
    }
}

/// The messages as bytes: with a small one all small ones that are there already, in one piece. They are written, kept
/// and sent together, because a DATA frame costs more than a small message, and servers close connections over floods
/// of tiny frames.
struct Encoded<T> {
    outbound: Outbound<T>,
    framing: Framing,
    encode: EncodeMessage<T>,
}

/// [`Framing::encode_behind`] with a codec.
type EncodeMessage<T> = fn(&Framing, &mut Vec<u8>, &T, Compress) -> Result<(), Status>;

impl<T> Stream for Encoded<T> {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let mut piece = Vec::new();
        while piece.len() < PIECE_BYTES {
            match this.outbound.poll_message(context) {
                Poll::Ready(Some(Ok((message, compress)))) => {
                    (this.encode)(&this.framing, &mut piece, &message, compress)?;
                }
                Poll::Ready(Some(Err(status))) => return Poll::Ready(Some(Err(status))),
                // What comes next is found when the piece is on its way: after its end the stream says so again.
                Poll::Ready(None) | Poll::Pending if !piece.is_empty() => break,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Some(Ok(piece.into())))
    }
}

/// Small messages go together up to this size, which with its last message mostly fits one DATA frame.
const PIECE_BYTES: usize = 8 << 10;

/// What a client method takes for a stream of requests: every `Stream` of them that can be sent to another thread.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stream of `{T}`",
    label = "expected a `Stream<Item = {T}> + Send + 'static`",
    note = "to send messages by hand, make a pair with `grpc_runtime::outbound(buffer)` and pass its second half",
    note = "a `Vec` or an iterator becomes one with `grpc_runtime::Outbound::from_messages(..)`"
)]
pub trait IntoOutbound<T> {
    /// The stream, made nameable.
    fn into_outbound(self) -> Outbound<T>;
}

impl<T, S> IntoOutbound<T> for S
where
    T: Send + 'static,
    S: Stream<Item = T> + Send + 'static,
{
    fn into_outbound(self) -> Outbound<T> {
        // An `Outbound` is a stream too, and must not lose its sender in a box.
        let mut stream = Some(self);
        let any: &mut dyn Any = &mut stream;
        if let Some(outbound) = any.downcast_mut::<Option<Outbound<T>>>().and_then(Option::take) {
            return outbound;
        }
        let stream = stream.expect("only an `Outbound` was taken");
        Outbound { source: Source::Stream(Box::pin(stream)) }
    }
}
