//! The request side of a streaming call: any `Stream`, or a sender that is driven by hand.
//!
//! Not flow control on the wire (the engine's upload does that); here, a bounded queue between the program and it.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc;

use crate::codec::{Compress, Framing};
use crate::engine::{CallEnd, RequestStream};
use crate::status::Status;

/// A request stream that is driven by hand: the sender, and what is given to the client method.
///
/// `buffer` messages may wait before [`send`](OutboundSender::send) does; at least one.
///
/// ```no_run
/// # use grpc_runtime::{outbound, Outbound, Status, Streaming};
/// # async fn chat(_: Outbound<String>) -> Result<Streaming<String>, Status> { Ok(Streaming::from_iter([])) }
/// # async fn example() -> Result<(), Status> {
/// let (requests, outgoing) = outbound(8);
/// let mut replies = chat(outgoing).await?;
/// requests.send("hello".to_owned()).await?;
/// requests.finish();
/// while let Some(reply) = replies.message().await? {
///     println!("{reply}");
/// }
/// # Ok(()) }
/// ```
pub fn outbound<T>(buffer: usize) -> (OutboundSender<T>, Outbound<T>) {
    let (queue, messages) = mpsc::channel(buffer.max(1));
    let (said, end) = (Arc::default(), CallEnd::default());
    let receiver = Receiver { messages, said: Arc::clone(&said), end: end.clone() };
    (OutboundSender { queue, said, end }, Outbound { source: Source::Sender(receiver) })
}

/// Sends the messages of a streaming call.
///
/// End it with [`finish`](OutboundSender::finish). Dropping it unfinished aborts the call: a task that
/// panicked half-way must not look to the server like one that said everything.
pub struct OutboundSender<T> {
    queue: mpsc::Sender<Message<T>>,
    said: LastWord,
    end: CallEnd,
}

/// A message on its way out, and whether the call's compression is for it.
type Message<T> = (T, Compress);

/// How the sender left: with everything said, or with the reason why not. Unset, it was dropped.
type LastWord = Arc<OnceLock<Result<(), Status>>>;

impl<T> OutboundSender<T> {
    /// Sends a message; waits while the queue is full, which it is when the server does not read.
    ///
    /// # Errors
    /// When the call is over: with its status if it failed, or CANCELLED if the server ended it with OK before it
    /// had read everything.
    ///
    /// # Cancel safety
    /// Dropped before it is done, the message was not sent.
    pub async fn send(&self, message: T) -> Result<(), Status> {
        self.send_as(message, Compress::AsTheCall).await
    }

    /// Sends a message as it is, on a call that compresses the others: for a secret beside text that somebody else
    /// chose, which its compressed length would give away. Like [`send`](OutboundSender::send) where the call does not
    /// compress.
    ///
    /// A layer that makes a new stream of this one loses the difference.
    ///
    /// # Errors
    /// As [`send`](OutboundSender::send).
    ///
    /// # Cancel safety
    /// Dropped before it is done, the message was not sent.
    pub async fn send_uncompressed(&self, message: T) -> Result<(), Status> {
        self.send_as(message, Compress::Never).await
    }

    /// Says that there are no more messages. The server can still answer.
    pub fn finish(self) {
        // Nobody else sets it: this consumes the only sender.
        let _ = self.said.set(Ok(()));
    }

    /// Gives the call up: the server is told to stop (RST_STREAM with CANCEL), and the receiving side ends with
    /// `status`. Messages still in the queue are not sent.
    pub fn abort(self, status: Status) {
        let _ = self.said.set(Err(status));
    }

    async fn send_as(&self, message: T, compress: Compress) -> Result<(), Status> {
        self.queue.send((message, compress)).await.map_err(|_closed| self.end.as_error())
    }

    /// Waits until nobody reads the messages any more: the call is over.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn closed(&self) {
        self.queue.closed().await;
    }
}

impl<T> fmt::Debug for OutboundSender<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OutboundSender").finish_non_exhaustive()
    }
}

/// The messages of a streaming call on their way out, as layers and fakes see them: a `Stream`.
///
/// Made of any stream (client methods take one directly), or by [`outbound`].
pub struct Outbound<T> {
    source: Source<T>,
}

enum Source<T> {
    Stream(Pin<Box<dyn Stream<Item = T> + Send>>),
    Sender(Receiver<T>),
    Mapped(Box<dyn Messages<T>>),
    Ended { aborted: Option<Status> },
}

