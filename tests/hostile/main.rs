//! Peers that break the rules: each ends one call with the status that says what happened, and the channel
//! lives on, on the same connection or on a new one.
//!
//! Codes are those of gRPC over HTTP/2 and of the tables beside it (HTTP status, RST_STREAM).

mod compression;
mod connections;
mod floods;
mod http;
mod messages;

use grpc_runtime::{Code, Status};
use prost::Message as _;
use tests::client::{GreeterClient, hello, plaintext, said};
use tests::helloworld::HelloReply;
use tests::peer::{Peer, Script, message};

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
    meets_as(plaintext, part, connection).await
}

/// The same, of a client that is made otherwise.
async fn meets_as(
    client: impl FnOnce(String) -> GreeterClient,
    part: Script,
    connection: Connection,
) -> Status {
    let script = connected().then(request()).then(part);
    let script = match connection {
        Stays => script,
        Goes => script.then(connected()),
    };
    let peer = script.then(polite()).stall().play();
    let greeter = client(peer.target());
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
