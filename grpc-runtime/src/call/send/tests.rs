//! Calls through a service of the test's own, so that their moments are at hand.

use std::future::{pending, ready};
use std::sync::Mutex;

use bytes::Bytes;
use tokio::sync::oneshot;
use tower::service_fn;

use super::*;
use crate::call::DynamicMethod;
use crate::call::{Call, ServerStreaming, Streaming, Unary};
use crate::rt;
use crate::status::{Code, Delivery};

type One = DynamicMethod<Unary>;
type Many = DynamicMethod<ServerStreaming>;

/// What hooks were told, as codes; `None` for a dropped call.
#[derive(Clone, Default)]
struct Told(std::sync::Arc<Mutex<Vec<Option<Code>>>>);

impl Told {
    fn hook(&self) -> impl FnOnce(Ended<'_>) + Send + 'static {
        let told = self.clone();
        move |ended: Ended<'_>| {
            let code = (!matches!(ended, Ended::Dropped)).then(|| ended.code());
            told.0.lock().unwrap().push(code);
        }
    }

    fn all(&self) -> Vec<Option<Code>> {
        self.0.lock().unwrap().clone()
    }
}

fn one<F>(answer: impl Fn() -> F + Clone + Send + 'static) -> Call<impl Invoke<One>, One>
where
    F: Future<Output = Result<Bytes, Status>> + Send + 'static,
{
    let service = service_fn(move |_: Request<One>| {
        let answer = answer();
        async move { answer.await.map(Response::new) }
    });
    Call::new(service, Bytes::new())
}

fn many(
    replies: impl Fn() -> Streaming<Bytes> + Clone + Send + 'static,
) -> Call<impl Invoke<Many>, Many> {
    let service = service_fn(move |_: Request<Many>| {
        let replies = replies();
        async move { Ok::<_, Status>(Response::new(replies)) }
    });
    Call::new(service, Bytes::new())
}

/// Runs a future in a task of its own; gone without a word when it panics.
fn spawned<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> oneshot::Receiver<T> {
    let (tell, told) = oneshot::channel();
    rt::spawn_detached(async move { drop(tell.send(future.await)) });
    told
}

/// One message, and then nothing for ever.
fn stalling() -> Streaming<Bytes> {
    let mut messages = Some(Bytes::from_static(b"first"));
    Streaming::from_stream(PollFn(move |_: &mut Context<'_>| match messages.take() {
        Some(message) => Poll::Ready(Some(Ok(message))),
        None => Poll::Pending,
    }))
}

struct PollFn<F>(F);

impl<F, T> futures_core::Stream for PollFn<F>
where
    F: FnMut(&mut Context<'_>) -> Poll<Option<T>> + Unpin,
{
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        (self.0)(context)
    }
}

#[tokio::test]
async fn a_call_that_waits_is_cancelled_from_another_thread() {
    let (handle, told) = (CancelHandle::new(), Told::default());
    let call = one(pending).cancel_on(&handle).on_end(told.hook());
    let call = spawned(call.into_future());
    tokio::task::yield_now().await;
    std::thread::spawn(move || handle.cancel()).join().unwrap();
    let status = call.await.unwrap().unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Cancelled, "the program cancelled the call")
    );
    assert_eq!(told.all(), [Some(Code::Cancelled)]);
}

#[tokio::test]
async fn what_a_cancelled_call_holds_is_gone_though_nobody_polls_it() {
    let handle = CancelHandle::new();
    let (held, dropped) = oneshot::channel::<()>();
    let held = std::sync::Arc::new(Mutex::new(Some(held)));
    let answer = move || {
        let held = held.lock().unwrap().take();
        async move {
            let _held = held;
            pending().await
        }
    };
    let call = one(answer).cancel_on(&handle).send();
    let mut call = std::pin::pin!(call);
    assert!(call.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
    handle.cancel();
    assert!(dropped.await.is_err());
    assert_eq!(call.await.unwrap_err().code(), Code::Cancelled);
}

#[tokio::test]
async fn a_call_cancelled_before_it_is_made_is_not_made() {
    let (handle, told) = (CancelHandle::new(), Told::default());
    handle.cancel();
    let call = one(|| -> std::future::Pending<_> { panic!("it was made") });
    let status = call.cancel_on(&handle).on_end(told.hook()).await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::Cancelled, Delivery::NotSent));
    assert_eq!(told.all(), [Some(Code::Cancelled)]);
}

