//! Peers that break the rules: each ends one call with the status that says what happened, and the channel
//! lives on, on the same connection or on a new one.
//!
//! Codes are those of gRPC over HTTP/2 and of the tables beside it (HTTP status, RST_STREAM).

use std::time::Duration;

use futures_util::stream;
use grpc_runtime::{Code, Delivery, Origin, Status};
use prost::Message as _;
use tests::client::{GreeterClient, all, hello, plaintext, said};
use tests::helloworld::HelloReply;
use tests::peer::{Frame, Peer, Script, code, flag, header_block, kind, message, setting};
use tests::within;

const GRPC: [(&str, &str); 2] = [(":status", "200"), ("content-type", "application/grpc")];
const OK: [(&str, &str); 1] = [("grpc-status", "0")];

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    Stays,
    Goes,
}
use Connection::{Goes, Stays};

fn reply(text: &str) -> Vec<u8> {
    message(&HelloReply { message: text.to_owned() }.encode_to_vec())
}

fn connected() -> Script {
    Peer::script().accept().preface().settings([])
}

fn request() -> Script {
    Peer::script().read_headers().read_end_stream()
}

fn polite() -> Script {
    request().headers(GRPC).data(&reply("Hi")).trailers(OK)
}

/// A unary call that meets `part` after its request, and another that is answered politely.
async fn meets(part: Script, connection: Connection) -> Status {
    let script = connected().then(request()).then(part);
    let script = match connection {
        Stays => script,
        Goes => script.then(connected()),
    };
    let peer = script.then(polite()).stall().play();
    let greeter = plaintext(peer.target());
    let first = said(greeter.say_hello(hello("Ada"))).await;
    works(&greeter).await;
    let record = peer.finish().await;
    assert_eq!(record.connections, if connection == Stays { 1 } else { 2 });
    first.expect_err("no honest server answers like this")
}

async fn works(greeter: &GreeterClient) {
    let reply = said(greeter.say_hello(hello("Ada"))).await;
    assert_eq!(reply.expect("the channel lives on"), "Hi");
}

#[track_caller]
fn says(status: &Status, code: Code, pieces: &[&str]) {
    assert_eq!(status.code(), code, "{status}");
    let text = status.to_string();
    for piece in pieces {
        assert!(text.contains(piece), "{piece:?} is not in: {text}");
    }
    assert!(status.peer().is_some(), "{status:?}");
}

// ===== message frames =====

#[tokio::test]
async fn an_unknown_flag_byte() {
    let part = Script::default().headers(GRPC).data(&[7, 0, 0, 0, 0]);
    let status = meets(part, Stays).await;
    says(&status, Code::Internal, &["flag byte 7"]);
    assert_eq!(status.origin(), Origin::Transport);
}

#[tokio::test]
async fn a_length_of_four_gigabytes() {
    let part = Script::default().headers(GRPC).data(&[0, 255, 255, 255, 255, 1, 2, 3]);
    let status = meets(part, Stays).await;
    says(&status, Code::ResourceExhausted, &["4294967295", "max_response_bytes"]);
}

#[tokio::test]
async fn a_message_cut_off_by_trailers() {
    let cut = &reply("Hello")[..6];
    let part = Script::default().headers(GRPC).data(cut).trailers(OK);
    says(&meets(part, Stays).await, Code::Internal, &["ended after"]);
    let part = Script::default().headers(GRPC).data(&cut[..3]).trailers(OK);
    says(&meets(part, Stays).await, Code::Internal, &["3 of the 5 bytes"]);
    // A server that fails half-way may say so.
    let part = Script::default().headers(GRPC).data(cut).trailers([("grpc-status", "8")]);
    let status = meets(part, Stays).await;
    says(&status, Code::ResourceExhausted, &[]);
    assert_eq!(status.origin(), Origin::Server);
}

#[tokio::test]
async fn a_message_cut_off_by_the_end_of_the_connection() {
    let part = Script::default().headers(GRPC).data(&reply("Hello")[..6]).close();
    let status = meets(part, Goes).await;
    says(&status, Code::Unavailable, &["connection was lost"]);
    assert_eq!(status.delivery(), Delivery::Unknown);
}

