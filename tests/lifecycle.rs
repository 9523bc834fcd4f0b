//! The life of a channel: built without I/O, connected by its first call, again after every loss, and gone with
//! its last handle.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use grpc_runtime::{
    Channel, Code, ConnectivityState, Delivery, MemoryConnector, MemoryListener, Origin, outbound,
};
use tests::client::{GreeterClient, all, hello, plaintext, said};
use tests::peer::{Peer, code, kind, message};
use tests::server::{Behaviour, Event, Server};
use tests::within;

const GRPC: [(&str, &str); 2] = [(":status", "200"), ("content-type", "application/grpc")];
const OK: [(&str, &str); 1] = [("grpc-status", "0")];

fn connections(server: &mut Server) -> usize {
    server.events().iter().filter(|event| matches!(event, Event::Connected)).count()
}

// ===== connecting =====

#[test]
fn building_needs_neither_a_runtime_nor_a_server() {
    let channel = Channel::builder("http://127.0.0.1:1").build().unwrap();
    assert_eq!(channel.state(), ConnectivityState::Idle);
    let greeter = GreeterClient::new(channel.clone());
    // Nor does a call that is not made.
    drop(greeter.say_hello(hello("Ada")).timeout(Duration::from_secs(1)));
    assert_eq!(channel.state(), ConnectivityState::Idle);
}

#[tokio::test]
async fn the_first_call_connects() {
    let mut server = Server::start();
    let channel = Channel::builder(server.target()).build().unwrap();
    let greeter = GreeterClient::new(channel.clone());
    assert_eq!(connections(&mut server), 0);
    let calls = (0..20).map(|_| said(greeter.say_hello(hello("Ada"))));
    try_join_all(calls).await.unwrap();
    assert_eq!(channel.state(), ConnectivityState::Ready);
    assert_eq!(connections(&mut server), 1);
}

#[tokio::test]
async fn nobody_listens() {
    let mut server = Server::start();
    server.kill();
    let channel = Channel::builder(server.target()).build().unwrap();
    let greeter = GreeterClient::new(channel.clone());
    let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!((status.origin(), status.delivery()), (Origin::Transport, Delivery::NotSent));
    let text = status.to_string();
    assert!(text.contains(&server.address().to_string()), "{text}");
    assert!(text.to_lowercase().contains("refused"), "{text}");
    assert_eq!(channel.state(), ConnectivityState::TransientFailure);
    // While the backoff lasts, calls fail at once rather than knock again.
    let again = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!(again.message(), status.message());
}

#[tokio::test]
async fn a_call_that_waits_for_the_server() {
    let mut server = Server::start();
    server.kill();
    let channel = Channel::builder(server.target()).build().unwrap();
    let greeter = GreeterClient::new(channel);
    // The first attempt has failed when this call has.
    said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    let waiting = said(greeter.say_hello(hello("Bob")).wait_for_ready(true));
    let starting = async { server.restart() };
    let (reply, ()) = tokio::join!(biased; waiting, starting);
    assert_eq!(reply.unwrap(), "Hello, Bob!");
}

// ===== losing the server =====

#[tokio::test]
async fn a_server_that_dies_and_comes_back() {
    let mut server = Server::start();
    let channel = Channel::builder(server.target()).build().unwrap();
    let greeter = GreeterClient::new(channel.clone());
    for _ in 0..3 {
        server.behave(Behaviour::new().replies(1).end_stalling());
        let call = greeter.list_hellos(hello("Ada")).wait_for_ready(true);
        let mut replies = within("the call", call.into_future()).await.unwrap();
        assert!(within("a reply", replies.message()).await.unwrap().is_some());
        server.kill();
        let status = within("the loss", replies.message()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.delivery(), Delivery::Unknown);
        assert!(status.message().contains("connection was lost"), "{status}");
        assert_eq!(channel.state(), ConnectivityState::Idle, "the next call connects");
        server.restart();
        server.behave(Behaviour::new());
        // Nobody has failed to connect meanwhile, so the very next call gets through.
        assert_eq!(said(greeter.say_hello(hello("Ada"))).await.unwrap(), "Hello, Ada!");
    }
}

