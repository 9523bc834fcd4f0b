//! How many calls of a method run at a time.

use std::future::IntoFuture as _;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::try_join_all;
use grpc_runtime::layer::ConcurrencyLimit;
use grpc_runtime::{Code, Delivery};

use crate::greeter::{Fake, hello, said};

#[tokio::test(start_paused = true)]
async fn so_many_run_and_the_others_wait() {
    let fake = Fake::default();
    let greeter = fake.client().layer(ConcurrencyLimit::per_method(2));
    let calls = (0..6).map(|_| greeter.say_hello(hello("slow")).into_future());
    let started = tokio::time::Instant::now();
    try_join_all(calls).await.unwrap();
    assert_eq!(fake.most_active(), 2);
    assert_eq!(started.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_stream_keeps_its_place_until_it_ends_and_methods_do_not_share() {
    let greeter = Fake::default().client().layer(ConcurrencyLimit::per_method(1));
    let replies = greeter.list_hellos(hello("hang")).await.unwrap();
    // Another method has places of its own.
    said(&greeter, "Ada").await.unwrap();

    let late = greeter.list_hellos(hello("Ada")).timeout(Duration::from_secs(1));
    let status = late.await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::DeadlineExceeded, Delivery::NotSent));
    assert!(status.message().contains("concurrency limit"), "{status}");

    let mut next = Box::pin(greeter.list_hellos(hello("Ada")).into_future());
    assert!(next.as_mut().now_or_never().is_none());
    drop(replies);
    next.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn all_methods_may_share_the_places() {
    let greeter = Fake::default().client().layer(ConcurrencyLimit::in_all(1).max_waiting(0));
    let replies = greeter.list_hellos(hello("hang")).await.unwrap();
    assert_eq!(said(&greeter, "Ada").await.unwrap_err().code(), Code::ResourceExhausted);
    drop(replies);
    said(&greeter, "Ada").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn so_many_wait_and_the_others_fail() {
    let fake = Fake::default();
    let limit = ConcurrencyLimit::per_method(1).max_waiting(1);
    // Two clients share the limit of one layer.
    let (one, two) = (fake.client().layer(limit.clone()), fake.client().layer(limit));
    let mut running = Box::pin(one.say_hello(hello("slow")).into_future());
    assert!(running.as_mut().now_or_never().is_none());
    let mut waiting = Box::pin(two.say_hello(hello("Ada")).into_future());
    assert!(waiting.as_mut().now_or_never().is_none());

    let status = said(&one, "Bob").await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::ResourceExhausted, Delivery::NotSent));

    // One that gives up leaves the queue.
    drop(waiting);
    let mut waiting = Box::pin(two.say_hello(hello("Cy")).into_future());
    assert!(waiting.as_mut().now_or_never().is_none());
    running.await.unwrap();
    waiting.await.unwrap();
    assert_eq!(fake.seen(), ["slow", "Cy"]);
}