#[tokio::test]
async fn a_compressed_message_without_an_encoding() {
    let mut compressed = reply("Hello");
    compressed[0] = 1;
    let part = Script::default().headers(GRPC).data(&compressed).trailers(OK);
    says(&meets(part, Stays).await, Code::Internal, &["compressed", "grpc-encoding"]);
    let [status, content_type] = GRPC;
    let headers = [status, content_type, ("grpc-encoding", "identity")];
    let part = Script::default().headers(headers).data(&compressed).trailers(OK);
    says(&meets(part, Stays).await, Code::Internal, &["compressed"]);
    let headers = [status, content_type, ("grpc-encoding", "brotli")];
    let part = Script::default().headers(headers).data(&compressed).trailers(OK);
    says(&meets(part, Stays).await, Code::Internal, &["brotli"]);
}

#[tokio::test]
async fn a_wrong_number_of_messages() {
    let part = Script::default().headers(GRPC).data(&reply("a")).data(&reply("b")).trailers(OK);
    says(&meets(part, Stays).await, Code::Internal, &["several", "exactly one"]);
    let part = Script::default().headers(GRPC).trailers(OK);
    says(&meets(part, Stays).await, Code::Internal, &["none", "exactly one"]);
    let [status, content_type] = GRPC;
    let part = Script::default().trailers([status, content_type, ("grpc-status", "0")]);
    says(&meets(part, Stays).await, Code::Internal, &["none", "exactly one"]);
}

#[tokio::test]
async fn a_message_that_is_not_one() {
    let part = Script::default().headers(GRPC).data(&message(&[0xff; 9])).trailers(OK);
    let script = connected().then(request()).then(part).then(polite()).stall();
    let peer = script.play();
    let greeter = plaintext(peer.target());
    let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.to_string().contains("could not be decoded"), "{status}");
    works(&greeter).await;
}

// ===== the end of a call =====

#[tokio::test]
async fn no_trailers() {
    let part = Script::default().headers(GRPC).end_data(&reply("Hello"));
    let status = meets(part, Stays).await;
    says(&status, Code::Internal, &["without sending trailers"]);
}

#[tokio::test]
async fn garbage_where_the_status_is_expected() {
    for garbage in ["abc", "00", "-1", "99", "", " 5", "5 5", "99999999999999999999"] {
        let part = Script::default()
            .headers(GRPC)
            .trailers([("grpc-status", garbage), ("grpc-message", "so what")]);
        let status = meets(part, Stays).await;
        says(&status, Code::Unknown, &["so what", garbage.trim()]);
    }
    let part = Script::default().headers(GRPC).trailers([("x-other", "1")]);
    says(&meets(part, Stays).await, Code::Unknown, &["no grpc-status"]);
}

#[tokio::test]
async fn garbage_where_the_message_is_expected() {
    for (sent, read) in
        [("%zz%", "%zz%"), ("%F", "%F"), ("a%ff%fe", "a\u{fffd}\u{fffd}"), ("%25%", "%%")]
    {
        let part = Script::default()
            .headers(GRPC)
            .trailers([("grpc-status", "9"), ("grpc-message", sent)]);
        let status = meets(part, Stays).await;
        says(&status, Code::FailedPrecondition, &[]);
        assert_eq!(status.message(), read);
    }
}

#[tokio::test]
async fn garbage_where_details_are_expected() {
    let part = Script::default()
        .headers(GRPC)
        .trailers([("grpc-status", "9"), ("grpc-status-details-bin", "!not base64!")]);
    let status = meets(part, Stays).await;
    says(&status, Code::FailedPrecondition, &[]);
    assert!(status.details().is_empty());

    let part = Script::default()
        .headers(GRPC)
        .trailers([("grpc-status", "9"), ("grpc-status-details-bin", "////")]);
    let status = meets(part, Stays).await;
    assert_eq!(&status.details()[..], [255; 3]);
    assert!(status.rpc_status().is_err());
}