#[tokio::test]
async fn a_graceful_end_lets_calls_finish() {
    let mut server = Server::start();
    let greeter = plaintext(server.target());
    let (requests, outgoing) = outbound(1);
    let mut replies = greeter.chat_hellos(outgoing).await.unwrap();
    requests.send(hello("Ada")).await.unwrap();
    assert!(within("a reply", replies.message()).await.unwrap().is_some());
    let ending = server.shut_down();
    let going_on = async {
        for name in ["Bob", "Eve"] {
            requests.send(hello(name)).await.unwrap();
            let reply = within("a reply", replies.message()).await.unwrap().unwrap();
            assert_eq!(reply.message, format!("Hello, {name}!"));
        }
        requests.finish();
        assert!(within("the end", replies.message()).await.unwrap().is_none());
    };
    tokio::join!(ending, going_on);
    server.restart();
    assert_eq!(said(greeter.say_hello(hello("Ada"))).await.unwrap(), "Hello, Ada!");
}

#[tokio::test]
async fn a_farewell_moves_new_calls_to_a_new_connection() {
    let first = Peer::script().accept().preface().settings([]).read_headers().headers(GRPC);
    // Twice, as polite servers do: at first with the highest id there is.
    let first =
        first.goaway(0x7fff_ffff, code::NO_ERROR, "max_age").ping(*b"farewell").read(kind::PING);
    let mut peer = first
        .goaway(1, code::NO_ERROR, "max_age")
        .tell()
        .data(&message(b""))
        .trailers(OK)
        .read(kind::GOAWAY)
        .accept()
        .preface()
        .settings([])
        .read_headers()
        .headers(GRPC)
        .data(&message(b""))
        .trailers(OK)
        .stall()
        .play();
    let channel = Channel::builder(peer.target()).build().unwrap();
    let greeter = GreeterClient::new(channel.clone());
    let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    within("headers", replies.headers()).await.unwrap();
    peer.told().await;
    let (old, new) = tokio::join!(all(replies), said(greeter.say_hello(hello("Bob"))));
    assert_eq!(old.unwrap().len(), 1);
    new.unwrap();
    assert_eq!(peer.finish().await.connections, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_calls_and_a_rolling_restart() {
    const CALLERS: usize = 20;
    const CALLS: usize = 50;
    let mut server = Server::start();
    let greeter = plaintext(server.target());
    let done = Arc::new(AtomicUsize::new(0));
    let callers = (0..CALLERS).map(|_| {
        let (greeter, done) = (greeter.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            for _ in 0..CALLS {
                said(greeter.say_hello(hello("Ada")).wait_for_ready(true)).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<(), grpc_runtime::Status>(())
        })
    });
    let callers = join_all(callers.collect::<Vec<_>>());
    let restarts = async {
        for quarter in 1..4 {
            // Between restarts, let a quarter of the calls through.
            while done.load(Ordering::Relaxed) < quarter * CALLERS * CALLS / 4 {
                server.started().await;
            }
            server.shut_down().await;
            server.restart();
        }
        server
    };
    let (ended, _server) = within("1000 calls", async { tokio::join!(callers, restarts) }).await;
    for caller in ended {
        caller.unwrap().unwrap();
    }
    assert_eq!(done.load(Ordering::Relaxed), CALLERS * CALLS);
}

// ===== the last handle =====

#[tokio::test]
async fn the_connection_goes_with_the_last_handle() {
    let peer = Peer::script().accept().preface().settings([]).read_headers();
    let mut peer = peer
        .headers(GRPC)
        .data(&message(b""))
        .tell()
        .data(&message(b""))
        .trailers(OK)
        .read(kind::GOAWAY)
        .stall()
        .play();
    let greeter = plaintext(peer.target());
    let replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    peer.told().await;
    // A running call is a handle too.
    drop(greeter);
    assert_eq!(all(replies).await.unwrap().len(), 2);
    let record = peer.finish().await;
    let farewell = record.of_kind(kind::GOAWAY).next().unwrap();
    assert_eq!(farewell.error_code(), Some(code::NO_ERROR));
}

#[tokio::test]
async fn a_channel_dropped_while_it_connects_lets_go() {
    let mut peer = Peer::script().accept().preface().tell().stall().play();
    let greeter = plaintext(peer.target());
    {
        let call = greeter.say_hello(hello("Ada")).into_future();
        tokio::select! {
            _ = call => panic!("nobody answers"),
            () = peer.told() => {}
        }
    }
    drop(greeter);
    // Without a channel nobody connects, so the peer sees the end before it is released.
    let record = peer.finish().await;
    assert!(record.of_kind(kind::HEADERS).next().is_none());
}

// ===== runtimes =====

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_channel_outlives_its_runtime() {
    let mut server = Server::start();
    let channel = Channel::builder(server.target()).build().unwrap();
    let greeter = GreeterClient::new(channel.clone());
    for _ in 0..3 {
        let reply = runtime().block_on(said(greeter.say_hello(hello("Ada"))));
        assert_eq!(reply.unwrap(), "Hello, Ada!");
        assert_eq!(channel.state(), ConnectivityState::Idle, "its task went with the runtime");
    }
    assert_eq!(connections(&mut server), 3);
}

#[test]
fn a_runtime_that_ends_before_its_tasks_begin() {
    let server = Server::start();
    let greeter = plaintext(server.target());
    // The call starts to connect, and the task for that never runs.
    runtime().block_on(async {
        let call = greeter.say_hello(hello("Ada")).into_future();
        tokio::select! {
            biased;
            _ = call => panic!("nothing was done yet"),
            () = std::future::ready(()) => {}
        }
    });
    let reply = runtime().block_on(said(greeter.say_hello(hello("Ada"))));
    assert_eq!(reply.unwrap(), "Hello, Ada!");
}

#[test]
fn a_call_outside_of_any_runtime_says_so() {
    let greeter = plaintext("http://127.0.0.1:1");
    let mut call = Box::pin(greeter.say_hello(hello("Ada")).into_future());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(status)) = call.as_mut().poll(&mut context) else {
        panic!("it cannot wait for anything");
    };
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("tokio runtime"), "{status}");
}

