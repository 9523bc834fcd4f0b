//! Layers of a channel: one stack for the calls of every client, of every kind, in bytes.
//!
//! What each layer does is tested where it sits on a client (`layers/`); here, that the channel is as good a place.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use grpc_runtime::codec::Json;
use grpc_runtime::compression::Encoding;
use grpc_runtime::layer::{
    AsyncMetadata, CircuitBreaker, ConcurrencyLimit, Next, StaticMetadata, TimeLimit, Trace,
    from_fn, on_end,
};
use grpc_runtime::{
    AnyMethod, CancelHandle, Channel, ChannelBuilder, Code, DynamicClient, DynamicMethod,
    Intercept, Interceptor, Invoke, Metadata, Method, MethodRef, Request, Response, Status, Unary,
    grpc_client, outbound,
};
use prost::Message as _;
use tests::client::{all, hello, hellos, said};
use tests::helloworld::{GreeterClient, HelloReply};
use tests::server::{Behaviour, Server};
use tests::within;
use tower::ServiceBuilder;
use tower::timeout::TimeoutLayer;

fn plaintext(server: &Server) -> ChannelBuilder {
    Channel::builder(server.target()).plaintext()
}

fn build(builder: ChannelBuilder) -> Channel {
    builder.build().expect("the settings are right")
}

/// Lines, in order.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn push(&self, line: impl Into<String>) {
        self.0.lock().expect("no test panics under it").push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no test panics under it"))
    }
}