#[tokio::test]
async fn trailers_twice() {
    let part = Script::default().headers(GRPC).trailers([("grpc-status", "5")]).trailers(OK);
    let peer = connected().then(request()).then(part).stall().play();
    let status = said(plaintext(peer.target()).say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
}

// ===== HTTP, but not gRPC =====

#[tokio::test]
async fn pages_of_proxies() {
    for (http, expected) in [
        ("400", Code::Internal),
        ("401", Code::Unauthenticated),
        ("403", Code::PermissionDenied),
        ("404", Code::Unimplemented),
        ("429", Code::Unavailable),
        ("502", Code::Unavailable),
        ("503", Code::Unavailable),
        ("504", Code::Unavailable),
        ("500", Code::Unknown),
        ("200", Code::Unknown),
        ("302", Code::Unknown),
    ] {
        let headers = [(":status", http), ("content-type", "text/html")];
        let page = b"<h1>Who are you?</h1>";
        let part = Script::default().headers(headers).end_data(page);
        let status = meets(part, Stays).await;
        says(&status, expected, &[http, "text/html", "Who are you?"]);
        assert_eq!(status.origin(), Origin::Transport);
        // No body, no trailers.
        let part = Script::default().trailers(headers);
        says(&meets(part, Stays).await, expected, &[http, "text/html"]);
    }
}

#[tokio::test]
async fn a_page_without_end() {
    let headers = [(":status", "503"), ("content-type", "text/html")];
    let page = Script::default().headers(headers).data(&[b'x'; 16_000]);
    let peer = connected().then(request()).then(page).then(polite()).stall().play();
    let greeter = plaintext(peer.target());
    let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    says(&status, Code::Unavailable, &["503", "xxx"]);
    assert!(status.message().len() < 4096);
    works(&greeter).await;
    assert_eq!(peer.finish().await.reset(1), Some(code::CANCEL), "nobody reads the rest");
}

#[tokio::test]
async fn no_content_type() {
    let part = Script::default().headers([(":status", "200")]).end_data(b"hello?");
    says(&meets(part, Stays).await, Code::Unknown, &["without a content-type", "hello?"]);
}

#[tokio::test]
async fn a_status_of_grpc_wins_over_one_of_http() {
    let headers = [(":status", "503"), ("content-type", "text/html")];
    let part = Script::default().headers(headers).trailers([("grpc-status", "5")]);
    says(&meets(part, Stays).await, Code::NotFound, &[]);
    let both = [(":status", "404"), ("grpc-status", "7"), ("grpc-message", "not you")];
    says(
        &meets(Script::default().trailers(both), Stays).await,
        Code::PermissionDenied,
        &["not you"],
    );
}

#[tokio::test]
async fn informational_headers_come_first() {
    let part = Script::default()
        .headers([(":status", "103"), ("link", "<x>")])
        .headers([(":status", "100")])
        .headers(GRPC)
        .data(&reply("Hi"))
        .trailers(OK);
    let peer = connected().then(request()).then(part).stall().play();
    works(&plaintext(peer.target())).await;
}

// ===== resets and farewells =====

#[tokio::test]
async fn resets() {
    for (reason, name, expected) in [
        (code::NO_ERROR, "NO_ERROR", Code::Internal),
        (code::PROTOCOL_ERROR, "PROTOCOL_ERROR", Code::Internal),
        (code::INTERNAL_ERROR, "INTERNAL_ERROR", Code::Internal),
        (code::FLOW_CONTROL_ERROR, "FLOW_CONTROL_ERROR", Code::Internal),
        (4, "SETTINGS_TIMEOUT", Code::Internal),
        (5, "STREAM_CLOSED", Code::Internal),
        (6, "FRAME_SIZE_ERROR", Code::Internal),
        (code::REFUSED_STREAM, "", Code::Unavailable),
        (code::CANCEL, "CANCEL", Code::Cancelled),
        (9, "COMPRESSION_ERROR", Code::Internal),
        (10, "CONNECT_ERROR", Code::Internal),
        (code::ENHANCE_YOUR_CALM, "ENHANCE_YOUR_CALM", Code::ResourceExhausted),
        (code::INADEQUATE_SECURITY, "INADEQUATE_SECURITY", Code::PermissionDenied),
        (code::HTTP_1_1_REQUIRED, "HTTP_1_1_REQUIRED", Code::Internal),
        (0xdead, "0xdead", Code::Unknown),
    ] {
        for after_headers in [false, true] {
            let part = Script::default();
            let part = if after_headers { part.headers(GRPC).data(&reply("a")) } else { part };
            let status = meets(part.rst(reason), Stays).await;
            says(&status, expected, &[name]);
            assert_eq!(status.origin(), Origin::Transport);
            let refused = reason == code::REFUSED_STREAM;
            assert_eq!(status.delivery() == Delivery::NotProcessed, refused, "{status:?}");
        }
    }
}

#[tokio::test]
async fn farewell_at_once() {
    // Nothing was sent on the first connection, so the call goes on with the second.
    let first = connected().goaway(0, code::NO_ERROR, "max_age").close();
    let peer = first.then(connected()).then(polite()).stall().play();
    works(&plaintext(peer.target())).await;
    assert_eq!(peer.finish().await.connections, 2);
}

#[tokio::test]
async fn a_farewell_that_leaves_the_call_out() {
    let part = Script::default().goaway(0, code::NO_ERROR, "max_age");
    let status = meets(part, Goes).await;
    says(&status, Code::Unavailable, &[]);
    assert_eq!(status.delivery(), Delivery::NotProcessed);
}

#[tokio::test]
async fn a_farewell_that_lets_the_call_end() {
    let part = Script::default()
        .goaway(1, code::NO_ERROR, "max_age")
        .headers(GRPC)
        .data(&reply("Hi"))
        .trailers(OK);
    let peer = connected().then(request()).then(part).stall();
    let peer = peer.then(connected()).then(polite()).stall().play();
    let greeter = plaintext(peer.target());
    works(&greeter).await;
    works(&greeter).await;
    assert_eq!(peer.finish().await.connections, 2);
}

#[tokio::test]
async fn a_farewell_in_anger() {
    let part = Script::default().goaway(1, code::ENHANCE_YOUR_CALM, "too_many_pings").close();
    let status = meets(part, Goes).await;
    says(&status, Code::Unavailable, &["connection was lost", "too_many_pings"]);
}

#[tokio::test]
async fn silence_and_a_closed_door() {
    let status = meets(Script::default().close(), Goes).await;
    says(&status, Code::Unavailable, &["connection was lost"]);
    assert_eq!(status.delivery(), Delivery::Unknown, "the server may have acted on it");
}

// ===== not even HTTP/2 =====

#[tokio::test]
async fn settings_that_never_come() {
    let peer = Peer::script().accept().preface().stall().play();
    let call = plaintext(peer.target()).say_hello(hello("Ada")).timeout(SOON);
    let status = said(call).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.delivery(), Delivery::NotSent);
    assert!(status.message().contains("connection"), "{status}");
}

