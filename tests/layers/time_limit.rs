//! Deadlines that a layer gives to calls.

use std::time::Duration;

use grpc_runtime::Code;
use grpc_runtime::layer::TimeLimit;

use crate::greeter::{Ends, Fake, all, hello, said, spy};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn the_nearest_word_counts_and_the_bound_holds() {
    let seen = Ends::default();
    let client = Fake::default().client().layer(spy(&seen));

    let greeter = client.clone().layer(TimeLimit::by_default(5 * SECOND));
    said(&greeter, "Ada").await.unwrap();
    greeter.say_hello(hello("Ada")).timeout(SECOND).await.unwrap();
    greeter.say_hello(hello("Ada")).timeout(60 * SECOND).await.unwrap();
    assert_eq!(seen.take(), ["[] Some(5s)", "[] Some(1s)", "[] Some(60s)"]);

    let greeter = greeter.layer(TimeLimit::no_longer_than(2 * SECOND));
    let started = tokio::time::Instant::now();
    for (timeout, seconds) in [(None, 2), (Some(SECOND), 1), (Some(60 * SECOND), 2)] {
        let before = started.elapsed();
        let mut call = greeter.say_hello(hello("hang"));
        if let Some(timeout) = timeout {
            call = call.timeout(timeout);
        }
        assert_eq!(call.await.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(started.elapsed() - before, seconds * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_bounded_too() {
    let greeter = Fake::default().client().layer(TimeLimit::no_longer_than(2 * SECOND));
    let started = tokio::time::Instant::now();
    let call = greeter.say_hello(hello("hang")).deadline((started + 60 * SECOND).into_std());
    assert_eq!(call.await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(started.elapsed(), 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn it_covers_the_whole_of_a_stream() {
    let greeter = Fake::default().client().layer(TimeLimit::by_default(2 * SECOND));
    let replies = greeter.list_hellos(hello("hang")).await.unwrap();
    assert_eq!(all(replies).await.unwrap_err().code(), Code::DeadlineExceeded);
}
