//! Messages and trailers that are not what they should be.

use grpc_runtime::{Code, Delivery, Origin};
use tests::client::{hello, plaintext, said};
use tests::peer::{Script, message};
use tests::within;

use crate::Connection::{Goes, Stays};
use crate::{GRPC, OK, connected, meets, polite, reply, request, says, works};

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

/// Framed well, and then no message of its type: whoever reads the status learns which server it was.
#[tokio::test]
async fn a_message_that_is_none() {
    let part = Script::default().headers(GRPC).data(&message(&[255, 255])).trailers(OK);
    let status = meets(part, Stays).await;
    says(&status, Code::Internal, &["not understood", "Protobuf", "127.0.0.1"]);
    assert_eq!((status.attempts(), status.delivery()), (1, Delivery::Unknown));

    let part = Script::default().headers(GRPC).data(&message(&[255, 255])).trailers(OK);
    let peer = connected().then(request()).then(part).play();
    let greeter = plaintext(peer.target());
    let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    let status = within("the message", replies.message()).await.unwrap_err();
    says(&status, Code::Internal, &["not understood", "127.0.0.1"]);
    assert_eq!(status.attempts(), 1);
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
