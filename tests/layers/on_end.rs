//! The end of a call is told exactly once, whatever ends it.

use std::future::IntoFuture as _;
use std::time::Duration;

use futures_util::FutureExt as _;
use grpc_runtime::layer::{Next, from_fn, on_end};
use grpc_runtime::{AnyMethod, Ended, Request, Streaming};

use crate::greeter::{Ends, Fake, Greeter, all, greeter, hello, hellos, said};

fn watched() -> (impl Greeter + Clone, Ends) {
    let ends = Ends::default();
    let log = ends.clone();
    let layer = on_end(move |method, ended| {
        let trailers = ended.trailers().map_or(0, grpc_runtime::Metadata::len);
        log.push(format!("{} {} {trailers}", method.method(), ended.code()));
    });
    (Fake::default().client().layer(layer), ends)
}

#[tokio::test(start_paused = true)]
async fn every_end_of_every_kind_is_told_once() {
    let (greeter, ends) = watched();

    said(&greeter, "Ada").await.unwrap();
    assert_eq!(ends.take(), ["SayHello OK 0"]);
    said(&greeter, "fail").await.unwrap_err();
    assert_eq!(ends.take(), ["SayHello UNAVAILABLE 0"]);
    greeter.collect_hellos(hellos(&["Ada"])).await.unwrap();
    assert_eq!(ends.take(), ["CollectHellos OK 0"]);

    let replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    assert!(ends.take().is_empty(), "a stream ends with its end");
    all(replies).await.unwrap();
    assert_eq!(ends.take(), ["ListHellos OK 1"]);

    greeter.list_hellos(hello("missing")).await.unwrap_err();
    assert_eq!(ends.take(), ["ListHellos NOT_FOUND 0"]);

    let mut replies = greeter.chat_hellos(hellos(&["Ada", "fail"])).await.unwrap();
    replies.message().await.unwrap();
    assert!(ends.take().is_empty());
    replies.message().await.unwrap_err();
    assert_eq!(ends.take(), ["ChatHellos UNAVAILABLE 0"]);
    replies.message().await.unwrap_err();
    drop(replies);
    assert!(ends.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_has_ended() {
    let (greeter, ends) = watched();

    // Never polled: no call.
    drop(greeter.say_hello(hello("hang")));
    assert!(ends.take().is_empty());

    let mut hanging = Box::pin(greeter.say_hello(hello("hang")));
    assert!(hanging.as_mut().now_or_never().is_none());
    drop(hanging);
    assert_eq!(ends.take(), ["SayHello CANCELLED 0"]);

    let mut replies = greeter.list_hellos(hello("hang")).await.unwrap();
    replies.message().await.unwrap();
    drop(replies);
    assert_eq!(ends.take(), ["ListHellos CANCELLED 0"]);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_an_end() {
    let ends = Ends::default();
    let log = ends.clone();
    let greeter = Fake::default()
        .client()
        .layer(on_end(move |_, ended: Ended<'_>| log.push(ended.code().to_string())));
    let call = greeter.list_hellos(hello("hang")).timeout(Duration::from_secs(1));
    all(call.await.unwrap()).await.unwrap_err();
    assert_eq!(ends.take(), ["DEADLINE_EXCEEDED"]);
}

/// Drops a call after each number of polls that it can take, and reads no further.
#[tokio::test(start_paused = true)]
async fn dropped_at_every_poll_it_is_told_once() {
    for polls in 1..6 {
        let (greeter, ends) = watched();
        {
            let mut call = Box::pin(async move {
                let mut replies = greeter.list_hellos(hello("slow")).into_future().await.unwrap();
                tokio::task::yield_now().await;
                while replies.message().await.unwrap().is_some() {
                    tokio::task::yield_now().await;
                }
            });
            for _ in 0..polls {
                if call.as_mut().now_or_never().is_some() {
                    break;
                }
                tokio::time::advance(Duration::from_secs(1)).await;
            }
        }
        assert_eq!(ends.take().len(), 1, "after {polls} polls");
    }
}

#[tokio::test]
async fn an_interceptor_hooks_into_a_stream_of_its_own_method_and_of_any() {
    let ends = Ends::default();
    let (typed, any) = (ends.clone(), ends.clone());
    let greeter = Fake::default()
        .client()
        .layer(from_fn(
            move |request: Request<greeter::ListHellos>, next: Next<greeter::ListHellos>| {
                let log = typed.clone();
                async move {
                    let response = next.invoke(request).await?;
                    Ok(response.on_end(move |ended| log.push(format!("typed {}", ended.code()))))
                }
            },
        ))
        .layer(from_fn(move |request: Request<AnyMethod>, next: Next<AnyMethod>| {
            let log = any.clone();
            async move {
                let response = next.invoke(request).await?;
                Ok(response.on_end(move |ended| log.push(format!("any {}", ended.code()))))
            }
        }));
    let replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    assert!(ends.take().is_empty());
    all(replies).await.unwrap();
    assert_eq!(ends.take(), ["typed OK", "any OK"]);
    said(&greeter, "Ada").await.unwrap();
    assert_eq!(ends.take(), ["any OK"]);
}

#[test]
fn a_hook_on_a_stream_that_has_ended_runs_at_once() {
    let ends = Ends::default();
    let log = ends.clone();
    let mut replies = Streaming::<u8>::from_iter([]);
    assert!(replies.message().now_or_never().unwrap().unwrap().is_none());
    let replies = replies.on_end(move |ended| log.push(ended.code().to_string()));
    assert_eq!(ends.take(), ["OK"]);
    drop(replies);
    assert!(ends.take().is_empty());
}
