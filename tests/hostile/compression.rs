//! Responses that are compressed wrongly: to harm, by mistake, or with what nobody asked for.

use grpc_runtime::compression::{Compressor, Deflate, Encoding, Gzip, Zstd};
use grpc_runtime::{Channel, Code, Origin};
use prost::Message as _;
use tests::client::{GreeterClient, hello};
use tests::helloworld::HelloReply;
use tests::peer::{Script, code, message};
use tests::within;

use crate::Connection::Stays;
use crate::{GRPC, OK, connected, meets_as, request, says, works};

/// A client that accepts everything, and messages of up to a mebibyte.
fn accepting(target: String) -> GreeterClient {
    let channel = Channel::builder(target)
        .plaintext()
        .accept_compression([Encoding::GZIP, Encoding::DEFLATE, Encoding::ZSTD])
        .max_response_bytes(1 << 20)
        .build();
    GreeterClient::new(channel.expect("the features are on"))
}

fn all() -> [Box<dyn Compressor>; 3] {
    [Box::new(Gzip::new()), Box::new(Deflate::new()), Box::new(Zstd::new())]
}

fn compressed(by: &dyn Compressor, bytes: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    by.compress(bytes, &mut output).expect("memory does not run out");
    output
}

fn reply(by: &dyn Compressor, text: &str) -> Vec<u8> {
    compressed(by, &HelloReply { message: text.to_owned() }.encode_to_vec())
}

/// A response of one message that is marked as compressed.
fn answer(encoding: &str, bytes: &[u8]) -> Script {
    let mut framed = message(bytes);
    framed[0] = 1;
    let [status, content_type] = GRPC;
    let headers = [status, content_type, ("grpc-encoding", encoding)];
    let mut script = Script::default().headers(headers);
    for piece in framed.chunks(16_000) {
        script = script.data(piece);
    }
    script.trailers(OK)
}

#[tokio::test]
async fn a_bomb() {
    let zeros = vec![0; 20 << 20];
    for by in all() {
        let bomb = compressed(&*by, &zeros);
        assert!(bomb.len() * 900 < zeros.len(), "a thousand to one, about");
        let status = meets_as(accepting, answer(by.encoding().name(), &bomb), Stays).await;
        let pieces = ["1048576 bytes allowed", "max_response_bytes", by.encoding().name()];
        says(&status, Code::ResourceExhausted, &pieces);
        assert_eq!(status.origin(), Origin::Local);
    }
}

/// A head that announces what does not come, and a length that is not there: nothing is taken for them.
#[tokio::test]
async fn a_bomb_that_lies_about_its_size() {
    let mut gzip = reply(&Gzip::new(), "Hi");
    let length = gzip.len() - 4;
    gzip[length..].fill(0xff);
    let status = meets_as(accepting, answer("gzip", &gzip), Stays).await;
    says(&status, Code::Internal, &["could not be decompressed with gzip"]);
    // A frame of one segment with a content size of eight bytes, and then nothing.
    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0b1110_0000, 255, 255, 255, 255, 255, 255, 255, 127];
    let status = meets_as(accepting, answer("zstd", &zstd), Stays).await;
    says(&status, Code::Internal, &["could not be decompressed with zstd"]);
}

#[tokio::test]
async fn a_wrong_checksum() {
    for (by, from_end) in [(&Gzip::new() as &dyn Compressor, 6), (&Deflate::new(), 2)] {
        let mut bytes = reply(by, "Hello");
        let place = bytes.len() - from_end;
        bytes[place] ^= 1;
        let status = meets_as(accepting, answer(by.encoding().name(), &bytes), Stays).await;
        says(&status, Code::Internal, &["could not be decompressed", "check"]);
        assert_eq!(status.origin(), Origin::Transport);
    }
}

#[tokio::test]
async fn something_cut_off_or_with_garbage_behind_it_or_not_compressed_at_all() {
    for by in all() {
        let name = by.encoding().name();
        let bytes = reply(&*by, "Hello");
        let plain = HelloReply { message: "Hello".to_owned() }.encode_to_vec();
        let longer = [&bytes[..], b"garbage"].concat();
        for wrong in [&bytes[..bytes.len() - 1], &bytes[..3], b"", &longer, &plain] {
            let status = meets_as(accepting, answer(name, wrong), Stays).await;
            says(&status, Code::Internal, &["could not be decompressed", name]);
        }
    }
}

#[tokio::test]
async fn no_encoding_or_one_that_was_not_offered() {
    let status = meets_as(accepting, answer("identity", b"x"), Stays).await;
    says(&status, Code::Internal, &["compressed", "grpc-encoding"]);
    for other in ["br", "GZIP", "gzip, zstd"] {
        let status = meets_as(accepting, answer(other, b"x"), Stays).await;
        says(&status, Code::Internal, &[other, "gzip,deflate,zstd"]);
        assert_eq!(status.origin(), Origin::Transport);
    }
}

/// An encoding that is named and not used harms nobody, known or not.
#[tokio::test]
async fn an_encoding_without_a_flag() {
    let [status, content_type] = GRPC;
    let part = |encoding| {
        let headers = [status, content_type, ("grpc-encoding", encoding)];
        Script::default().headers(headers).data(&crate::reply("Hi")).trailers(OK)
    };
    let script = connected().then(request()).then(part("gzip")).then(request()).then(part("br"));
    let peer = script.stall().play();
    let greeter = accepting(peer.target());
    works(&greeter).await;
    works(&greeter).await;
    peer.finish().await;
}

/// The stream ends with the wrong message, and what came before it stays.
#[tokio::test]
async fn a_wrong_message_after_right_ones() {
    let [status, content_type] = GRPC;
    let headers = [status, content_type, ("grpc-encoding", "gzip")];
    let mut right = message(&reply(&Gzip::new(), "one"));
    let mut wrong = message(b"wrong");
    (right[0], wrong[0]) = (1, 1);
    let part = Script::default().headers(headers).data(&right).data(&crate::reply("two"));
    let script = connected().then(request()).then(part).data(&wrong);
    let peer = script.then(crate::polite()).stall().play();
    let greeter = accepting(peer.target());
    let mut replies = greeter.list_hellos(hello("Ada")).await.expect("a stream starts");
    for text in ["one", "two"] {
        let reply = within("a reply", replies.message()).await.expect("it is a right one");
        assert_eq!(reply.expect("there are more").message, text);
    }
    let status = within("the end", replies.message()).await.expect_err("it is a wrong one");
    says(&status, Code::Internal, &["could not be decompressed with gzip"]);
    works(&greeter).await;
    assert_eq!(peer.finish().await.reset(1), Some(code::CANCEL));
}