#[tokio::test]
async fn another_protocol() {
    let alert = [0x15, 3, 3, 0, 2, 2, 70];
    let noise: Vec<u8> =
        (0..4096u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let http1 = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    for bytes in [&http1[..], &alert, &noise, b"220 mail.test ESMTP\r\n", b""] {
        let peer = Peer::script().accept().preface().bytes(bytes).close();
        let peer = peer.then(connected()).then(polite()).stall().play();
        let greeter = plaintext(peer.target());
        let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert_eq!(status.delivery(), Delivery::NotSent);
        let text = status.to_string();
        assert!(text.contains("did not speak HTTP/2"), "{text}");
        assert!(text.contains(&peer.address().to_string()), "{text}");
        let reply = said(greeter.say_hello(hello("Ada")).wait_for_ready(true)).await;
        assert_eq!(reply.unwrap(), "Hi");
    }
}

#[tokio::test]
async fn data_before_headers() {
    let peer = connected().then(request()).data(&reply("Hi")).stall();
    let peer = peer.then(connected()).then(polite()).stall().play();
    let greeter = plaintext(peer.target());
    let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    assert!(matches!(status.code(), Code::Unavailable | Code::Internal), "{status}");
    works(&greeter).await;
}

// ===== too much =====

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
    for size in [100 << 10, 9 << 10] {
        let large = large_block(&[status, content_type, ("x-large", &text[..size])], false);
        let peer = connected().then(request()).then(large).stall();
        let peer = peer.then(connected()).then(polite()).stall().play();
        let greeter = plaintext(peer.target());
        let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
        says(&status, Code::ResourceExhausted, &["max_header_list_bytes"]);
        if size < 10_000 {
            // The block could be read, so only the stream is over.
            drop(peer);
            continue;
        }
        works(&greeter).await;
    }
}

#[tokio::test]
async fn trailers_far_over_the_limit() {
    let text = "x".repeat(100 << 10);
    let large = large_block(&[("grpc-status", "5"), ("grpc-message", &text)], true);
    let peer = connected().then(request()).headers(GRPC).then(large).stall();
    let peer = peer.then(connected()).then(polite()).stall().play();
    let greeter = plaintext(peer.target());
    let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    says(&status, Code::ResourceExhausted, &["max_header_list_bytes"]);
    works(&greeter).await;
}

#[tokio::test]
async fn trailers_over_the_limit() {
    // `h2` hands over what fits and does not tell that there was more. A code that came through is the server's.
    let text = "x".repeat(9 << 10);
    let trailers = [("grpc-status", "5"), ("grpc-message", &text)];
    let status = meets(Script::default().headers(GRPC).trailers(trailers), Stays).await;
    says(&status, Code::NotFound, &[]);
    let trailers = [("grpc-message", &*text), ("grpc-status", "5")];
    let status = meets(Script::default().headers(GRPC).trailers(trailers), Stays).await;
    says(&status, Code::Unknown, &["max_header_list_bytes"]);
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
