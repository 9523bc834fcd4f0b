//! Calls given up half-way, from either side: the other side is told the truth, in HTTP/2's words.

use std::thread;

use futures_util::{Stream, stream};
use grpc_runtime::{CancelHandle, Code, Delivery, Origin, Status, Streaming, outbound};
use prost::Message as _;
use tests::client::{Greeter, GreeterClient, all, hello, hellos, plaintext, said};
use tests::helloworld::{HelloReply, HelloRequest};
use tests::peer::{Peer, Script, code, kind, message};
use tests::server::{Behaviour, Event, Server};
use tests::within;

const GRPC: [(&str, &str); 2] = [(":status", "200"), ("content-type", "application/grpc")];
const OK: [(&str, &str); 1] = [("grpc-status", "0")];

fn connected() -> Script {
    Peer::script().accept().preface().settings([]).read_headers()
}

fn reply(text: &str) -> Vec<u8> {
    message(&HelloReply { message: text.to_owned() }.encode_to_vec())
}

// ===== the program lets go =====

#[tokio::test]
async fn a_dropped_unary_call() {
    let mut peer = connected().read_end_stream().tell().read_reset().stall().play();
    let greeter = plaintext(peer.target());
    tokio::select! {
        _ = greeter.say_hello(hello("Ada")).into_future() => panic!("nobody answers"),
        () = peer.told() => {}
    }
    // The future is gone here.
    assert_eq!(peer.finish().await.reset(1), Some(code::CANCEL));
}

#[tokio::test]
async fn a_dropped_call_that_was_waiting_for_a_connection() {
    let mut peer = Peer::script().accept().preface().tell().stall().play();
    let greeter = plaintext(peer.target());
    tokio::select! {
        _ = greeter.say_hello(hello("Ada")).into_future() => panic!("nobody answers"),
        () = peer.told() => {}
    }
    assert!(peer.finish().await.of_kind(kind::HEADERS).next().is_none());
}

#[tokio::test]
async fn a_dropped_stream_of_replies() {
    let mut server = Server::start();
    server.behave(Behaviour::new().replies(1).end_stalling());
    let greeter = plaintext(server.target());
    let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    assert!(within("a reply", replies.message()).await.unwrap().is_some());
    drop(replies);
    assert_eq!(server.cancelled().await, "/helloworld.Greeter/ListHellos");

    let peer = connected().headers(GRPC).data(&reply("Hi")).read_reset().stall().play();
    let mut replies = plaintext(peer.target()).list_hellos(hello("Ada")).await.unwrap();
    assert!(within("a reply", replies.message()).await.unwrap().is_some());
    drop(replies);
    assert_eq!(peer.finish().await.reset(1), Some(code::CANCEL));
}

#[tokio::test]
async fn a_stream_read_to_its_end_is_not_cancelled() {
    let mut server = Server::start();
    let replies = plaintext(server.target()).list_hellos(hello("Ada")).await.unwrap();
    all(replies).await.unwrap();
    loop {
        match server.event().await {
            Event::Finished(_) => break,
            Event::Cancelled(path) => panic!("{path} was cancelled"),
            Event::Connected | Event::Started(_) => {}
        }
    }
}

#[tokio::test]
async fn a_dropped_upload() {
    let mut peer = connected().read(kind::DATA).tell().read_reset().stall().play();
    let greeter = plaintext(peer.target());
    let (requests, outgoing) = outbound(1);
    requests.send(hello("Ada")).await.unwrap();
    tokio::select! {
        _ = greeter.collect_hellos(outgoing).into_future() => panic!("nobody answers"),
        () = peer.told() => {}
    }
    within("the sender to know", requests.closed()).await;
    assert_eq!(requests.send(hello("Bob")).await.unwrap_err().code(), Code::Cancelled);
    let record = peer.finish().await;
    assert_eq!(record.reset(1), Some(code::CANCEL));
    assert!(!record.ended(1), "half a request must not look whole");
}

// ===== a handle, from another thread =====

/// Cancels on a thread of its own, and comes back when that is done.
fn cancel_elsewhere(handle: &CancelHandle) {
    let handle = handle.clone();
    thread::spawn(move || handle.cancel())
        .join()
        .expect("nothing of these calls panics when it is dropped");
}