struct Receiver<T> {
    messages: mpsc::Receiver<Message<T>>,
    said: LastWord,
    end: CallEnd,
}

impl<T> Outbound<T> {
    /// Why the sender gave the call up, if it did; known once the stream has ended. A fake that reads a request
    /// stream asks this before it believes in the end.
    pub fn aborted(&self) -> Option<&Status> {
        match &self.source {
            Source::Ended { aborted } => aborted.as_ref(),
            Source::Stream(_) | Source::Sender(_) | Source::Mapped(_) => None,
        }
    }

    /// The next message; an error when the sender gave up; `None` when everything was said.
    fn poll_message(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Message<T>, Status>>> {
        let next = match &mut self.source {
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
    /// The same messages, changed one by one on their way out. An error of `change` gives the call up, as
    /// [`OutboundSender::abort`] does: the server is told to stop, and the call ends with that status.
    ///
    /// ```
    /// use grpc_runtime::{Outbound, Status};
    ///
    /// fn in_capitals(names: Outbound<String>) -> Outbound<String> {
    ///     names.map_messages(|name| Ok(name.to_uppercase()))
    /// }
    /// ```
    #[must_use = "dropping the messages aborts the call"]
    pub fn map_messages<U>(
        self,
        change: impl FnMut(T) -> Result<U, Status> + Send + 'static,
    ) -> Outbound<U> {
        Outbound { source: Source::Mapped(Box::new(Mapped { outbound: self, change })) }
    }

    /// The same messages as framed bytes.
    pub(crate) fn encoded(self, framing: Framing, encode: EncodeMessage<T>) -> RequestStream {
        let end = self.call_end();
        RequestStream::new(Box::pin(Encoded { outbound: self, framing, encode }), end)
    }
}

impl<T> Outbound<T> {
    /// Where the sender, if there is one, learns how the call ended.
    fn call_end(&self) -> CallEnd {
        match &self.source {
            Source::Sender(receiver) => receiver.end.clone(),
            Source::Mapped(messages) => messages.call_end(),
            Source::Stream(_) | Source::Ended { .. } => CallEnd::default(),
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

struct Mapped<T, F> {
    outbound: Outbound<T>,
    change: F,
}

impl<T, U, F> Messages<U> for Mapped<T, F>
where
    T: Send,
    F: FnMut(T) -> Result<U, Status> + Send,
{
    fn poll_message(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Message<U>, Status>>> {
        let next = ready!(self.outbound.poll_message(context));
        Poll::Ready(next.map(|message| {
            let (message, compress) = message?;
            Ok(((self.change)(message)?, compress))
        }))
    }

    fn call_end(&self) -> CallEnd {
        self.outbound.call_end()
    }
}

impl<T> Receiver<T> {
    fn poll_message(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Message<T>, Status>>> {
        if let Some(Err(status)) = self.said.get() {
            return Poll::Ready(Some(Err(status.clone())));
        }
        if let Some(message) = ready!(self.messages.poll_recv(context)) {
            return Poll::Ready(Some(Ok(message)));
        }
        Poll::Ready(match self.said.get() {
            Some(Ok(())) => None,
            Some(Err(status)) => Some(Err(status.clone())),
            None => Some(Err(Status::cancelled(
                "the request stream's sender was dropped before `finish()`",
            ))),
        })
    }
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

struct Encoded<T> {
    outbound: Outbound<T>,
    framing: Framing,
    encode: EncodeMessage<T>,
}

/// [`Framing::encode`] with a codec.
type EncodeMessage<T> = fn(&Framing, &T, Compress) -> Result<Bytes, Status>;

impl<T> Stream for Encoded<T> {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let next = ready!(this.outbound.poll_message(context));
        Poll::Ready(next.map(|message| {
            let (message, compress) = message?;
            (this.encode)(&this.framing, &message, compress)
        }))
    }
}

/// What a client method takes for a stream of requests: every `Stream` of them that can be sent to another thread.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stream of `{T}`",
    label = "expected a `Stream<Item = {T}> + Send + 'static`",
    note = "to send messages by hand, make a pair with `grpc_runtime::outbound(buffer)` and pass its second half",
    note = "a `Vec` or an iterator becomes a stream with `futures_util::stream::iter` or `tokio_stream::iter`"
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
