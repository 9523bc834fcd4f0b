//! Metadata that layers send, the same each time or fetched for each call.

use std::future::pending;
use std::io;
use std::time::Duration;

use grpc_runtime::layer::{AsyncMetadata, StaticMetadata};
use grpc_runtime::{Code, Delivery, Metadata, MethodRef, Status};
use tests::server::Server;
use tests::within;

use crate::greeter::{Ends, Fake, GreeterClient, greeter, hello, said, spy};

#[tokio::test]
async fn a_call_keeps_the_keys_that_it_has() {
    let seen = Ends::default();
    let layer = StaticMetadata::default().with("x-tenant", "blue").unwrap();
    let layer = layer.with("x-token", "one").unwrap().with("x-token", "two").unwrap();
    let greeter = Fake::default().client().layer(spy(&seen)).layer(layer);
    said(&greeter, "Ada").await.unwrap();
    greeter.list_hellos(hello("Ada")).await.unwrap();
    greeter.say_hello(hello("Ada")).metadata("x-tenant", "own").unwrap().await.unwrap();
    assert_eq!(
        seen.take(),
        [
            r#"["blue", "one", "two"] None"#,
            r#"["blue", "one", "two"] None"#,
            r#"["own", "one", "two"] None"#
        ]
    );
}

#[test]
fn metadata_that_cannot_be_sent_is_refused_with_its_name() {
    let error = StaticMetadata::default().with("x tenant", "blue").unwrap_err();
    assert!(error.to_string().contains("x tenant"), "{error}");
}

/// A token a method.
async fn token(method: MethodRef) -> Result<Metadata, Status> {
    let mut metadata = Metadata::new();
    metadata.insert("x-token", format!("for {}", method.method()))?;
    Ok(metadata)
}

#[tokio::test]
async fn metadata_is_fetched_for_each_call() {
    let seen = Ends::default();
    let greeter =
        Fake::default().client().layer(spy(&seen)).layer(AsyncMetadata::new(token)).boxed();
    let _: &GreeterClient<greeter::Boxed> = &greeter;
    said(&greeter, "Ada").await.unwrap();
    greeter.list_hellos(hello("Ada")).await.unwrap();
    assert_eq!(seen.take(), [r#"["for SayHello"] None"#, r#"["for ListHellos"] None"#]);
}

#[tokio::test(start_paused = true)]
async fn metadata_that_does_not_come_fails_the_call_unsent() {
    let fake = Fake::default();
    let refused = fake
        .client()
        .layer(AsyncMetadata::new(|_| async { Err(Status::unauthenticated("no token today")) }));
    let status = said(&refused, "Ada").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "no token today"));
    assert_eq!(status.delivery(), Delivery::NotSent);

    let broken = fake
        .client()
        .layer(AsyncMetadata::new(|_| async { Err(io::Error::other("the disk is gone")) }));
    let status = said(&broken, "Ada").await.unwrap_err();
    assert_eq!(status.code(), Code::Unknown);
    assert!(status.to_string().contains("the disk is gone"), "{status}");

    let hanging =
        fake.client().layer(AsyncMetadata::new(|_| pending::<Result<Metadata, Status>>()));
    let call = hanging.say_hello(hello("Ada")).timeout(Duration::from_secs(1));
    let status = call.await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().contains("waited for its metadata"), "{status}");
    assert_eq!(status.delivery(), Delivery::NotSent);
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn a_real_server_sees_both() {
    let mut server = Server::start();
    let channel = grpc_runtime::Channel::builder(server.target()).build().unwrap();
    let greeter = GreeterClient::new(channel)
        .layer(StaticMetadata::default().with("x-tenant", "blue").unwrap())
        .layer(AsyncMetadata::new(token));
    within("a greeting", said(&greeter, "Ada")).await.unwrap();
    let start = server.started().await;
    let value = |key: &str| start.headers.get(key).unwrap().to_str().unwrap().to_owned();
    assert_eq!((value("x-tenant"), value("x-token")), ("blue".into(), "for SayHello".into()));
}