/// Notes each call and its end, and sends a key of its own.
#[derive(Clone)]
struct Note(&'static str, Seen);

impl<M: Method> Interceptor<M> for Note {
    async fn intercept<S: Invoke<M>>(
        &self,
        mut request: Request<M>,
        next: S,
    ) -> Result<Response<M>, Status> {
        let Note(name, seen) = self.clone();
        let method = request.method().method().to_owned();
        seen.push(format!("{name}: {method}"));
        request.metadata_mut().append("x-note", name)?;
        let response = next.invoke(request).await?;
        Ok(response.on_end(move |ended| seen.push(format!("{name}: {}", ended.code()))))
    }
}

/// The type of the client does not know of layers.
struct Holder {
    greeter: GreeterClient<Channel>,
}

#[tokio::test]
async fn one_interceptor_sees_the_calls_of_every_client_and_kind() {
    let mut server = Server::start();
    let seen = Seen::default();
    let channel = build(plaintext(&server).layer(Intercept(Note("a", seen.clone()))));
    let Holder { greeter } = Holder { greeter: GreeterClient::new(channel.clone()) };

    assert_eq!(said(greeter.say_hello(hello("Ada"))).await.unwrap(), "Hello, Ada!");
    assert_eq!(seen.take(), ["a: SayHello", "a: OK"]);
    assert_eq!(server.started().await.header("x-note"), Some("a"));

    let replies = all(greeter.list_hellos(hello("Ada")).await.unwrap()).await.unwrap();
    assert_eq!(replies.len(), 3);
    assert_eq!(seen.take(), ["a: ListHellos", "a: OK"]);

    let text = said(greeter.collect_hellos(hellos(["Ada", "Bob"]))).await.unwrap();
    assert!(text.contains("Ada") && text.contains("Bob"), "{text}");
    assert_eq!(seen.take(), ["a: CollectHellos", "a: OK"]);

    let (requests, outgoing) = outbound(1);
    let mut replies = greeter.chat_hellos(outgoing).await.unwrap();
    for name in ["Ada", "Bob"] {
        within("sending", requests.send(hello(name))).await.unwrap();
        let reply = within("a reply", replies.message()).await.unwrap().unwrap();
        assert!(reply.message.contains(name), "{reply:?}");
    }
    requests.finish();
    assert!(within("the end", replies.message()).await.unwrap().is_none());
    assert!(replies.trailers().is_some() && replies.peer().is_some());
    assert_eq!(seen.take(), ["a: ChatHellos", "a: OK"]);

    let request = Bytes::from(hello("Eve").encode_to_vec());
    let call = DynamicClient::new(channel).unary("/helloworld.Greeter/SayHello", request).unwrap();
    let reply = within("a reply", call.into_future()).await.unwrap();
    assert_eq!(HelloReply::decode(reply).unwrap().message, "Hello, Eve!");
    assert_eq!(seen.take(), ["a: SayHello", "a: OK"]);
}

#[tokio::test]
async fn the_last_layer_is_the_first_to_see_a_call_and_those_of_the_client_come_before() {
    let server = Server::start();
    let seen = Seen::default();
    let note = |name| Intercept(Note(name, seen.clone()));
    let channel = build(plaintext(&server).layer(note("inner")).layer(note("outer")));
    let greeter = GreeterClient::new(channel).layer(note("client"));
    within("a call", greeter.say_hello(hello("Ada")).into_future()).await.unwrap();
    assert_eq!(
        seen.take(),
        [
            "client: SayHello",
            "outer: SayHello",
            "inner: SayHello",
            "inner: OK",
            "outer: OK",
            "client: OK",
        ]
    );
}

/// Bytes are all it sees, and it may change them.
#[tokio::test]
async fn messages_are_bytes() {
    let server = Server::start();
    let channel = build(plaintext(&server).layer(from_fn(
        |request: Request<DynamicMethod<Unary>>, next: Next<DynamicMethod<Unary>>| async move {
            assert_eq!(request.message()[..], hello("Ada").encode_to_vec());
            let other = hello("Bob").encode_to_vec().into();
            let response = next.invoke(request.with_message(other)).await?;
            assert!(!response.headers().is_empty() && response.peer().is_some());
            Ok::<_, Status>(response.map(|reply| {
                let reply = HelloReply::decode(reply).unwrap();
                let message = reply.message.to_uppercase();
                HelloReply { message }.encode_to_vec().into()
            }))
        },
    )));
    let greeter = GreeterClient::new(channel);
    server.behave(Behaviour::new());
    let response = within("a reply", greeter.say_hello(hello("Ada")).send()).await.unwrap();
    assert_eq!(response.message().message, "HELLO, BOB!");
    assert_eq!(response.attempts(), 1);
}

/// What passes through untouched is sent as it was framed; a layer that calls twice sends it twice.
#[tokio::test]
async fn messages_of_any_size_pass_through_and_may_be_sent_again() {
    let server = Server::start();
    let twice = from_fn(
        |request: Request<DynamicMethod<Unary>>, next: Next<DynamicMethod<Unary>>| async move {
            next.clone().invoke(request.clone()).await?;
            next.invoke(request).await
        },
    );
    let greeter = GreeterClient::new(build(plaintext(&server).layer(twice)));
    for name in [String::new(), "Ada".to_owned(), "x".repeat(100_000)] {
        let text = said(greeter.say_hello(hello(&name))).await.unwrap();
        assert!(text.contains(&name));
    }
    assert_eq!(server.counts().started, 6);
}

#[tokio::test]
async fn what_a_layer_gives_back_is_the_outcome() {
    let server = Server::start();
    let refusing = from_fn(|request: Request<AnyMethod>, _: Next<AnyMethod>| async move {
        Err::<Response<AnyMethod>, _>(Status::permission_denied(request.method().path()))
    });
    let greeter = GreeterClient::new(build(plaintext(&server).layer(refusing)));
    let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(status.message(), "/helloworld.Greeter/SayHello");

    let garbled =
        from_fn(|_: Request<DynamicMethod<Unary>>, _: Next<DynamicMethod<Unary>>| async {
            Ok::<_, Status>(Response::<DynamicMethod<Unary>>::new(Bytes::from_static(b"\xff")))
        });
    let greeter = GreeterClient::new(build(plaintext(&server).layer(garbled)));
    let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Internal, "response not understood"));
    assert_eq!(server.counts().started, 0);
}

/// Ours and tower's, all that are for every method.
#[tokio::test]
async fn any_layer_for_all_methods_fits() {
    let mut server = Server::start();
    let ends = Seen::default();
    let noting = ends.clone();
    let channel = plaintext(&server)
        .layer(StaticMetadata::default().with("x-static", "a").unwrap())
        .layer(AsyncMetadata::new(|_: MethodRef| async {
            let mut metadata = Metadata::new();
            metadata.insert("x-fetched", "b")?;
            Ok::<_, Status>(metadata)
        }))
        .layer(
            ServiceBuilder::new()
                .layer(TimeLimit::by_default(Duration::from_secs(5)))
                .layer(ConcurrencyLimit::per_method(8))
                .layer(CircuitBreaker::per_method()),
        )
        .layer(Trace::new())
        .layer(TimeoutLayer::new(Duration::from_secs(5)))
        .layer(on_end(move |method, ended| noting.push(format!("{method}: {}", ended.code()))));
    let greeter = GreeterClient::new(build(channel));
    said(greeter.say_hello(hello("Ada"))).await.unwrap();
    let start = server.started().await;
    assert_eq!((start.header("x-static"), start.header("x-fetched")), (Some("a"), Some("b")));
    assert!(start.timeout().is_some());

    drop(within("a stream", greeter.list_hellos(hello("Ada")).into_future()).await.unwrap());
    let lines = ends.take();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].ends_with(": CANCELLED"), "{lines:?}");
}

