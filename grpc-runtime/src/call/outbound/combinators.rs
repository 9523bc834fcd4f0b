//! Request streams that are changed on their way out, read by hand, or made of messages. A sender behind them is not
//! lost: it learns of the end of the call, and its giving up is theirs.
//!
//! Not the combinators of `StreamExt`, whose streams have only items.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::call::outbound::{Message, Messages, Outbound, Source};
use crate::codec::Compress;
use crate::engine::CallEnd;
use crate::status::Status;

/// # Changing messages
impl<T: Send + 'static> Outbound<T> {
    /// The same messages, changed one by one on their way out. An error of `change` gives the call up, as
    /// [`abort`](crate::OutboundSender::abort) does: the server is told to stop, and the call ends with that status.
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
        mut change: impl FnMut(T) -> Result<U, Status> + Send + 'static,
    ) -> Outbound<U> {
        self.changed(move |outbound, context| {
            let next = ready!(outbound.poll_message(context));
            Poll::Ready(next.map(|message| {
                let (message, compress) = message?;
                Ok((change(message)?, compress))
            }))
        })
    }

    /// As [`map_messages`](Outbound::map_messages), with an asynchronous function: one message at a time, in their order.
    /// The next is taken after the last is done, so a slow `change` slows the sender down.
    #[must_use = "dropping the messages aborts the call"]
    pub fn then_messages<U, F>(self, mut change: impl FnMut(T) -> F + Send + 'static) -> Outbound<U>
    where
        F: Future<Output = Result<U, Status>> + Send + 'static,
    {
        let mut at_work: Option<(Pin<Box<F>>, Compress)> = None;
        self.changed(move |outbound, context| {
            if at_work.is_none() {
                match ready!(outbound.poll_message(context)).transpose() {
                    Ok(Some((message, compress))) => {
                        at_work = Some((Box::pin(change(message)), compress));
                    }
                    Ok(None) => return Poll::Ready(None),
                    Err(status) => return Poll::Ready(Some(Err(status))),
                }
            }
            let Some((work, compress)) = &mut at_work else { return Poll::Ready(None) };
            let (changed, compress) = (ready!(work.as_mut().poll(context)), *compress);
            at_work = None;
            Poll::Ready(Some(changed.map(|message| (message, compress))))
        })
    }

    /// The same messages without those that `keep` does not want.
    #[must_use = "dropping the messages aborts the call"]
    pub fn filter_messages(self, mut keep: impl FnMut(&T) -> bool + Send + 'static) -> Outbound<T> {
        self.changed(move |outbound, context| {
            loop {
                match ready!(outbound.poll_message(context)) {
                    Some(Ok((message, _))) if !keep(&message) => {}
                    next => return Poll::Ready(next),
                }
            }
        })
    }

    /// The same messages, each of which is shown to `see` on its way out.
    #[must_use = "dropping the messages aborts the call"]
    pub fn inspect_messages(self, mut see: impl FnMut(&T) + Send + 'static) -> Outbound<T> {
        self.map_messages(move |message| {
            see(&message);
            Ok(message)
        })
    }

    fn changed<U>(
        self,
        poll: impl FnMut(&mut Self, &mut Context<'_>) -> Poll<Option<Result<Message<U>, Status>>>
        + Send
        + 'static,
    ) -> Outbound<U> {
        Outbound { source: Source::Mapped(Box::new(Changed { outbound: self, poll })) }
    }
}

/// # Reading them, and making them
impl<T> Outbound<T> {
    /// These messages, and then the end.
    pub fn from_messages<I>(messages: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        Self { source: Source::Iterator(Box::new(messages.into_iter())) }
    }

    /// The next message; `None` once the sender has said everything. For fakes, and for layers that answer themselves.
    ///
    /// # Errors
    /// When the sender gave the call up, again whenever asked again.
    ///
    /// # Cancel safety
    /// Cancel safe: no message is lost when the future is dropped.
    pub async fn message(&mut self) -> Result<Option<T>, Status> {
        if let Some(status) = self.aborted() {
            return Err(status.clone());
        }
        let next = poll_fn(|context| self.poll_message(context)).await;
        next.transpose().map(|message| message.map(|(message, _)| message))
    }

    /// All messages that are still to come, once the sender has said everything.
    ///
    /// # Errors
    /// When the sender gave the call up.
    ///
    /// # Cancel safety
    /// What was read is lost when the future is dropped, and the rest is not read.
    pub async fn collect_messages(mut self) -> Result<Vec<T>, Status> {
        let mut messages = Vec::new();
        while let Some(message) = self.message().await? {
            messages.push(message);
        }
        Ok(messages)
    }
}

/// A stream below, and how its messages are got out of it.
struct Changed<T, F> {
    outbound: Outbound<T>,
    poll: F,
}

impl<T, U, F> Messages<U> for Changed<T, F>
where
    T: Send,
    F: FnMut(&mut Outbound<T>, &mut Context<'_>) -> Poll<Option<Result<Message<U>, Status>>> + Send,
{
    fn poll_message(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Message<U>, Status>>> {
        (self.poll)(&mut self.outbound, context)
    }

    fn call_end(&self) -> CallEnd {
        self.outbound.call_end()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::call::{IntoOutbound, outbound};

    /// Nothing here waits.
    fn now<F: Future>(future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn messages_are_changed_on_their_way() {
        let texts = Outbound::from_messages([1_u8, 2, 3])
            .filter_messages(|number| *number != 2)
            .then_messages(|number| async move { Ok(u16::from(number) * 100) })
            .inspect_messages(|number| assert!(*number >= 100))
            .map_messages(|number| Ok(number.to_string()));
        assert_eq!(now(texts.collect_messages()).unwrap(), ["100", "300"]);
    }

    #[test]
    fn a_sender_that_gives_up_is_told_apart_from_one_that_said_everything() {
        let (sender, messages) = outbound::<u8>(2);
        now(sender.send(1)).unwrap();
        sender.finish();
        // What a fake gets is some stream, which is an `Outbound` all the same.
        let stream: Box<dyn std::any::Any> = Box::new(messages.into_outbound());
        let mut messages = *stream.downcast::<Outbound<u8>>().unwrap();
        assert_eq!(now(messages.message()).unwrap(), Some(1));
        assert_eq!(now(messages.message()).unwrap(), None);

        let (sender, messages) = outbound::<u8>(2);
        let mut messages = messages.then_messages(|number| async move { Ok(number) });
        now(sender.send(1)).unwrap();
        assert_eq!(now(messages.message()).unwrap(), Some(1));
        drop(sender);
        for _ in 0..2 {
            assert!(now(messages.message()).unwrap_err().message().contains("finish"));
        }
    }

    #[test]
    fn a_sink_finishes_by_being_closed() {
        use futures_sink::Sink as _;

        let mut context = Context::from_waker(Waker::noop());
        let (sender, messages) = outbound::<u8>(1);
        let mut sink = sender.into_sink();
        let mut pinned = Pin::new(&mut sink);
        assert!(pinned.as_mut().poll_ready(&mut context).is_ready());
        pinned.as_mut().start_send(7).unwrap();
        assert!(pinned.as_mut().poll_ready(&mut context).is_pending(), "there is room for one");
        assert!(pinned.as_mut().poll_close(&mut context).is_ready());
        assert_eq!(now(messages.collect_messages()).unwrap(), [7]);

        let (sender, messages) = outbound::<u8>(1);
        drop(sender.into_sink());
        now(messages.collect_messages()).unwrap_err();
        let (sender, messages) = outbound::<u8>(1);
        drop(messages);
        let mut sink = sender.into_sink();
        let ready = Pin::new(&mut sink).poll_ready(&mut context);
        assert!(matches!(ready, Poll::Ready(Err(status)) if status.message().contains("over")));
    }
}
