//! Deadlines hold wherever a call can hang: before a connection, before headers, in a stream either way.
//!
//! The server learns of them, and of their end. Times are checked with room for a slow machine.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use grpc_runtime::{
    Address, Channel, Code, Delivery, MemoryConnector, Origin, Status, Stream, Streaming,
    grpc_client, outbound,
};
use tests::client::{GreeterClient, all, hello, hellos, plaintext, said};
use tests::helloworld::{HelloReply, HelloRequest};
use tests::peer::{Peer, code, message, setting};
use tests::server::{Behaviour, Server};
use tests::within;

const LIMIT: Duration = Duration::from_millis(200);
const GRPC: [(&str, &str); 2] = [(":status", "200"), ("content-type", "application/grpc")];

/// Runs what has to end with DEADLINE_EXCEEDED after [`LIMIT`], neither early nor late.
async fn on_time<T>(call: impl Future<Output = Result<T, Status>>) -> Status {
    let started = Instant::now();
    let Err(status) = within("the deadline", call).await else { panic!("it cannot succeed") };
    let elapsed = started.elapsed();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    assert!(elapsed >= Duration::from_millis(150), "early: {elapsed:?}");
    assert!(elapsed <= Duration::from_millis(1500), "late: {elapsed:?}");
    status
}

/// What `grpc-timeout` says, in any of its units.
fn parsed(timeout: &str) -> Duration {
    let (digits, unit) = timeout.split_at(timeout.len() - 1);
    let number: u64 = digits.parse().unwrap();
    assert!(digits.len() <= 8, "{timeout}");
    match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => panic!("{timeout}"),
    }
}

#[tokio::test]
async fn before_headers() {
    let mut server = Server::start();
    server.behave(Behaviour::new().never_answer());
    let greeter = plaintext(server.target());
    let status = on_time(greeter.say_hello(hello("Ada")).timeout(LIMIT).into_future()).await;
    assert_eq!(status.peer(), Some(&*server.address().to_string()));
    let sent = parsed(server.started().await.timeout().unwrap());
    assert!(sent <= LIMIT && sent > LIMIT / 2, "{sent:?}");
}

#[tokio::test]
async fn after_headers() {
    let mut server = Server::start();
    server.behave(Behaviour::new().stall_after_headers());
    let greeter = plaintext(server.target());
    let status = on_time(greeter.say_hello(hello("Ada")).timeout(LIMIT).into_future()).await;
    assert_eq!((status.origin(), status.delivery()), (Origin::Local, Delivery::Unknown));
    assert_eq!(server.cancelled().await, "/helloworld.Greeter/SayHello");
}

#[tokio::test]
async fn in_every_kind() {
    let mut server = Server::start();
    server.behave(Behaviour::new().stall_after_headers());
    let greeter = plaintext(server.target());
    on_time(greeter.collect_hellos(hellos(["Ada"])).timeout(LIMIT).into_future()).await;
    server.cancelled().await;
    on_time(async { all(greeter.list_hellos(hello("Ada")).timeout(LIMIT).await?).await }).await;
    server.cancelled().await;
    on_time(async { all(greeter.chat_hellos(stream::pending()).timeout(LIMIT).await?).await })
        .await;
    server.cancelled().await;
}

