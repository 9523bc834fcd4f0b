//! Too much of a good thing: headers, frames, and windows that never open.

use std::time::Duration;

use futures_util::stream;
use grpc_runtime::Code;
use tests::client::{all, hello, plaintext, said};
use tests::peer::{Frame, Peer, Script, code, flag, header_block, kind, message, setting};
use tests::within;

use crate::Connection::Stays;
use crate::{GRPC, OK, connected, meets, polite, reply, request, says, works};

/// A header block over several frames, as it has to be where it is larger than one.
fn large_block(headers: &[(&str, &str)], ends_stream: bool) -> Script {
    let block = header_block(headers.iter().copied());
    let mut script = Script::default();
    let last = block.len().div_ceil(16_000) - 1;
    for (index, piece) in block.chunks(16_000).enumerate() {
        let kind = if index == 0 { kind::HEADERS } else { kind::CONTINUATION };
        let mut flags = if index == last { flag::END_HEADERS } else { 0 };
        if index == 0 && ends_stream {
            flags |= flag::END_STREAM;
        }
        script = script.frame(Frame::new(kind, flags, 1, piece));
    }
    script
}

#[tokio::test]
async fn headers_over_the_limit() {
    let text = "x".repeat(100 << 10);
    let [status, content_type] = GRPC;
    for size in [9 << 10, 100 << 10] {
        let headers = [status, content_type, ("x-large", &text[..size])];
        let status = meets(large_block(&headers, false), Stays).await;
        says(&status, Code::ResourceExhausted, &["8192", "max_header_list_bytes"]);
    }
}

#[tokio::test]
async fn trailers_over_the_limit() {
    let text = "x".repeat(100 << 10);
    for size in [9 << 10, 100 << 10] {
        let large = large_block(&[("grpc-status", "5"), ("grpc-message", &text[..size])], true);
        let status = meets(Script::default().headers(GRPC).then(large), Stays).await;
        let pieces = ["8192", "max_header_list_bytes", "grpc-status was 5"];
        says(&status, Code::ResourceExhausted, &pieces);
    }
}

#[tokio::test]
async fn tiny_frames_and_a_slow_reader() {
    const COUNT: usize = 20_000;
    let mut part = Script::default().headers(GRPC);
    for _ in 0..COUNT {
        part = part.data(&message(b""));
    }
    let script = connected().then(request()).then(part).tell().then(polite()).on(1).trailers(OK);
    let mut peer = script.stall().play();
    let greeter = plaintext(peer.target());
    let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    within("headers", replies.headers()).await.unwrap();
    peer.told().await;
    // All of it waits to be read while the connection carries another call.
    works(&greeter).await;
    assert_eq!(all(replies).await.unwrap().len(), COUNT);
    assert_eq!(peer.finish().await.connections, 1);
}

#[tokio::test]
async fn one_byte_a_frame() {
    let mut part = Script::default().headers(GRPC);
    for byte in reply(&"y".repeat(5000)) {
        part = part.data(&[byte]);
    }
    let peer = connected().then(request()).then(part).trailers(OK).then(polite()).stall().play();
    let greeter = plaintext(peer.target());
    assert_eq!(said(greeter.say_hello(hello("Ada"))).await.unwrap().len(), 5000);
    works(&greeter).await;
    assert_eq!(peer.finish().await.connections, 1);
}

#[tokio::test]
async fn a_window_that_never_opens() {
    let peer = Peer::script().accept().preface().settings([(setting::INITIAL_WINDOW_SIZE, 0)]);
    let peer = peer.read_headers().read_reset().stall().play();
    let greeter = plaintext(peer.target());
    let taken = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&taken);
    // Without end: what is not sent must not be taken from the program.
    let requests = stream::repeat_with(move || {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        hello(&"x".repeat(1 << 16))
    });
    let status = said(greeter.collect_hellos(requests).timeout(SOON)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(taken.load(std::sync::atomic::Ordering::Relaxed) <= 2);
    let record = peer.finish().await;
    assert_eq!(record.reset(1), Some(code::CANCEL));
    assert!(record.data(1).is_empty());
}

const SOON: Duration = Duration::from_millis(200);
