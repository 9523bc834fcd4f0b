//! Faults made on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use grpc_runtime::layer::Faults;
use grpc_runtime::{Code, Status};

use crate::greeter::{Fake, hello, said};

const SECOND: Duration = Duration::from_secs(1);

/// One after the other, and from the start again.
fn draws<const N: usize>(numbers: [f64; N]) -> impl Fn() -> f64 + Send + Sync {
    let drawn = Arc::new(AtomicUsize::new(0));
    move || numbers[drawn.fetch_add(1, Ordering::Relaxed) % N]
}

#[tokio::test]
async fn so_many_fail_and_are_not_passed_on() {
    let fake = Fake::default();
    let faults = Faults::new().abort(Status::unavailable("on purpose"), 50.0);
    let greeter = fake.client().layer(faults.with_random(draws([0.1, 0.9, 0.49, 0.5])));
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(said(&greeter, "Ada").await.map_or_else(|status| status.code(), |_| Code::Ok));
    }
    assert_eq!(codes, [Code::Unavailable, Code::Ok, Code::Unavailable, Code::Ok]);
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_delay_takes_its_time_and_the_deadline_goes_on() {
    let fake = Fake::default();
    let greeter = fake.client().layer(Faults::new().delay(10 * SECOND, 100.0));
    let started = tokio::time::Instant::now();
    said(&greeter, "Ada").await.unwrap();
    assert_eq!(started.elapsed(), 10 * SECOND);
    let status = greeter.list_hellos(hello("Ada")).timeout(SECOND).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(started.elapsed(), 11 * SECOND);
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_may_meet_both_or_none() {
    let faults = Faults::new().delay(SECOND, 20.0).abort(Status::aborted("on purpose"), 10.0);
    let faults = faults.with_random(draws([0.1, 0.05, 0.5, 0.5]));
    let greeter = Fake::default().client().layer(faults);
    let started = tokio::time::Instant::now();
    assert_eq!(said(&greeter, "Ada").await.unwrap_err().code(), Code::Aborted);
    assert_eq!(started.elapsed(), SECOND);
    said(&greeter, "Ada").await.unwrap();
    assert_eq!(started.elapsed(), SECOND);
    said(&Fake::default().client().layer(Faults::new()), "Ada").await.unwrap();
}