#[tokio::test]
async fn a_cancelled_unary_call() {
    // The answer comes after all, and is too late.
    let answer = connected().read_end_stream().tell().read_reset();
    let answer = answer.headers(GRPC).data(&reply("Hi")).trailers(OK);
    let mut peer = answer.stall().play();
    let handle = CancelHandle::new();
    let greeter = plaintext(peer.target());
    let call = tokio::spawn(said(greeter.say_hello(hello("Ada")).cancel_on(&handle)));
    peer.told().await;
    cancel_elsewhere(&handle);
    let status = call.await.unwrap().unwrap_err();
    assert_eq!((status.code(), status.origin()), (Code::Cancelled, Origin::Local));
    assert_eq!(peer.finish().await.reset(1), Some(code::CANCEL));
}

#[tokio::test]
async fn a_cancelled_call_that_was_waiting_for_a_connection() {
    let mut peer = Peer::script().accept().preface().tell().stall().play();
    let handle = CancelHandle::new();
    let greeter = plaintext(peer.target());
    let call = greeter.say_hello(hello("Ada")).wait_for_ready(true).cancel_on(&handle);
    let call = tokio::spawn(said(call));
    peer.told().await;
    cancel_elsewhere(&handle);
    assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Cancelled);
    assert!(peer.finish().await.of_kind(kind::HEADERS).next().is_none());
}

#[tokio::test]
async fn a_cancelled_stream_of_replies_that_nobody_reads() {
    let peer = connected().headers(GRPC).data(&reply("Hi")).read_reset().stall().play();
    let handle = CancelHandle::new();
    let call = plaintext(peer.target()).list_hellos(hello("Ada")).cancel_on(&handle);
    let mut replies = within("the start", call.into_future()).await.unwrap();
    within("headers", replies.headers()).await.unwrap();
    cancel_elsewhere(&handle);
    // The reset does not wait for somebody to ask.
    assert_eq!(peer.finish().await.reset(1), Some(code::CANCEL));
    // Nor is the message given out that came before.
    for _ in 0..2 {
        let status = within("the end", replies.message()).await.unwrap_err();
        assert_eq!((status.code(), status.origin()), (Code::Cancelled, Origin::Local));
    }
}

#[tokio::test]
async fn both_sides_of_a_cancelled_stream() {
    // The window is never opened, so that the sender gets stuck.
    let peer = connected().headers(GRPC).data(&reply("Hi")).read_reset().stall().play();
    let handle = CancelHandle::new();
    let (requests, outgoing) = outbound(1);
    let call = plaintext(peer.target()).chat_hellos(outgoing).cancel_on(&handle);
    let mut replies = within("the start", call.into_future()).await.unwrap();
    assert!(within("a reply", replies.message()).await.unwrap().is_some());
    let sender = tokio::spawn(async move {
        loop {
            if let Err(status) = requests.send(hello(&"x".repeat(1 << 14))).await {
                return status;
            }
        }
    });
    let (next, ()) = tokio::join!(within("the end", replies.message()), async {
        cancel_elsewhere(&handle);
    });
    assert_eq!(next.unwrap_err().code(), Code::Cancelled);
    assert_eq!(within("the sender", sender).await.unwrap().code(), Code::Cancelled);
    let record = peer.finish().await;
    assert_eq!(record.reset(1), Some(code::CANCEL));
    assert!(!record.ended(1));
}

#[tokio::test]
async fn one_handle_for_many_calls_and_none_for_others() {
    let mut server = Server::start();
    server.behave(Behaviour::new().replies(1).end_stalling());
    let greeter = plaintext(server.target());
    let (handle, other) = (CancelHandle::new(), CancelHandle::new());
    let mut cancelled = Vec::new();
    for _ in 0..8 {
        let call = greeter.list_hellos(hello("Ada")).cancel_on(&handle);
        cancelled.push(within("the start", call.into_future()).await.unwrap());
    }
    let spared = greeter.list_hellos(hello("Bob")).cancel_on(&other);
    let mut spared = within("the start", spared.into_future()).await.unwrap();
    cancel_elsewhere(&handle);
    for replies in &mut cancelled {
        let status = within("the end", replies.message()).await.unwrap_err();
        assert_eq!(status.code(), Code::Cancelled);
    }
    for _ in &cancelled {
        server.cancelled().await;
    }
    assert!(within("a reply", spared.message()).await.unwrap().is_some());
    // A call that comes late is not made at all.
    let late = said(greeter.say_hello(hello("Ada")).cancel_on(&handle)).await.unwrap_err();
    assert_eq!((late.code(), late.delivery()), (Code::Cancelled, Delivery::NotSent));
}