#[tokio::test]
async fn in_the_middle_of_a_stream() {
    let mut server = Server::start();
    server.behave(Behaviour::new().replies(2).end_stalling());
    let mut replies = within("the call", async {
        plaintext(server.target()).list_hellos(hello("Ada")).timeout(LIMIT).await
    })
    .await
    .unwrap();
    assert!(within("a reply", replies.message()).await.unwrap().is_some());
    assert!(within("a reply", replies.message()).await.unwrap().is_some());
    let status = within("the deadline", replies.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(replies.message().await.unwrap_err(), status, "it stays");
    assert_eq!(server.cancelled().await, "/helloworld.Greeter/ListHellos");
}

#[tokio::test]
async fn the_server_sees_cancel() {
    let peer = Peer::script().accept().preface().settings([]).read_headers().headers(GRPC);
    let peer = peer.read_reset().stall().play();
    let greeter = plaintext(peer.target());
    on_time(greeter.say_hello(hello("Ada")).timeout(LIMIT).into_future()).await;
    let record = peer.finish().await;
    assert_eq!(record.reset(1), Some(code::CANCEL));
    let head = &record.requests().await[0];
    let sent = parsed(head.headers["grpc-timeout"].to_str().unwrap());
    assert!(sent <= LIMIT && sent > LIMIT / 2, "{sent:?}");
}

#[tokio::test]
async fn while_the_server_does_not_read() {
    let peer = Peer::script().accept().preface().settings([(setting::INITIAL_WINDOW_SIZE, 0)]);
    let peer = peer.read_headers().headers(GRPC).read_reset().stall().play();
    let (requests, outgoing) = outbound(1);
    let call = plaintext(peer.target()).chat_hellos(outgoing).timeout(LIMIT);
    let mut replies = within("the call", call.into_future()).await.unwrap();
    // Nobody asks for replies meanwhile: the sender is told all the same.
    let status = on_time(async {
        loop {
            requests.send(hello("Ada")).await?;
        }
        #[expect(unreachable_code, reason = "it says what the block is")]
        Ok::<(), Status>(())
    })
    .await;
    assert!(status.message().contains("deadline"), "{status}");
    assert_eq!(replies.message().await.unwrap_err().code(), Code::DeadlineExceeded);
    let record = peer.finish().await;
    assert_eq!(record.reset(1), Some(code::CANCEL));
    assert!(!record.ended(1), "half a request must not look whole");
}

#[tokio::test]
async fn while_connecting() {
    // A listener that accepts and says nothing.
    let peer = Peer::script().accept().stall().play();
    let greeter = plaintext(peer.target());
    let status = on_time(greeter.say_hello(hello("Ada")).timeout(LIMIT).into_future()).await;
    assert_eq!(status.delivery(), Delivery::NotSent);
    assert!(status.message().contains("waiting for a connection"), "{status}");
    assert!(status.message().contains(&peer.address().to_string()), "{status}");
}

#[tokio::test(start_paused = true)]
async fn while_packets_vanish() {
    let black_hole =
        |_: Address| std::future::pending::<std::io::Result<tokio::io::DuplexStream>>();
    let channel = Channel::builder("10.0.0.1:1").plaintext().connector(black_hole).build();
    let greeter = GreeterClient::new(channel.unwrap());
    let started = tokio::time::Instant::now();
    let status = greeter.say_hello(hello("Ada")).timeout(LIMIT).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.delivery(), Delivery::NotSent);
    assert!(started.elapsed().abs_diff(LIMIT) < Duration::from_millis(5), "by tokio's clock");
    // Without a deadline the attempt itself has a limit, and says what it may be.
    let status = greeter.say_hello(hello("Ada")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.to_string().contains("packets may be dropped"), "{status}");
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn while_waiting_for_a_server_that_is_not_there() {
    let mut server = Server::start();
    server.kill();
    let greeter = plaintext(server.target());
    let call = greeter.say_hello(hello("Ada")).wait_for_ready(true).timeout(LIMIT);
    let status = on_time(call.into_future()).await;
    assert!(status.to_string().contains("refused"), "{status}");
    assert!(status.to_string().contains(&server.address().to_string()), "{status}");
}

#[tokio::test]
async fn while_waiting_for_a_free_stream() {
    let peer = Peer::script().accept().preface().settings([(setting::MAX_CONCURRENT_STREAMS, 1)]);
    let peer = peer.read_headers().headers(GRPC).stall().play();
    let greeter = plaintext(peer.target());
    let mut first = greeter.list_hellos(hello("Ada")).await.unwrap();
    within("headers", first.headers()).await.unwrap();
    let status = on_time(greeter.say_hello(hello("Bob")).timeout(LIMIT).into_future()).await;
    assert_eq!(status.delivery(), Delivery::NotSent);
    assert!(status.message().contains("limit of concurrent calls"), "{status}");
    assert_eq!(peer.finish().await.requests().await.len(), 1);
}

#[tokio::test]
async fn in_the_past_nothing_is_sent() {
    let mut server = Server::start();
    let greeter = plaintext(server.target());
    said(greeter.say_hello(hello("Ada"))).await.unwrap();
    server.started().await;
    let past = Instant::now() - Duration::from_millis(1);
    for call in [
        greeter.say_hello(hello("Ada")).deadline(past),
        greeter.say_hello(hello("Ada")).timeout(Duration::ZERO),
    ] {
        let status = said(call).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert_eq!(status.delivery(), Delivery::NotSent);
    }
    // The next call to arrive is the one after them.
    said(greeter.say_hello(hello("Bob")).metadata("x-last", "1").unwrap()).await.unwrap();
    assert_eq!(server.started().await.header("x-last"), Some("1"));
}

#[tokio::test]
async fn a_cancel_after_the_deadline_is_the_deadline() {
    let peer = Peer::script().accept().preface().settings([]).read_headers();
    let peer = peer.headers(GRPC).trailers([("grpc-status", "1")]).tell();
    let mut peer = peer.read_headers().headers(GRPC).rst(code::CANCEL).tell().stall().play();
    let greeter = plaintext(peer.target());
    for _ in 0..2 {
        let deadline = Instant::now() + LIMIT;
        let mut replies = greeter.list_hellos(hello("Ada")).deadline(deadline).await.unwrap();
        peer.told().await;
        // The answer is there; what is waited for is the deadline itself.
        tokio::time::sleep_until(deadline.into()).await;
        let status = within("the end", replies.message()).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    }
}

#[grpc_client(service = "helloworld.Greeter")]
trait Hurried {
    #[rpc(timeout = "200ms")]
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    #[rpc(timeout = "200ms")]
    async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
}

#[tokio::test]
async fn the_attribute_says_and_the_call_overrides() {
    let mut server = Server::start();
    server.behave(Behaviour::new().stall_after_headers());
    let channel = Channel::builder(server.target()).build().unwrap();
    let greeter = HurriedClient::new(channel);
    on_time(greeter.say_hello(hello("Ada")).into_future()).await;
    assert!(parsed(server.started().await.timeout().unwrap()) <= LIMIT);
    on_time(async { all(Hurried::list_hellos(&greeter, hello("Ada")).await?).await }).await;
    server.started().await;

    server.behave(Behaviour::new());
    let call = greeter.say_hello(hello("Ada")).timeout(Duration::from_secs(3600));
    assert_eq!(said(call).await.unwrap(), "Hello, Ada!");
    let sent = parsed(server.started().await.timeout().unwrap());
    assert!(sent <= Duration::from_secs(3600) && sent > Duration::from_secs(3500), "{sent:?}");
}

/// Never answers, or answers with a stream that never goes on.
struct Silent;

impl Hurried for Silent {
    async fn say_hello(&self, _: HelloRequest) -> Result<HelloReply, Status> {
        std::future::pending().await
    }

    async fn list_hellos(&self, _: HelloRequest) -> Result<Streaming<HelloReply>, Status> {
        let first = HelloReply { message: "Hello".to_owned() };
        let replies: Pin<Box<dyn Stream<Item = _> + Send>> =
            Box::pin(stream::iter([Ok(first)]).chain(stream::pending()));
        Ok(Streaming::from_stream(replies))
    }
}

#[tokio::test(start_paused = true)]
async fn in_process() {
    let greeter = HurriedClient::in_process(Silent);
    let started = tokio::time::Instant::now();
    let status = greeter.say_hello(hello("Ada")).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(started.elapsed().abs_diff(LIMIT) < Duration::from_millis(5), "by tokio's clock");

    let mut replies = greeter.list_hellos(hello("Ada")).timeout(LIMIT * 2).await.unwrap();
    let started = tokio::time::Instant::now();
    assert!(replies.message().await.unwrap().is_some());
    assert_eq!(replies.message().await.unwrap_err().code(), Code::DeadlineExceeded);
    assert!(started.elapsed().abs_diff(LIMIT * 2) < Duration::from_millis(5));
}

#[tokio::test(start_paused = true)]
async fn an_hour_passes_in_no_time_over_a_connection_in_memory() {
    let (connector, mut listener) = MemoryConnector::pair();
    let channel =
        Channel::builder("passthrough:///greeter").plaintext().connector(connector).build();
    let greeter = GreeterClient::new(channel.unwrap());
    let server = tokio::spawn(async move {
        let io = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(io).await.unwrap();
        let (request, mut respond) = connection.accept().await.unwrap().unwrap();
        let response = http::Response::builder().header("content-type", "application/grpc");
        let mut stream = respond.send_response(response.body(()).unwrap(), false).unwrap();
        stream.send_data(message(b"").into(), false).unwrap();
        let timeout = request.headers()["grpc-timeout"].to_str().unwrap().to_owned();
        tokio::spawn(async move { while connection.accept().await.is_some() {} });
        let reset = std::future::poll_fn(|context| stream.poll_reset(context)).await;
        (timeout, reset.unwrap())
    });
    let hour = Duration::from_secs(3600);
    let started = tokio::time::Instant::now();
    let mut replies = greeter.list_hellos(hello("Ada")).timeout(hour).await.unwrap();
    assert!(replies.message().await.unwrap().is_some());
    assert_eq!(replies.message().await.unwrap_err().code(), Code::DeadlineExceeded);
    assert!(started.elapsed().abs_diff(hour) < Duration::from_secs(1));
    let (timeout, reset) = server.await.unwrap();
    assert!(parsed(&timeout).abs_diff(hour) < Duration::from_secs(1), "{timeout}");
    assert_eq!(reset, h2::Reason::CANCEL);
}
