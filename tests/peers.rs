//! The peers of the support library do what they say. They are driven by the h2 crate's own client, so a
//! failure here is a failure of a peer and never of the code under test.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use bytes::{Bytes, BytesMut};
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Request};
use prost::Message as _;
use tests::helloworld::{HelloReply, HelloRequest};
use tests::peer::{Peer, code, kind, message, setting};
use tests::server::{Behaviour, Event, Server};
use tests::within;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tonic::metadata::{MetadataMap, MetadataValue};

/// Opens an HTTP/2 connection; its driver ends with the test's runtime.
async fn connect(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> SendRequest<Bytes> {
    let (client, connection) = within("a handshake", h2::client::handshake(io)).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn dial(address: std::net::SocketAddr) -> SendRequest<Bytes> {
    connect(within("a connection", TcpStream::connect(address)).await.unwrap()).await
}

async fn begin(
    client: &SendRequest<Bytes>,
    method: &str,
    headers: &[(&'static str, &'static str)],
) -> (ResponseFuture, SendStream<Bytes>) {
    let mut request = Request::post(format!("http://localhost/helloworld.Greeter/{method}"))
        .header("te", "trailers")
        .header("content-type", "application/grpc");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut ready = within("the connection", client.clone().ready()).await.unwrap();
    ready.send_request(request.body(()).unwrap(), false).unwrap()
}

fn hello(name: &str) -> Bytes {
    message(&HelloRequest { name: name.to_owned() }.encode_to_vec()).into()
}

async fn rest(mut body: RecvStream) -> (Vec<String>, Option<HeaderMap>) {
    let mut bytes = BytesMut::new();
    while let Some(data) = within("data", body.data()).await {
        bytes.extend(data.unwrap());
    }
    let mut replies = Vec::new();
    while bytes.len() >= 5 {
        let head = bytes.split_to(5);
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        replies.push(HelloReply::decode(bytes.split_to(length)).unwrap().message);
    }
    (replies, within("trailers", body.trailers()).await.unwrap())
}

async fn call(
    client: &SendRequest<Bytes>,
    method: &str,
    names: &[&str],
) -> (Vec<String>, HeaderMap) {
    let (response, mut send) = begin(client, method, &[("x-tenant", "a")]).await;
    for name in names {
        send.send_data(hello(name), false).unwrap();
    }
    send.send_data(Bytes::new(), true).unwrap();
    let response = within("headers", response).await.unwrap();
    let headers = response.headers().clone();
    let (replies, trailers) = rest(response.into_body()).await;
    (replies, trailers.unwrap_or(headers))
}

#[tokio::test]
async fn the_server_greets_in_four_shapes() {
    let mut server = Server::start();
    server.behave(Behaviour::new().replies(4).echo());
    let client = dial(server.address()).await;
    for (method, names, expected) in [
        ("SayHello", &["Ada"][..], &["Hello, Ada!"][..]),
        ("ListHellos", &["Ada"], &["Hello, Ada!", "Bonjour, Ada!", "Hallo, Ada!", "Hello, Ada!"]),
        ("CollectHellos", &["Ada", ""], &["Hello, Ada, stranger!"]),
        ("ChatHellos", &["Ada", "Bob"], &["Hello, Ada!", "Hello, Bob!"]),
    ] {
        let (replies, trailers) = call(&client, method, names).await;
        assert_eq!(replies, expected, "{method}");
        assert_eq!(trailers["grpc-status"], "0", "{method}");
        assert_eq!(trailers["x-tenant"], "a", "{method}");
        assert_eq!(server.started().await.path, format!("/helloworld.Greeter/{method}"));
        assert!(matches!(server.event().await, Event::Finished(_)));
    }
}

#[tokio::test]
async fn the_server_fails_with_details_and_metadata() {
    let server = Server::start();
    let mut metadata = MetadataMap::new();
    metadata.insert_bin("x-trace-bin", MetadataValue::from_bytes(b"\0\xff"));
    server.behave(Behaviour::new().fail(tonic::Status::with_details_and_metadata(
        tonic::Code::NotFound,
        "no such greeting",
        Bytes::from_static(b"details"),
        metadata,
    )));
    let (replies, end) = call(&dial(server.address()).await, "SayHello", &["Ada"]).await;
    assert!(replies.is_empty());
    assert_eq!(end["grpc-status"], "5");
    assert!(end.contains_key("grpc-status-details-bin"));
    assert_eq!(end["x-trace-bin"], "AP8");
}

#[tokio::test]
async fn the_server_ends_streams_with_a_status() {
    let server = Server::start();
    server.behave(Behaviour::new().replies(1).end_with(tonic::Status::aborted("enough")));
    let (replies, end) = call(&dial(server.address()).await, "ListHellos", &["Ada"]).await;
    assert_eq!(replies, ["Hello, Ada!"]);
    assert_eq!(end["grpc-status"], "10");
}

#[tokio::test]
async fn the_server_reports_timeouts_and_cancellations() {
    let mut server = Server::start();
    server.behave(Behaviour::new().stall_after_headers());
    let client = dial(server.address()).await;
    let (response, mut send) = begin(&client, "SayHello", &[("grpc-timeout", "20S")]).await;
    send.send_data(hello("Ada"), true).unwrap();
    let response = within("headers", response).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(server.started().await.timeout(), Some("20S"));
    send.send_reset(Reason::CANCEL);
    assert_eq!(server.cancelled().await, "/helloworld.Greeter/SayHello");
}

#[tokio::test]
async fn the_server_never_answers_and_is_killed_and_comes_back() {
    let mut server = Server::start();
    server.behave(Behaviour::new().never_answer());
    let client = dial(server.address()).await;
    let (response, mut send) = begin(&client, "SayHello", &[]).await;
    send.send_data(hello("Ada"), true).unwrap();
    server.started().await;
    server.kill();
    assert!(within("the loss", response).await.is_err());
    assert!(TcpStream::connect(server.address()).await.is_err());
    server.restart();
    server.behave(Behaviour::new());
    let (replies, _) = call(&dial(server.address()).await, "SayHello", &["Ada"]).await;
    assert_eq!(replies, ["Hello, Ada!"]);
    assert_eq!(server.events().iter().filter(|event| matches!(event, Event::Connected)).count(), 1);
}

#[tokio::test]
async fn the_server_shuts_down_gracefully() {
    let mut server = Server::start();
    server.behave(Behaviour::new().replies(1).end_stalling());
    let client = dial(server.address()).await;
    let (response, mut send) = begin(&client, "ChatHellos", &[]).await;
    let mut body = within("headers", response).await.unwrap().into_body();
    server.started().await;
    let shutting_down = async { server.shut_down().await };
    let finishing = async {
        send.send_data(hello("Ada"), true).unwrap();
        assert!(within("a reply", body.data()).await.unwrap().is_ok());
        send.send_reset(Reason::CANCEL);
    };
    tokio::join!(shutting_down, finishing);
    assert!(TcpStream::connect(server.address()).await.is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn the_server_listens_on_a_unix_socket() {
    let server = Server::start_unix();
    let path = server.target().strip_prefix("unix:").unwrap().to_owned();
    let client = connect(tokio::net::UnixStream::connect(path).await.unwrap()).await;
    assert_eq!(call(&client, "SayHello", &["Ada"]).await.0, ["Hello, Ada!"]);
}

#[tokio::test]
async fn a_script_plays_and_records() {
    let peer = Peer::script()
        .accept()
        .preface()
        .settings([(setting::MAX_CONCURRENT_STREAMS, 1)])
        .read_headers()
        .read_end_stream()
        .headers([(":status", "200"), ("content-type", "application/grpc")])
        .padded_data(&message(&HelloReply { message: "Hi".into() }.encode_to_vec()), 9)
        .trailers([("grpc-status", "0"), ("x-long", &"l".repeat(300))])
        .read_headers()
        .headers([(":status", "200")])
        .rst(code::ENHANCE_YOUR_CALM)
        .read_headers()
        .headers([(":status", "200")])
        .goaway(5, code::NO_ERROR, "max_age")
        .stall()
        .play();
    let client = dial(peer.address()).await;
    let (replies, trailers) = call(&client, "SayHello", &["Ada"]).await;
    assert_eq!(replies, ["Hi"]);
    assert_eq!(trailers["x-long"].len(), 300);

    let (response, _send) = begin(&client, "ListHellos", &[]).await;
    let mut body = within("headers", response).await.unwrap().into_body();
    let error = within("the reset", body.data()).await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::ENHANCE_YOUR_CALM));

    let (response, mut send) = begin(&client, "ChatHellos", &[]).await;
    within("headers", response).await.unwrap();
    send.send_reset(Reason::CANCEL);
    drop((client, send));
    let record = peer.finish().await;
    let paths: Vec<String> = record.requests().await.into_iter().map(|head| head.path).collect();
    assert_eq!(
        paths,
        ["SayHello", "ListHellos", "ChatHellos"].map(|m| format!("/helloworld.Greeter/{m}"))
    );
    assert_eq!(record.data(1), hello("Ada"));
    assert!(record.ended(1) && !record.ended(3));
    assert_eq!(record.connections, 1);
    assert!(record.of_kind(kind::SETTINGS).count() >= 2);
}

#[tokio::test]
async fn a_script_sees_a_reset() {
    let peer = Peer::script().accept().preface().settings([]).read_headers().read_reset().play();
    let client = dial(peer.address()).await;
    let (_response, mut send) = begin(&client, "SayHello", &[]).await;
    send.send_reset(Reason::CANCEL);
    assert_eq!(peer.finish().await.reset(1), Some(code::CANCEL));
}

#[tokio::test]
#[should_panic(expected = "the client closed")]
async fn a_script_that_the_client_does_not_follow_fails() {
    let peer = Peer::script().accept().preface().settings([]).read_headers().play();
    drop(dial(peer.address()).await);
    peer.finish().await;
}