#[tokio::test]
async fn an_in_process_call_is_cancelled_too() {
    struct Silent;
    impl Greeter for Silent {
        async fn say_hello(&self, _: HelloRequest) -> Result<HelloReply, Status> {
            std::future::pending().await
        }
        async fn list_hellos(&self, _: HelloRequest) -> Result<Streaming<HelloReply>, Status> {
            Ok(Streaming::from_stream(stream::pending()))
        }
        async fn collect_hellos(
            &self,
            _: impl Stream<Item = HelloRequest> + Send + 'static,
        ) -> Result<HelloReply, Status> {
            std::future::pending().await
        }
        async fn chat_hellos(
            &self,
            _: impl Stream<Item = HelloRequest> + Send + 'static,
        ) -> Result<Streaming<HelloReply>, Status> {
            Ok(Streaming::from_stream(stream::pending()))
        }
    }
    let greeter = GreeterClient::in_process(Silent);
    let handle = CancelHandle::new();
    let call = tokio::spawn(said(greeter.say_hello(hello("Ada")).cancel_on(&handle)));
    let mut replies = greeter.list_hellos(hello("Ada")).cancel_on(&handle).await.unwrap();
    let stream = tokio::spawn(async move { replies.message().await });
    tokio::task::yield_now().await;
    cancel_elsewhere(&handle);
    assert_eq!(within("the end", call).await.unwrap().unwrap_err().code(), Code::Cancelled);
    assert_eq!(within("the end", stream).await.unwrap().unwrap_err().code(), Code::Cancelled);
}

// ===== the sender =====

#[tokio::test]
async fn a_sender_that_finishes() {
    let server = Server::start();
    let (requests, outgoing) = outbound(4);
    for name in ["Ada", "Bob"] {
        requests.send(hello(name)).await.unwrap();
    }
    requests.finish();
    let reply = said(plaintext(server.target()).collect_hellos(outgoing)).await;
    assert_eq!(reply.unwrap(), "Hello, Ada, Bob!");
}

#[tokio::test]
async fn a_sender_that_is_dropped() {
    let peer = connected().read_reset().stall().play();
    let (requests, outgoing) = outbound(4);
    requests.send(hello("Ada")).await.unwrap();
    drop(requests);
    let status = said(plaintext(peer.target()).collect_hellos(outgoing)).await.unwrap_err();
    assert_eq!((status.code(), status.origin()), (Code::Cancelled, Origin::Local));
    assert!(status.message().contains("finish"), "{status}");
    let record = peer.finish().await;
    assert_eq!(record.reset(1), Some(code::CANCEL));
    assert!(!record.ended(1));
}

#[tokio::test]
async fn a_sender_that_aborts() {
    let peer = connected().headers(GRPC).read_reset().stall().play();
    let (requests, outgoing) = outbound(4);
    let mut replies = plaintext(peer.target()).chat_hellos(outgoing).await.unwrap();
    within("headers", replies.headers()).await.unwrap();
    requests.abort(Status::data_loss("the disk broke"));
    let status = within("the end", replies.message()).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::DataLoss, "the disk broke"));
    assert_eq!(replies.message().await.unwrap_err(), status);
    let record = peer.finish().await;
    assert_eq!(record.reset(1), Some(code::CANCEL));
    assert!(!record.ended(1));
}

