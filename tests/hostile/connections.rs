//! Resets, farewells, lost connections, and peers that do not speak HTTP/2 at all.

use std::time::Duration;

use grpc_runtime::{Code, Delivery, Origin};
use tests::client::{all, hello, plaintext, said};
use tests::peer::{Peer, Script, code};

use crate::Connection::{Goes, Stays};
use crate::{GRPC, OK, connected, meets, polite, reply, request, says, works};

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
            // A call that was refused unseen is made once more, and may be refused again.
            let unseen = reason == code::REFUSED_STREAM && !after_headers;
            let part = if unseen { part.rst(reason).then(request()) } else { part };
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
async fn a_call_that_was_refused_is_made_once_more() {
    let peer = connected().then(request()).rst(code::REFUSED_STREAM).then(polite()).stall().play();
    works(&plaintext(peer.target())).await;
    assert_eq!(peer.finish().await.connections, 1);
}

#[tokio::test]
async fn a_stream_that_was_refused_is_made_once_more() {
    let peer = connected().then(request()).rst(code::REFUSED_STREAM).then(polite()).stall().play();
    let greeter = plaintext(peer.target());
    let replies =
        greeter.list_hellos(hello("Ada")).await.expect("a stream begins without an answer");
    assert_eq!(all(replies).await.expect("the second time it is answered"), ["Hi"]);
    peer.finish().await;
}

#[tokio::test]
async fn a_farewell_that_leaves_the_call_out() {
    let first = connected().then(request()).goaway(0, code::NO_ERROR, "max_age");
    let peer = first.then(connected()).then(polite()).stall().play();
    works(&plaintext(peer.target())).await;
    assert_eq!(peer.finish().await.connections, 2);
}

#[tokio::test]
async fn farewells_without_end() {
    let first = connected().then(request()).goaway(0, code::NO_ERROR, "max_age");
    let again = connected().then(request()).goaway(0, code::NO_ERROR, "max_age");
    let peer = first.then(again).then(connected()).then(polite()).stall().play();
    let greeter = plaintext(peer.target());
    let status =
        said(greeter.say_hello(hello("Ada"))).await.expect_err("once more is not for ever");
    says(&status, Code::Unavailable, &[]);
    assert_eq!(status.delivery(), Delivery::NotProcessed);
    works(&greeter).await;
    assert_eq!(peer.finish().await.connections, 3);
}

#[tokio::test]
async fn a_deadline_holds_for_both_starts() {
    let first = connected().then(request()).goaway(0, code::NO_ERROR, "max_age");
    let peer = first.then(connected()).then(request()).stall().play();
    let greeter = plaintext(peer.target());
    let call = greeter.say_hello(hello("Ada")).timeout(Duration::from_millis(200));
    let status = said(call).await.expect_err("nobody answers");
    says(&status, Code::DeadlineExceeded, &[]);
    assert_eq!(peer.finish().await.connections, 2);
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
    let status = meets(Script::default().data(&reply("Hi")), Goes).await;
    says(&status, Code::Unavailable, &["connection was lost", "protocol"]);
}

const SOON: Duration = Duration::from_millis(200);
