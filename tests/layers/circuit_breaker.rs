//! Circuits around a server in trouble.

use std::future::IntoFuture as _;
use std::time::Duration;

use futures_util::FutureExt as _;
use grpc_runtime::layer::CircuitBreaker;
use grpc_runtime::{Code, Delivery, Request, Response};
use tests::helloworld::HelloReply;
use tests::server::{Behaviour, Server};
use tests::within;

use crate::greeter::{Fake, Greeter, GreeterClient, all, greeter, hello, said};

fn breaker() -> CircuitBreaker {
    CircuitBreaker::per_method().minimum_calls(4).probes(1)
}

async fn fail_times(greeter: &impl Greeter, times: usize) {
    for _ in 0..times {
        assert_eq!(said(greeter, "fail").await.unwrap_err().message(), "told to fail");
    }
}

#[tokio::test(start_paused = true)]
async fn it_opens_refuses_probes_and_closes() {
    let fake = Fake::default();
    let greeter = fake.client().layer(breaker());
    fail_times(&greeter, 4).await;

    let status = said(&greeter, "Ada").await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::Unavailable, Delivery::NotSent));
    assert!(status.message().contains("circuit breaker is open"), "{status}");
    assert!(status.message().contains("5.0s"), "{status}");
    assert_eq!(fake.seen().len(), 4, "nothing was sent");
    // Other methods have circuits of their own.
    all(greeter.list_hellos(hello("Ada")).await.unwrap()).await.unwrap();

    tokio::time::advance(Duration::from_secs(5)).await;
    let mut probe = Box::pin(greeter.say_hello(hello("slow")).into_future());
    assert!(probe.as_mut().now_or_never().is_none());
    assert_eq!(said(&greeter, "Ada").await.unwrap_err().delivery(), Delivery::NotSent);
    probe.await.unwrap();
    said(&greeter, "Ada").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failed_probe_opens_it_again() {
    let greeter = Fake::default().client().layer(breaker());
    fail_times(&greeter, 4).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    fail_times(&greeter, 1).await;
    assert_eq!(said(&greeter, "Ada").await.unwrap_err().delivery(), Delivery::NotSent);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_is_a_good_one_and_a_dropped_call_says_nothing() {
    let greeter = Fake::default().client().layer(breaker());
    for _ in 0..20 {
        assert_eq!(said(&greeter, "missing").await.unwrap_err().code(), Code::NotFound);
        assert!(greeter.say_hello(hello("hang")).into_future().now_or_never().is_none());
    }
    let strict = breaker().failures(|status| status.code() == Code::NotFound);
    let greeter = Fake::default().client().layer(strict);
    for _ in 0..4 {
        assert_eq!(said(&greeter, "missing").await.unwrap_err().code(), Code::NotFound);
    }
    assert_eq!(said(&greeter, "Ada").await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_stream_counts_at_its_end_and_a_target_has_one_circuit() {
    let layer = CircuitBreaker::per_target().minimum_calls(8);
    let fake = Fake::default();
    let (one, two) = (fake.client().layer(layer.clone()), fake.client().layer(layer));
    for _ in 0..4 {
        let replies = one.list_hellos(hello("fail")).await.unwrap();
        said(&two, "Ada").await.unwrap();
        all(replies).await.unwrap_err();
    }
    assert_eq!(said(&two, "Ada").await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_fallback_answers_for_its_method_only() {
    let breaker = CircuitBreaker::per_target().minimum_calls(4).fallback(
        async |request: Request<greeter::SayHello>, refused| {
            if request.message().name == "nobody" {
                return Err(refused);
            }
            let message = format!("{}, from memory", request.message().name);
            Ok(Response::new(HelloReply { message }))
        },
    );
    let greeter: GreeterClient<greeter::Boxed> = Fake::default().client().layer(breaker).boxed();
    fail_times(&greeter, 4).await;
    assert_eq!(said(&greeter, "Ada").await.unwrap(), "Ada, from memory");
    assert_eq!(said(&greeter, "nobody").await.unwrap_err().code(), Code::Unavailable);
    let status = greeter.list_hellos(hello("Ada")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_real_server_is_left_alone() {
    let mut server = Server::start();
    server.behave(Behaviour::new().fail(tonic::Status::unavailable("overloaded")));
    let channel = grpc_runtime::Channel::builder(server.target()).build().unwrap();
    let greeter = GreeterClient::new(channel).layer(breaker());
    for _ in 0..10 {
        within("a failure", said(&greeter, "Ada")).await.unwrap_err();
    }
    let calls = server.events();
    let started = calls.iter().filter(|event| matches!(event, tests::server::Event::Started(_)));
    assert_eq!(started.count(), 4);
}