#[tokio::test]
async fn a_call_comes_through_once_however_often_it_is_sent() {
    let server = Server::start();
    for _ in 0..2 {
        server.fail_next(tonic::Status::unavailable("busy"));
    }
    let seen = Seen::default();
    let policy = r#"{"methodConfig": [{"name": [{"service": "helloworld.Greeter"}], "retryPolicy": {
        "maxAttempts": 4, "initialBackoff": "0.01s", "maxBackoff": "0.01s", "backoffMultiplier": 1,
        "retryableStatusCodes": ["UNAVAILABLE"]
    }}]}"#;
    let channel =
        plaintext(&server).default_service_config(policy).layer(Intercept(Note("a", seen.clone())));
    said(GreeterClient::new(build(channel)).say_hello(hello("Ada"))).await.unwrap();
    assert_eq!(seen.take(), ["a: SayHello", "a: OK"]);
    assert_eq!(server.counts().started, 3);
}

mod json {
    use super::*;

    #[grpc_client(service = "helloworld.Greeter", codec = Json)]
    pub(super) trait Plain {
        async fn say_hello(&self, request: String) -> Result<String, Status>;
    }
}

#[tokio::test]
async fn codec_options_limits_and_compression_stay_what_they_are() {
    let mut server = Server::start();
    let channel = build(
        plaintext(&server).min_compressed_bytes(1).layer(Intercept(Note("a", Seen::default()))),
    );
    let plain = json::PlainClient::new(channel.clone());
    let _not_json = within("a reply", plain.say_hello("Ada".to_owned()).into_future()).await;
    assert_eq!(server.started().await.header("content-type"), Some("application/grpc+json"));

    let greeter = GreeterClient::new(channel);
    let long = "a".repeat(1000);
    let call = greeter.say_hello(hello(&long)).compress(Encoding::GZIP);
    let _refused = said(call).await;
    assert_eq!(server.started().await.header("grpc-encoding"), Some("gzip"));

    let call = greeter.say_hello(hello(&long)).max_request_bytes(10);
    assert_eq!(said(call).await.unwrap_err().code(), Code::ResourceExhausted);
    let call = greeter.say_hello(hello(&long)).max_response_bytes(10);
    assert_eq!(said(call).await.unwrap_err().code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn cancellation_and_deadlines_reach_through() {
    let mut server = Server::start();
    server.behave(Behaviour::new().never_answer());
    let seen = Seen::default();
    let noting = seen.clone();
    let layer = on_end(move |_, ended| noting.push(ended.code().to_string()));
    let greeter = GreeterClient::new(build(plaintext(&server).layer(layer)));

    let handle = CancelHandle::new();
    let call = greeter.say_hello(hello("Ada")).cancel_on(&handle);
    let cancelling = async {
        server.started().await;
        handle.cancel();
    };
    let (outcome, ()) = tokio::join!(said(call), cancelling);
    assert_eq!(outcome.unwrap_err().code(), Code::Cancelled);
    assert_eq!(server.cancelled().await, "/helloworld.Greeter/SayHello");
    assert_eq!(seen.take(), ["CANCELLED"]);

    let call = greeter.say_hello(hello("Ada")).timeout(Duration::from_millis(50));
    assert_eq!(said(call).await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(seen.take(), ["DEADLINE_EXCEEDED"]);
}

/// The sender of a request stream learns the end of its call through the layers.
#[tokio::test]
async fn a_sender_learns_why_nobody_reads() {
    let server = Server::start();
    server.behave(Behaviour::new().fail(tonic::Status::permission_denied("not you")));
    let seen = Seen::default();
    let greeter = GreeterClient::new(build(plaintext(&server).layer(Intercept(Note("a", seen)))));
    let (requests, outgoing) = outbound(1);
    let status = said(greeter.collect_hellos(outgoing)).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    within("the end", requests.closed()).await;
    let refused = within("a refusal", requests.send(hello("Ada"))).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
}
