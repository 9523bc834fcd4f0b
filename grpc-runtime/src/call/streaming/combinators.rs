//! Streams of replies that are changed on their way, and stay what they are otherwise: headers, trailers, peer and end
//! come from the stream below.
//!
//! Not those of `StreamExt`, whose streams have only items.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::call::streaming::{AboutLocal, Replies, Source, Streaming};
use crate::metadata::Metadata;
use crate::status::Status;

/// # Changing messages
impl<T: Send + 'static> Streaming<T> {
    /// The same stream with other messages. Headers, trailers and the end stay what they are; an error of `change`
    /// cancels the call, and is then its end.
    ///
    /// ```
    /// use grpc_runtime::{Status, Streaming};
    ///
    /// fn lengths(names: Streaming<String>) -> Streaming<usize> {
    ///     names.map_messages(|name| match name.len() {
    ///         0 => Err(Status::data_loss("a name without letters")),
    ///         length => Ok(length),
    ///     })
    /// }
    /// ```
    #[must_use = "dropping the stream ends the call"]
    pub fn map_messages<U>(
        self,
        mut change: impl FnMut(T) -> Result<U, Status> + Send + 'static,
    ) -> Streaming<U> {
        self.changed(move |replies, context| {
            let next = ready!(replies.poll_message(context))?;
            Poll::Ready(next.map(&mut change).transpose())
        })
    }

    /// As [`map_messages`](Streaming::map_messages), with an asynchronous function: one message at a time, in their
    /// order. The next is read after the last is done, so a slow `change` slows the server down by flow control.
    ///
    /// ```
    /// use grpc_runtime::{Status, Streaming};
    /// # async fn look_up(name: String) -> Result<u64, Status> { Ok(0) }
    ///
    /// fn numbers(names: Streaming<String>) -> Streaming<u64> {
    ///     names.then_messages(|name| async move { look_up(name).await })
    /// }
    /// ```
    #[must_use = "dropping the stream ends the call"]
    pub fn then_messages<U, F>(
        self,
        mut change: impl FnMut(T) -> F + Send + 'static,
    ) -> Streaming<U>
    where
        F: Future<Output = Result<U, Status>> + Send + 'static,
    {
        let mut at_work: Option<Pin<Box<F>>> = None;
        self.changed(move |replies, context| {
            if at_work.is_none() {
                match ready!(replies.poll_message(context))? {
                    Some(message) => at_work = Some(Box::pin(change(message))),
                    None => return Poll::Ready(Ok(None)),
                }
            }
            let Some(work) = &mut at_work else { return Poll::Ready(Ok(None)) };
            let changed = ready!(work.as_mut().poll(context));
            at_work = None;
            Poll::Ready(changed.map(Some))
        })
    }

    /// The same stream without the messages that `keep` does not want.
    #[must_use = "dropping the stream ends the call"]
    pub fn filter_messages(
        self,
        mut keep: impl FnMut(&T) -> bool + Send + 'static,
    ) -> Streaming<T> {
        self.changed(move |replies, context| {
            loop {
                match ready!(replies.poll_message(context))? {
                    Some(message) if !keep(&message) => {}
                    next => return Poll::Ready(Ok(next)),
                }
            }
        })
    }

    /// The same stream, each of whose messages is shown to `see` as it is read.
    #[must_use = "dropping the stream ends the call"]
    pub fn inspect_messages(self, mut see: impl FnMut(&T) + Send + 'static) -> Streaming<T> {
        self.map_messages(move |message| {
            see(&message);
            Ok(message)
        })
    }

    fn changed<U>(
        self,
        poll: impl FnMut(&mut Self, &mut Context<'_>) -> Poll<Result<Option<U>, Status>>
        + Send
        + 'static,
    ) -> Streaming<U> {
        Streaming::of(Source::Mapped(Box::new(Changed { replies: self, poll })))
    }
}

/// # Reading all of it
impl<T> Streaming<T> {
    /// All messages that are still to come, once the server has ended the call with OK.
    ///
    /// # Errors
    /// The status of the call, when it was not OK; the messages before it are lost.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the call, since it owns the stream.
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
    replies: Streaming<T>,
    poll: F,
}

impl<T, U, F> Replies<U> for Changed<T, F>
where
    T: Send,
    F: FnMut(&mut Streaming<T>, &mut Context<'_>) -> Poll<Result<Option<U>, Status>> + Send,
{
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<U>, Status>> {
        (self.poll)(&mut self.replies, context)
    }

    fn poll_headers(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.replies.poll_headers(context)
    }

    fn known_headers(&self) -> Result<&Metadata, &Status> {
        self.replies.known_headers()
    }

    fn peer(&self) -> Option<&Arc<str>> {
        self.replies.shared_peer()
    }

    fn attempts(&self) -> u32 {
        self.replies.attempts()
    }

    fn take_metadata(&mut self) -> (Metadata, Metadata) {
        self.replies.take_metadata()
    }

    fn local(&mut self) -> Option<&mut AboutLocal> {
        self.replies.local()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn metadata(value: &'static str) -> Metadata {
        let mut metadata = Metadata::new();
        metadata.insert("x-key", value).unwrap();
        metadata
    }

    fn numbers() -> Streaming<u8> {
        Streaming::from_messages([1, 2, 3, 4])
            .with_headers(metadata("head"))
            .with_trailers(metadata("tail"))
    }

    /// Nothing here waits.
    fn now<F: Future>(future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn whatever_is_changed_the_rest_stays() {
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let mut texts = numbers()
            .filter_messages(|number| number % 2 == 0)
            .inspect_messages(move |number| log.lock().unwrap().push(*number))
            .then_messages(|number| async move { Ok(u16::from(number) * 100) })
            .map_messages(|number| Ok(number.to_string()));
        assert_eq!(now(texts.headers()).unwrap().get("x-key"), Some("head"));
        assert!(texts.trailers().is_none());
        assert_eq!(now(texts.message()).unwrap().as_deref(), Some("200"));
        assert_eq!(now(texts.message()).unwrap().as_deref(), Some("400"));
        assert_eq!(now(texts.message()).unwrap(), None);
        assert_eq!(texts.trailers().unwrap().get("x-key"), Some("tail"));
        assert_eq!(now(texts.headers()).unwrap().get("x-key"), Some("head"));
        assert_eq!(*seen.lock().unwrap(), [2, 4]);
    }

    #[test]
    fn an_end_that_is_scripted_comes_after_the_messages_and_with_the_trailers() {
        let mut replies = numbers().with_end(Status::aborted("enough")).filter_messages(|_| false);
        for _ in 0..2 {
            let status = now(replies.message()).unwrap_err();
            assert_eq!(status.message(), "enough");
            assert_eq!(status.metadata().get("x-key"), Some("tail"));
        }
        assert_eq!(
            now(numbers().with_end(Status::aborted("x")).collect_messages()).unwrap_err().message(),
            "x"
        );
        assert_eq!(now(numbers().collect_messages()).unwrap(), [1, 2, 3, 4]);
    }

    #[test]
    fn an_error_of_a_change_is_the_end() {
        let mut replies = numbers().then_messages(|number| async move {
            if number < 2 { Ok(number) } else { Err(Status::data_loss("two")) }
        });
        assert_eq!(now(replies.message()).unwrap(), Some(1));
        for _ in 0..2 {
            assert_eq!(now(replies.message()).unwrap_err().message(), "two");
        }
    }
}