#[tokio::test]
async fn a_stream_is_cancelled_in_its_middle_and_stays_so() {
    let (handle, told) = (CancelHandle::new(), Told::default());
    let call = many(stalling).cancel_on(&CancelHandle::new()).cancel_on(&handle);
    let mut replies = call.on_end(told.hook()).await.unwrap();
    assert_eq!(replies.message().await.unwrap().unwrap(), "first");
    let canceller = handle.clone();
    let (next, ()) = tokio::join!(replies.message(), async move { canceller.cancel() });
    assert_eq!(next.unwrap_err().code(), Code::Cancelled);
    assert_eq!(replies.message().await.unwrap_err().code(), Code::Cancelled);
    drop(replies);
    assert_eq!(told.all(), [Some(Code::Cancelled)]);
    assert_eq!(handle.open(), 0);
}

#[tokio::test]
async fn cancellation_wins_over_messages_that_are_there() {
    let handle = CancelHandle::new();
    let call = many(|| Streaming::from_iter((0..9).map(|_| Ok(Bytes::new()))));
    let mut replies = call.cancel_on(&handle).await.unwrap();
    assert!(replies.message().await.unwrap().is_some());
    handle.cancel();
    assert_eq!(replies.message().await.unwrap_err().code(), Code::Cancelled);
    assert_eq!(replies.headers().await.unwrap_err().code(), Code::Cancelled);
}

#[tokio::test]
async fn a_stream_with_a_handle_is_otherwise_the_same() {
    use crate::metadata::Metadata;

    let mut metadata = Metadata::new();
    metadata.insert("x-tenant", "a").unwrap();
    let told = Told::default();
    let replies = move || {
        let replies = Streaming::from_iter([Ok(Bytes::new())]);
        replies.with_headers(metadata.clone()).with_trailers(metadata.clone())
    };
    let handle = CancelHandle::new();
    let mut replies = many(replies).cancel_on(&handle).on_end(told.hook()).await.unwrap();
    assert_eq!(replies.headers().await.unwrap().get("x-tenant"), Some("a"));
    assert!(replies.message().await.unwrap().is_some());
    assert!(replies.trailers().is_none());
    assert!(replies.message().await.unwrap().is_none());
    assert_eq!(replies.trailers().unwrap().get("x-tenant"), Some("a"));
    assert_eq!(replies.headers().await.unwrap().get("x-tenant"), Some("a"));
    // After its end there is nothing to cancel.
    handle.cancel();
    assert!(replies.message().await.unwrap().is_none());
    assert_eq!(told.all(), [Some(Code::Ok)]);
}

#[tokio::test]
async fn the_end_is_told_once_whatever_it_is() {
    let told = Told::default();
    let answered = one(|| ready(Ok(Bytes::new())));
    answered.on_end(told.hook()).on_end(told.hook()).await.unwrap();
    let failed = one(|| ready(Err(Status::not_found("no such thing"))));
    failed.on_end(told.hook()).await.unwrap_err();
    assert_eq!(told.all(), [Some(Code::Ok), Some(Code::Ok), Some(Code::NotFound)]);

    let told = Told::default();
    drop(one(pending).on_end(told.hook()));
    drop(one(pending).on_end(told.hook()).send());
    let late = one(pending).on_end(told.hook()).into_future();
    assert!(rt::until(rt::now(), late).await.is_none());
    drop(many(stalling).on_end(told.hook()).await.unwrap());
    assert_eq!(told.all(), [None; 4]);

    let told = Told::default();
    let panics = one(|| async { panic!("this test's own panic") }).on_end(told.hook());
    assert!(spawned(panics.into_future()).await.is_err());
    assert_eq!(told.all(), [None]);
}
