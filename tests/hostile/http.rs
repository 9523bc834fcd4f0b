//! Answers in HTTP that are not gRPC: proxies, login pages, the wrong port.

use grpc_runtime::{Code, Origin};
use tests::client::{hello, plaintext, said};
use tests::peer::{Script, code};

use crate::Connection::Stays;
use crate::{GRPC, OK, connected, meets, polite, reply, request, says, works};

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