#[tokio::test]
async fn a_message_over_the_limit_gives_the_call_up() {
    let peer = connected().headers(GRPC).read_reset().stall().play();
    let (requests, outgoing) = outbound(1);
    let call = plaintext(peer.target()).chat_hellos(outgoing).max_request_bytes(4);
    let mut replies = within("the call", call.into_future()).await.unwrap();
    requests.send(hello("Ada")).await.unwrap();
    within("the sender to know", requests.closed()).await;
    let refused = requests.send(hello("")).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    let status = within("the end", replies.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(peer.finish().await.reset(1), Some(code::CANCEL));
}

#[tokio::test]
async fn a_request_stream_that_panics() {
    let peer = connected().headers(GRPC).read_reset().stall().play();
    let requests = stream::once(async { panic!("this test's own panic") });
    let mut replies = plaintext(peer.target()).chat_hellos(requests).await.unwrap();
    let status = within("the end", replies.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    let record = peer.finish().await;
    assert_eq!(record.reset(1), Some(code::CANCEL));
    assert!(!record.ended(1));
}

// ===== the server ends first =====

#[tokio::test]
async fn sending_after_the_end_tells_the_status() {
    let server = Server::start();
    server.behave(Behaviour::new().fail(tonic::Status::permission_denied("not you")));
    let (requests, outgoing) = outbound(1);
    let mut replies = plaintext(server.target()).chat_hellos(outgoing).await.unwrap();
    let status = within("the end", replies.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    within("the sender to know", requests.closed()).await;
    assert_eq!(requests.send(hello("Ada")).await.unwrap_err(), status);
}

#[tokio::test]
async fn an_early_answer_takes_the_upload_back_without_an_error() {
    for end in [OK, [("grpc-status", "8")]] {
        let answer = connected().headers(GRPC).data(&reply("enough")).trailers(end);
        let peer = answer.read_reset().stall().play();
        let (requests, outgoing) = outbound(1);
        let answered = said(plaintext(peer.target()).collect_hellos(outgoing)).await;
        within("the sender to know", requests.closed()).await;
        let late = requests.send(hello("Ada")).await.unwrap_err();
        match answered {
            Ok(text) => {
                assert_eq!((&*text, late.code()), ("enough", Code::Cancelled));
                assert!(late.message().contains("OK"), "{late}");
            }
            Err(status) => assert_eq!((status.code(), late), (Code::ResourceExhausted, status)),
        }
        let record = peer.finish().await;
        assert_eq!(record.reset(1), Some(code::NO_ERROR));
        assert!(!record.ended(1));
    }
}

#[tokio::test]
async fn an_early_answer_to_a_large_message() {
    // It does not fit the window, so most of it is still here when the answer comes.
    let answer = connected().headers(GRPC).data(&reply("enough")).trailers(OK);
    let peer = answer.read_reset().stall().play();
    let large = hello(&"x".repeat(1 << 20));
    assert_eq!(said(plaintext(peer.target()).say_hello(large)).await.unwrap(), "enough");
    let record = peer.finish().await;
    assert_eq!(record.reset(1), Some(code::NO_ERROR));
    assert!(record.data(1).len() < 1 << 17);
}

// ===== both sides wait =====

#[tokio::test]
async fn a_server_that_speaks_second() {
    // Not even headers before the first message: the call starts all the same.
    let peer = connected().read(kind::DATA).headers(GRPC).data(&reply("Hi")).read_end_stream();
    let peer = peer.trailers(OK).stall().play();
    let (requests, outgoing) = outbound(1);
    let call = plaintext(peer.target()).chat_hellos(outgoing);
    let mut replies = within("a start without headers", call.into_future()).await.unwrap();
    requests.send(hello("Ada")).await.unwrap();
    assert_eq!(within("a reply", replies.message()).await.unwrap().unwrap().message, "Hi");
    requests.finish();
    assert!(within("the end", replies.message()).await.unwrap().is_none());
    peer.finish().await;
}

#[tokio::test]
async fn headers_are_waited_for_only_when_asked_for() {
    let mut peer = connected().tell().read(kind::DATA).headers(GRPC).trailers(OK).stall().play();
    let (requests, outgoing) = outbound(1);
    let mut replies = plaintext(peer.target()).chat_hellos(outgoing).await.unwrap();
    peer.told().await;
    // Cancel safe: asked, dropped, asked again.
    tokio::select! {
        biased;
        _ = replies.headers() => panic!("they cannot be there"),
        () = std::future::ready(()) => {}
    }
    requests.send(hello("Ada")).await.unwrap();
    within("headers", replies.headers()).await.unwrap();
    assert!(within("the end", replies.message()).await.unwrap().is_none());
}

#[tokio::test]
async fn replies_outlive_their_client() {
    let server = Server::start();
    let replies = {
        let greeter = plaintext(server.target());
        greeter.chat_hellos(hellos(["Ada", "Bob"])).await.unwrap()
    };
    assert_eq!(all(replies).await.unwrap(), ["Hello, Ada!", "Hello, Bob!"]);
}
