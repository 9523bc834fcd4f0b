//! How calls end, as the server says it: code, message, details, headers, trailers, and who is to blame.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use bytes::Bytes;
use futures_util::StreamExt as _;
use grpc_runtime::{CancelHandle, Code, Delivery, Origin, RpcStatus, Streaming};
use prost::Message as _;
use tests::client::{all, hello, hellos, plaintext, said};
use tests::helloworld::HelloReply;
use tests::server::{Behaviour, Event, Server};
use tests::within;
use tonic::metadata::{MetadataMap, MetadataValue};

fn metadata(entries: &[(&'static str, &'static str)]) -> MetadataMap {
    let mut metadata = MetadataMap::new();
    for (key, value) in entries {
        metadata.append(*key, MetadataValue::from_static(value));
    }
    metadata
}

#[tokio::test]
async fn codes_and_messages_come_through() {
    let server = Server::start();
    let greeter = plaintext(server.target());
    for (number, message) in (1..=16).zip(
        [
            "no such user",
            "100% wrong: %41",
            "größer als 日本 🦀",
            "line\nbreak\ttab",
            "",
            "%",
            " blank ",
        ]
        .into_iter()
        .cycle(),
    ) {
        server.behave(Behaviour::new().fail(tonic::Status::new(number.into(), message)));
        let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
        assert_eq!(status.code(), Code::from_i32(number));
        assert_eq!(status.message(), message);
        assert_eq!((status.origin(), status.delivery()), (Origin::Server, Delivery::Answered));
        assert_eq!(status.peer(), Some(&*server.address().to_string()));
    }
}

#[tokio::test]
async fn details_are_decoded_and_raw() {
    let server = Server::start();
    let any = prost_types::Any { type_url: "type.test/Thing".into(), value: vec![0, 255, 7] };
    let sent = RpcStatus { code: 5, message: "no such user".into(), details: vec![any] };
    let raw = Bytes::from(sent.encode_to_vec());
    let failure = tonic::Status::with_details(tonic::Code::NotFound, "no such user", raw.clone());
    let greeter = plaintext(server.target());

    server.behave(Behaviour::new().fail(failure.clone()));
    let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!(status.details(), &raw);
    assert_eq!(status.rpc_status().unwrap(), Some(sent.clone()));

    server.behave(Behaviour::new().end_with(failure));
    let replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    let status = all(replies).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.rpc_status().unwrap(), Some(sent));
}