// ===== the server's limit =====

/// Takes ten calls at once and refuses more; those of `ListHellos` are never answered.
async fn limited(mut listener: MemoryListener) {
    let io = listener.accept().await.unwrap();
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(10);
    let mut connection = builder.handshake::<_, bytes::Bytes>(io).await.unwrap();
    while let Some(accepted) = connection.accept().await {
        // A caller that went away at once is no concern of this test.
        let Ok((request, mut respond)) = accepted else { continue };
        tokio::spawn(async move {
            if request.uri().path().ends_with("ListHellos") {
                let _ = std::future::poll_fn(|context| respond.poll_reset(context)).await;
            } else {
                tokio::task::yield_now().await;
                let response = http::Response::builder().header("content-type", "application/grpc");
                if let Ok(mut stream) = respond.send_response(response.body(()).unwrap(), false) {
                    let mut trailers = http::HeaderMap::new();
                    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
                    let _ = stream.send_data(message(b"").into(), false);
                    let _ = stream.send_trailers(trailers);
                }
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_calls_ten_at_a_time() {
    let (connector, listener) = MemoryConnector::pair();
    tokio::spawn(limited(listener));
    let channel =
        Channel::builder("passthrough:///greeter").plaintext().connector(connector).build();
    let greeter = GreeterClient::new(channel.unwrap());
    let calls = (0..500).map(|number: u64| {
        let greeter = greeter.clone();
        tokio::spawn(async move {
            match number % 5 {
                // Given up while running, or while queueing for a place.
                0 => {
                    let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
                    let waiting = Duration::from_millis(number % 7);
                    assert!(tokio::time::timeout(waiting, replies.message()).await.is_err());
                }
                1 => {
                    let call = greeter.say_hello(hello("Ada")).into_future();
                    let _ = tokio::time::timeout(Duration::from_micros(number * 10), call).await;
                }
                _ => {
                    said(greeter.say_hello(hello("Ada"))).await.unwrap();
                }
            }
        })
    });
    within("500 calls", try_join_all(calls)).await.unwrap();
    // No place was lost on the way.
    let calls = (0..10).map(|_| said(greeter.say_hello(hello("Ada"))));
    try_join_all(calls).await.unwrap();
}
