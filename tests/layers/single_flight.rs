//! The same call of several, sent once.

use std::future::IntoFuture as _;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use grpc_runtime::Code;
use grpc_runtime::layer::{Cache, SingleFlight, only};
use tower::ServiceBuilder;

use crate::greeter::{Fake, greeter, hello, said};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn several_wait_for_one() {
    let fake = Fake::default();
    let greeter = fake.client().layer(only::<greeter::SayHello, _>(SingleFlight::new()));
    let names = ["slow", "slow", "Ada", "slow"];
    let calls = names.map(|name| greeter.say_hello(hello(name)).into_future());
    for (outcome, name) in join_all(calls).await.into_iter().zip(names) {
        assert_eq!(outcome.unwrap().message, format!("Hello, {name}!"));
    }
    assert_eq!(fake.seen().len(), 2);
    // It is over: the next one is a call of its own.
    said(&greeter, "slow").await.unwrap();
    assert_eq!(fake.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_everyones() {
    let fake = Fake::default();
    let greeter = fake.client().layer(only::<greeter::SayHello, _>(SingleFlight::new()));
    let calls = [(); 3].map(|()| greeter.say_hello(hello("fail")).into_future());
    for outcome in join_all(calls).await {
        assert_eq!(outcome.unwrap_err().code(), Code::Unavailable);
    }
    assert_eq!(fake.seen(), ["fail"]);
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_last_who_waits() {
    let fake = Fake::default();
    let greeter = fake.client().layer(only::<greeter::SayHello, _>(SingleFlight::new()));
    let mut one = Box::pin(greeter.say_hello(hello("slow")).into_future());
    let mut two = Box::pin(greeter.say_hello(hello("slow")).into_future());
    assert!(one.as_mut().now_or_never().is_none());
    assert!(two.as_mut().now_or_never().is_none());
    drop(one);
    two.await.unwrap();
    assert_eq!(fake.seen(), ["slow"]);

    let mut lonely = Box::pin(greeter.say_hello(hello("hang")).into_future());
    assert!(lonely.as_mut().now_or_never().is_none());
    tokio::task::yield_now().await;
    assert_eq!(fake.active(), 1);
    drop(lonely);
    tokio::task::yield_now().await;
    assert_eq!(fake.active(), 0);
}

#[tokio::test(start_paused = true)]
async fn each_keeps_its_own_deadline() {
    let fake = Fake::default();
    let greeter = fake.client().layer(only::<greeter::SayHello, _>(SingleFlight::new()));
    let call = |timeout| greeter.say_hello(hello("slow")).timeout(timeout).into_future();
    // The first has too little time, and the second makes the call anew.
    let started = tokio::time::Instant::now();
    let outcomes = join_all([call(SECOND / 2), call(SECOND * 5)]).await;
    assert_eq!(outcomes[0].as_ref().unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(outcomes[1].as_ref().unwrap().message, "Hello, slow!");
    assert_eq!(started.elapsed(), SECOND * 3 / 2);
    // The second has too little time, and the first goes on.
    let outcomes = join_all([call(SECOND * 5), call(SECOND / 2)]).await;
    assert_eq!(outcomes[0].as_ref().unwrap().message, "Hello, slow!");
    assert_eq!(outcomes[1].as_ref().unwrap_err().code(), Code::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn a_cache_goes_above_it() {
    let fake = Fake::default();
    let stack = ServiceBuilder::new().layer(Cache::new(10)).layer(SingleFlight::new());
    let greeter = fake.client().layer(only::<greeter::SayHello, _>(stack));
    for _ in 0..2 {
        let calls = [(); 3].map(|()| greeter.say_hello(hello("slow")).into_future());
        assert!(join_all(calls).await.iter().all(Result::is_ok));
    }
    assert_eq!(fake.seen(), ["slow"]);
}
