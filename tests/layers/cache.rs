//! Responses kept for a while.

use std::time::Duration;

use grpc_runtime::layer::{Cache, only};
use grpc_runtime::{Status, grpc_client};
use tests::helloworld::{HelloReply, HelloRequest};

use crate::greeter::{Fake, Greeter, greeter, hello, said};

#[tokio::test(start_paused = true)]
async fn the_same_call_is_answered_from_memory_until_its_time_is_over() {
    let fake = Fake::default();
    let cache = Cache::new(10).time_to_live(Duration::from_secs(10));
    let greeter = fake.client().layer(only::<greeter::SayHello, _>(cache.clone()));
    assert_eq!(said(&greeter, "Ada").await.unwrap(), "Hello, Ada!");
    assert_eq!(said(&greeter, "Ada").await.unwrap(), "Hello, Ada!");
    assert_eq!(said(&greeter, "Bob").await.unwrap(), "Hello, Bob!");
    assert_eq!(fake.seen(), ["Ada", "Bob"]);

    tokio::time::advance(Duration::from_secs(10)).await;
    said(&greeter, "Ada").await.unwrap();
    assert_eq!(fake.seen(), ["Ada", "Bob", "Ada"]);
    cache.clear();
    said(&greeter, "Ada").await.unwrap();
    assert_eq!(fake.seen(), ["Ada", "Bob", "Ada", "Ada"]);
}

#[tokio::test]
async fn failures_are_not_kept_and_the_oldest_goes() {
    let fake = Fake::default();
    let greeter = fake.client().layer(only::<greeter::SayHello, _>(Cache::new(2)));
    said(&greeter, "fail").await.unwrap_err();
    said(&greeter, "fail").await.unwrap_err();
    for name in ["Ada", "Bob", "Ada", "Cy", "Ada", "Bob"] {
        said(&greeter, name).await.unwrap();
    }
    assert_eq!(fake.seen(), ["fail", "fail", "Ada", "Bob", "Cy", "Bob"]);
}

#[tokio::test]
async fn what_one_may_read_is_not_shown_to_another() {
    let fake = Fake::default();
    let client = fake.client();
    let cache = Cache::new(10);
    let strict = client.clone().layer(only::<greeter::SayHello, _>(cache));
    for (user, id) in [("ada", "1"), ("bob", "1"), ("ada", "1"), ("ada", "2")] {
        let call = strict.say_hello(hello("Ada")).metadata("authorization", user).unwrap();
        call.metadata("x-request-id", id).unwrap().await.unwrap();
    }
    assert_eq!(fake.seen().len(), 3);

    let cache = Cache::new(10).vary_by(["Authorization"]);
    let loose = client.clone().layer(only::<greeter::SayHello, _>(cache));
    for (user, id) in [("ada", "1"), ("bob", "1"), ("ada", "1"), ("ada", "2")] {
        let call = loose.say_hello(hello("Ada")).metadata("authorization", user).unwrap();
        call.metadata("x-request-id", id).unwrap().await.unwrap();
    }
    assert_eq!(fake.seen().len(), 5);
}

#[grpc_client(service = "helloworld.Reader")]
trait Reader {
    #[rpc(no_side_effects)]
    async fn read(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    async fn write(&self, request: HelloRequest) -> Result<HelloReply, Status>;
}

impl Reader for Fake {
    async fn read(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        Greeter::say_hello(self, request).await
    }

    async fn write(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        Greeter::say_hello(self, request).await
    }
}

#[tokio::test]
async fn what_has_effects_is_always_sent() {
    let fake = Fake::default();
    let reader = ReaderClient::in_process(fake.clone()).layer(Cache::new(10)).boxed();
    for _ in 0..2 {
        reader.read(hello("read")).await.unwrap();
        reader.write(hello("write")).await.unwrap();
    }
    assert_eq!(fake.seen(), ["read", "write", "write"]);
}