#[tokio::test]
async fn a_success_has_headers_and_trailers_apart() {
    let server = Server::start();
    server.behave(
        Behaviour::new()
            .headers(metadata(&[("x-first", "1"), ("x-first", "2")]))
            .trailers(metadata(&[("x-last", "3")])),
    );
    let greeter = plaintext(server.target());

    let response = within("hello", greeter.say_hello(hello("Ada")).send()).await.unwrap();
    assert_eq!(response.headers().get_all("x-first").collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(response.trailers().get("x-last"), Some("3"));
    assert!(!response.headers().contains_key("x-last"));
    assert!(!response.trailers().contains_key("x-first"));
    assert_eq!(response.trailers().get("grpc-status"), None, "the protocol's own is no metadata");
    assert_eq!(response.message().message, "Hello, Ada!");

    let response = greeter.collect_hellos(hellos(["Ada"])).send();
    let response = within("hello", response).await.unwrap();
    assert_eq!(response.headers().get("x-first"), Some("1"));
    assert_eq!(response.trailers().get("x-last"), Some("3"));

    let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    assert_eq!(within("headers", replies.headers()).await.unwrap().get("x-first"), Some("1"));
    assert!(replies.trailers().is_none(), "they come at the end");
    while within("replies", replies.message()).await.unwrap().is_some() {}
    assert_eq!(replies.trailers().unwrap().get("x-last"), Some("3"));
    assert_eq!(replies.headers().await.unwrap().get("x-first"), Some("1"), "they stay");
}

#[tokio::test]
async fn the_address_that_answered_is_known() {
    let server = Server::start();
    let address = server.address().to_string();
    let greeter = plaintext(server.target());
    let response = within("hello", greeter.say_hello(hello("Ada")).send()).await.unwrap();
    assert_eq!(response.peer(), Some(&*address));

    for handle in [None, Some(CancelHandle::new())] {
        let call = greeter.list_hellos(hello("Ada"));
        let call = handle.iter().fold(call, grpc_runtime::Call::cancel_on);
        let mut replies = within("the start", call.into_future()).await.unwrap();
        assert_eq!(replies.peer(), None, "the server has not answered yet");
        within("headers", replies.headers()).await.unwrap();
        assert_eq!(replies.peer(), Some(&*address));
        while within("replies", replies.message()).await.unwrap().is_some() {}
        assert_eq!(replies.peer(), Some(&*address), "it stays");
    }

    server.behave(Behaviour::new().fail(tonic::Status::aborted("enough")));
    let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!(status.peer(), Some(&*address));
}

#[tokio::test]
async fn a_failure_has_its_trailers() {
    let server = Server::start();
    let failure = tonic::Status::with_metadata(
        tonic::Code::Aborted,
        "enough",
        metadata(&[("x-reason", "tired")]),
    );
    let greeter = plaintext(server.target());

    // Trailers-only: there are no headers, so what came is the status's.
    server.behave(Behaviour::new().fail(failure.clone()));
    let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!(status.metadata().get("x-reason"), Some("tired"));
    let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    let status = within("headers", replies.headers()).await.unwrap_err();
    assert_eq!(status.code(), Code::Aborted);
    assert_eq!(replies.trailers().unwrap().get("x-reason"), Some("tired"));
    assert_eq!(replies.message().await.unwrap_err(), status);

    // Trailers after messages.
    let behaviour = Behaviour::new().replies(1).end_with(failure);
    server.behave(behaviour.headers(metadata(&[("x-first", "1")])));
    let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    assert!(within("a reply", replies.message()).await.unwrap().is_some());
    let status = within("the end", replies.message()).await.unwrap_err();
    assert_eq!(status.metadata().get("x-reason"), Some("tired"));
    assert_eq!(replies.trailers().unwrap().get("x-reason"), Some("tired"));
    assert_eq!(replies.headers().await.unwrap().get("x-first"), Some("1"));
}

#[tokio::test]
async fn metadata_goes_both_ways() {
    let mut server = Server::start();
    server.behave(Behaviour::new().echo());
    let call = plaintext(server.target())
        .say_hello(hello("Ada"))
        .metadata("x-tenant", "a")
        .and_then(|call| call.metadata("x-tenant", "b, c"))
        .and_then(|call| call.metadata_bin("x-trace-bin", [0, 159, 255]))
        .and_then(|call| call.metadata_bin("x-trace-bin", []))
        .unwrap();
    let response = within("hello", call.send()).await.unwrap();
    for metadata in [response.headers(), response.trailers()] {
        assert_eq!(metadata.get_all("x-tenant").collect::<Vec<_>>(), ["a", "b, c"]);
        let traces: Vec<Bytes> = metadata.get_all_bin("x-trace-bin").collect();
        assert_eq!(traces, [&[0, 159, 255][..], &[]]);
    }
    let head = server.started().await;
    assert_eq!(head.header("x-trace-bin"), Some("AJ//"), "base64 without padding");
}

#[tokio::test]
async fn metadata_that_cannot_be_sent_is_refused_by_name() {
    let greeter = plaintext("http://127.0.0.1:1");
    for (key, value) in
        [("x y", "v"), ("grpc-status", "0"), ("x", "ü"), ("", "v"), ("x", "a\nb"), ("te", "x")]
    {
        let refused = greeter.say_hello(hello("Ada")).metadata(key, value).unwrap_err();
        assert_eq!(refused.key(), key);
    }
    assert!(greeter.say_hello(hello("Ada")).metadata("x-bin", "text").is_err());
    assert!(greeter.say_hello(hello("Ada")).metadata_bin("x", b"bytes").is_err());
}

async fn failing_stream(server: &Server) -> Streaming<HelloReply> {
    server.behave(Behaviour::new().replies(1).end_with(tonic::Status::aborted("enough")));
    plaintext(server.target()).list_hellos(hello("Ada")).await.unwrap()
}

#[tokio::test]
async fn the_error_of_a_stream_stays() {
    let server = Server::start();
    let mut replies = failing_stream(&server).await;
    assert!(within("a reply", replies.message()).await.unwrap().is_some());
    for _ in 0..3 {
        let status = within("the end", replies.message()).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Aborted, "enough"));
    }
    assert!(replies.next().await.is_none(), "as a stream it has told");
}

#[tokio::test]
async fn as_a_stream_the_error_comes_once() {
    let server = Server::start();
    let mut replies = failing_stream(&server).await;
    assert!(within("a reply", replies.next()).await.unwrap().is_ok());
    assert_eq!(within("the end", replies.next()).await.unwrap().unwrap_err().code(), Code::Aborted);
    assert!(replies.next().await.is_none());
    assert!(replies.next().await.is_none());
    assert_eq!(replies.message().await.unwrap_err().code(), Code::Aborted);
}

#[tokio::test]
async fn the_end_of_a_stream_stays() {
    let server = Server::start();
    let mut replies = plaintext(server.target()).list_hellos(hello("Ada")).await.unwrap();
    while within("replies", replies.message()).await.unwrap().is_some() {}
    assert!(replies.message().await.unwrap().is_none());
    assert!(replies.next().await.is_none());
}

#[tokio::test]
async fn metadata_that_the_server_would_not_take_is_not_sent() {
    let mut server = Server::start();
    let greeter = plaintext(server.target());
    within("a call", async { greeter.say_hello(hello("Ada")).await }).await.unwrap();
    let large = "x".repeat(70_000);
    let call = greeter.say_hello(hello("Ada")).metadata("x-large", &*large).unwrap();
    let status = within("the end", async { call.await }).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!((status.delivery(), status.attempts()), (Delivery::NotSent, 0));
    assert!(status.message().contains("over the limit of 65536"), "{status}");
    within("a call", async { greeter.say_hello(hello("Ada")).await }).await.unwrap();
    let started = server.events().iter().filter(|event| matches!(event, Event::Started(_))).count();
    assert_eq!((started, server.counts().connections), (2, 1));
}
