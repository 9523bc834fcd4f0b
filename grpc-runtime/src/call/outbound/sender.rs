//! The sender that is driven by hand, and the queue between it and the call: bounded, so that a server that does not
//! read slows the program down.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use futures_sink::Sink;
use tokio::sync::mpsc;
use tokio_util::sync::PollSender;

use crate::call::outbound::{Message, Outbound, Source};
use crate::codec::Compress;
use crate::engine::CallEnd;
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

    /// The sender as a `Sink`, for `forward` and its like. Closing the sink finishes the stream; dropping it unclosed aborts
    /// the call, as dropping the sender does.
    pub fn into_sink(self) -> OutboundSink<T>
    where
        T: Send,
    {
        let Self { queue, said, end } = self;
        OutboundSink { queue: PollSender::new(queue), said, end }
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

/// An [`OutboundSender`] as a `Sink`, made by [`into_sink`](OutboundSender::into_sink). Its error is the status of the
/// call, as that of [`send`](OutboundSender::send).
pub struct OutboundSink<T> {
    queue: PollSender<Message<T>>,
    said: LastWord,
    end: CallEnd,
}

impl<T: Send> Sink<T> for OutboundSink<T> {
    type Error = Status;

    /// Ready when there is room: a server that does not read makes this wait.
    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let reserved = ready!(self.queue.poll_reserve(context));
        Poll::Ready(reserved.map_err(|_closed| self.end.as_error()))
    }

    fn start_send(mut self: Pin<&mut Self>, message: T) -> Result<(), Status> {
        let sent = self.queue.send_item((message, Compress::AsTheCall));
        sent.map_err(|_closed| self.end.as_error())
    }

    /// Ready at once: what is in the queue is on its way, and nothing here makes it faster.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    /// Says that there are no more messages.
    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Set before the queue ends, which is what the other side waits for.
        let _ = self.said.set(Ok(()));
        self.queue.close();
        Poll::Ready(Ok(()))
    }
}

impl<T> fmt::Debug for OutboundSink<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OutboundSink").finish_non_exhaustive()
    }
}

/// The other side of the queue.
pub(super) struct Receiver<T> {
    messages: mpsc::Receiver<Message<T>>,
    said: LastWord,
    pub(super) end: CallEnd,
}

impl<T> Receiver<T> {
    pub(super) fn poll_message(
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
