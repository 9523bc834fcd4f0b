//! Compression end to end: with a real server in every encoding and shape of call, and with a scripted one that
//! shows which headers and flags were sent.
//!
//! What hostile servers do with it is in `hostile`.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use grpc_runtime::compression::{
    BoundedBuffer, CompressionError, Compressor, Encoding, EncodingRefused, Gzip,
};
use grpc_runtime::{
    Channel, ChannelBuilder, ChannelError, Code, ConnectivityState, Delivery, Origin, Status,
    Streaming, grpc_client, outbound,
};
use prost::Message as _;
use tests::client::{GreeterClient, all, hello, hellos, plaintext, said};
use tests::helloworld::{HelloReply, HelloRequest};
use tests::peer::{Peer, Record, Script, message};
use tests::server::{Behaviour, Compression, Server};
use tests::within;
use tonic::codec::CompressionEncoding;

const EVERY: [(Encoding, CompressionEncoding); 3] = [
    (Encoding::GZIP, CompressionEncoding::Gzip),
    (Encoding::DEFLATE, CompressionEncoding::Deflate),
    (Encoding::ZSTD, CompressionEncoding::Zstd),
];

const ALL: &[CompressionEncoding] =
    &[CompressionEncoding::Gzip, CompressionEncoding::Deflate, CompressionEncoding::Zstd];

fn client(
    target: String,
    settings: impl FnOnce(ChannelBuilder) -> ChannelBuilder,
) -> GreeterClient {
    GreeterClient::new(settings(Channel::builder(target).plaintext()).build().unwrap())
}

/// gzip that counts what it is asked for.
#[derive(Clone, Default)]
struct Counting(Arc<(AtomicUsize, AtomicUsize)>);

impl Counting {
    /// Messages compressed and decompressed since it was asked before.
    fn counts(&self) -> (usize, usize) {
        (self.0.0.swap(0, Ordering::Relaxed), self.0.1.swap(0, Ordering::Relaxed))
    }
}

impl Compressor for Counting {
    fn encoding(&self) -> Encoding {
        Encoding::GZIP
    }

    fn compress(&self, message: &[u8], output: &mut Vec<u8>) -> Result<(), CompressionError> {
        self.0.0.fetch_add(1, Ordering::Relaxed);
        Gzip::new().compress(message, output)
    }

    fn decompress(
        &self,
        compressed: &[u8],
        output: &mut BoundedBuffer,
    ) -> Result<(), CompressionError> {
        self.0.1.fetch_add(1, Ordering::Relaxed);
        Gzip::new().decompress(compressed, output)
    }
}

// ===== a real server =====

#[tokio::test]
async fn every_encoding_goes_both_ways_in_every_shape() {
    for (ours, theirs) in EVERY {
        let sends = Box::leak(Box::new([theirs]));
        let mut server = Server::start_compressing(Compression { accepts: ALL, sends });
        let greeter = client(server.target(), |channel| {
            channel.compression(ours).accept_compression([ours]).min_compressed_bytes(0)
        });
        let long = "Ada ".repeat(5000);
        let text = format!("Hello, {long}!");
        assert_eq!(said(greeter.say_hello(hello(&long))).await.unwrap(), text);
        let start = server.started().await;
        assert_eq!(start.header("grpc-encoding"), Some(ours.name()));
        assert_eq!(start.header("grpc-accept-encoding"), Some(ours.name()));

        let replies = within("a stream", greeter.list_hellos(hello(&long)).into_future()).await;
        assert_eq!(all(replies.unwrap()).await.unwrap()[0], text);
        let names = hellos(["Ada", "Bob", "", "Cid"]);
        assert_eq!(
            said(greeter.collect_hellos(names)).await.unwrap(),
            "Hello, Ada, Bob, stranger, Cid!"
        );
        let names = hellos(["Ada, of the analytical engine, the analytical engine", ""]);
        let replies = within("a chat", greeter.chat_hellos(names).into_future()).await.unwrap();
        assert_eq!(all(replies).await.unwrap()[1], "Hello, stranger!");
    }
}

#[tokio::test]
async fn a_server_compresses_only_what_is_accepted() {
    let sends = Compression { accepts: &[], sends: ALL };
    let mut server = Server::start_compressing(sends);
    server.behave(Behaviour::new().reply_bytes(10_000));
    let counting = Counting::default();
    let quiet = client(server.target(), |channel| channel.compressor(counting.clone()));
    assert_eq!(said(quiet.say_hello(hello("Ada"))).await.unwrap().len(), 10_000);
    assert_eq!(counting.counts(), (0, 0));
    let start = server.started().await;
    assert_eq!((start.header("grpc-encoding"), start.header("grpc-accept-encoding")), (None, None));

    let accepting = client(server.target(), |channel| {
        channel.compressor(counting.clone()).accept_compression([Encoding::GZIP])
    });
    assert_eq!(said(accepting.say_hello(hello("Ada"))).await.unwrap().len(), 10_000);
    let replies = within("a stream", accepting.list_hellos(hello("Ada")).into_future()).await;
    assert_eq!(all(replies.unwrap()).await.unwrap().len(), 3);
    assert_eq!(counting.counts(), (0, 4));
    let start = server.started().await;
    assert_eq!(start.header("grpc-accept-encoding"), Some("gzip"));
    assert_eq!(start.header("grpc-encoding"), None);
}

#[tokio::test]
async fn the_limit_on_responses_is_that_of_what_comes_out() {
    let sends = Compression { accepts: &[], sends: ALL };
    let server = Server::start_compressing(sends);
    server.behave(Behaviour::new().reply_bytes(100_000));
    for (ours, _) in EVERY {
        let greeter = client(server.target(), |channel| channel.accept_compression([ours]));
        let status =
            said(greeter.say_hello(hello("Ada")).max_response_bytes(99_999)).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        assert!(status.message().contains("max_response_bytes"), "{status}");
        let whole = said(greeter.say_hello(hello("Ada")).max_response_bytes(100_004)).await;
        assert_eq!(whole.unwrap().len(), 100_000);
    }
}

#[tokio::test]
async fn the_limit_on_requests_is_that_of_what_is_sent() {
    let server = Server::start_compressing(Compression { accepts: ALL, sends: &[] });
    let greeter = plaintext(server.target());
    let long = "Ada ".repeat(5000);
    let call = greeter.say_hello(hello(&long)).compress(Encoding::GZIP);
    assert_eq!(said(call.max_request_bytes(1000)).await.unwrap().len(), 20_008);
    let call = greeter.say_hello(hello(&long)).compress(Encoding::GZIP);
    let status = said(call.max_request_bytes(10)).await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::ResourceExhausted, Delivery::NotSent));
    let status = said(greeter.say_hello(hello(&long)).max_request_bytes(1000)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn a_server_that_does_not_know_the_encoding_says_what_it_knows() {
    let accepts = &[CompressionEncoding::Gzip];
    let server = Server::start_compressing(Compression { accepts, sends: &[] });
    let greeter = plaintext(server.target());
    let call = greeter.say_hello(hello(&"Ada".repeat(1000))).compress(Encoding::ZSTD);
    let status = said(call).await.unwrap_err();
    assert_eq!((status.code(), status.origin()), (Code::Unimplemented, Origin::Server));
    let source = std::error::Error::source(&status).expect("what it knows");
    let refused = source.downcast_ref::<EncodingRefused>().unwrap();
    assert!(refused.accepts(Encoding::GZIP) && !refused.accepts(Encoding::ZSTD), "{refused}");
}

/// The method's attribute: compiled, checked, and behind what a call says.
#[grpc_client(service = "helloworld.Greeter")]
trait Compressed {
    #[rpc(compress = "gzip")]
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    #[rpc(compress = "identity")]
    async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
}

#[tokio::test]
async fn the_call_goes_before_the_method_and_the_method_before_the_channel() {
    let mut server = Server::start_compressing(Compression { accepts: ALL, sends: &[] });
    let channel = Channel::builder(server.target())
        .plaintext()
        .compression(Encoding::DEFLATE)
        .min_compressed_bytes(0)
        .build()
        .unwrap();
    let (by_channel, by_method) =
        (GreeterClient::new(channel.clone()), CompressedClient::new(channel));
    let long = hello(&"Ada".repeat(100));
    let encoding = async |server: &mut Server| {
        let start = server.started().await;
        start.header("grpc-encoding").map(str::to_owned)
    };
    said(by_channel.say_hello(long.clone())).await.unwrap();
    assert_eq!(encoding(&mut server).await.as_deref(), Some("deflate"));
    said(by_method.say_hello(long.clone())).await.unwrap();
    assert_eq!(encoding(&mut server).await.as_deref(), Some("gzip"));
    said(by_method.say_hello(long.clone()).compress(Encoding::ZSTD)).await.unwrap();
    assert_eq!(encoding(&mut server).await.as_deref(), Some("zstd"));
    said(by_method.say_hello(long.clone()).compress(Encoding::IDENTITY)).await.unwrap();
    assert_eq!(encoding(&mut server).await, None);
    let replies = within("a stream", by_method.list_hellos(long).into_future()).await.unwrap();
    all(replies).await.unwrap();
    assert_eq!(encoding(&mut server).await, None);
}

// ===== what there is no compressor for =====

const SNAPPY: Encoding = Encoding::new("snappy");

#[tokio::test]
async fn an_unknown_encoding_is_told_before_anything_is_sent() {
    for wrong in [
        Channel::builder("localhost:1").compression(SNAPPY),
        Channel::builder("localhost:1").accept_compression([Encoding::GZIP, SNAPPY]),
    ] {
        let error = wrong.plaintext().build().unwrap_err();
        assert!(matches!(error, ChannelError::Compression(_)), "{error}");
        assert!(error.to_string().contains("snappy"), "{error}");
    }
    let channel = Channel::builder("127.0.0.1:1").plaintext().build().unwrap();
    let greeter = GreeterClient::new(channel.clone());
    let status = said(greeter.say_hello(hello("Ada")).compress(SNAPPY)).await.unwrap_err();
    let not_sent = |status: &Status| {
        assert_eq!((status.code(), status.delivery()), (Code::Internal, Delivery::NotSent));
        assert!(status.to_string().contains("only for gzip,deflate,zstd"), "{status}");
    };
    not_sent(&status);
    let (sender, requests) = outbound(1);
    let call = greeter.collect_hellos(requests).compress(SNAPPY);
    not_sent(&said(call).await.unwrap_err());
    // Whoever sends learns it as well.
    not_sent(&within("a refusal", sender.send(hello("Ada"))).await.unwrap_err());
    assert_eq!(channel.state(), ConnectivityState::Idle, "nobody asked for a connection");
}

// ===== flags and headers =====

fn polite() -> Script {
    let reply = message(&HelloReply { message: "Hi".to_owned() }.encode_to_vec());
    Script::default()
        .headers([(":status", "200"), ("content-type", "application/grpc")])
        .data(&reply)
        .trailers([("grpc-status", "0")])
}

fn peer(calls: usize) -> Peer {
    let mut script = Peer::script().accept().preface().settings([]);
    for _ in 0..calls {
        script = script.read_headers().read_end_stream().then(polite());
    }
    script.stall().play()
}

/// Flags and lengths of the messages on a stream.
fn frames(record: &Record, stream: u32) -> Vec<(u8, usize)> {
    let mut data = record.data(stream);
    let mut frames = Vec::new();
    while !data.is_empty() {
        let length = u32::from_be_bytes(data[1..5].try_into().unwrap()) as usize;
        frames.push((data[0], length));
        data.drain(..5 + length);
    }
    frames
}

#[tokio::test]
async fn short_messages_and_those_that_do_not_shrink_go_out_as_they_are() {
    let peer = peer(4);
    let greeter = client(peer.target(), |channel| {
        channel.compression(Encoding::GZIP).accept_compression([Encoding::ZSTD])
    });
    let noise: String = (0..2000_u32)
        .map(|n| char::from_u32(0x4e00 + n.wrapping_mul(2_654_435_761) % 20_000).unwrap())
        .collect();
    let names = [&"a".repeat(1021), &"a".repeat(1020), "", &noise];
    for name in names {
        said(greeter.say_hello(hello(name))).await.unwrap();
    }
    let record = peer.finish().await;
    assert_eq!(frames(&record, 1)[0].0, 1, "1024 bytes with the tag");
    assert!(frames(&record, 1)[0].1 < 100);
    assert_eq!(frames(&record, 3), [(0, 1023)]);
    assert_eq!(frames(&record, 5), [(0, 0)]);
    let requests = record.requests().await;
    let header = |index: usize, name: &str| requests[index].headers.get(name).cloned();
    assert_eq!(header(0, "grpc-encoding").unwrap(), "gzip");
    // The call itself is compressed with gzip, and some servers answer with the same.
    assert_eq!(header(0, "grpc-accept-encoding").unwrap(), "zstd,gzip");
    // Not compressed in the end: the server need not know the encoding.
    assert_eq!(header(1, "grpc-encoding"), None);
    assert_eq!(header(1, "grpc-accept-encoding").unwrap(), "zstd");
    assert_eq!(header(2, "grpc-encoding"), None);
}

#[tokio::test]
async fn a_message_of_a_stream_can_be_left_uncompressed() {
    let peer = peer(1);
    let greeter = client(peer.target(), |channel| channel.min_compressed_bytes(0));
    let (sender, requests) = outbound(4);
    let long = hello(&"a".repeat(500));
    sender.send(long.clone()).await.unwrap();
    sender.send_uncompressed(long.clone()).await.unwrap();
    sender.send(long).await.unwrap();
    sender.finish();
    said(greeter.collect_hellos(requests).compress(Encoding::GZIP)).await.unwrap();
    let record = peer.finish().await;
    let flags: Vec<u8> = frames(&record, 1).iter().map(|frame| frame.0).collect();
    assert_eq!(flags, [1, 0, 1]);
    assert_eq!(record.requests().await[0].headers.get("grpc-encoding").unwrap(), "gzip");
}

/// Servers such as grpc-go's answer with the encoding of the request, whatever else they are told.
#[tokio::test]
async fn what_a_call_is_compressed_with_may_come_back() {
    let reply = HelloReply { message: "Hi".to_owned() }.encode_to_vec();
    let mut compressed = Vec::new();
    Gzip::new().compress(&reply, &mut compressed).unwrap();
    let mut framed = message(&compressed);
    framed[0] = 1;
    let headers =
        [(":status", "200"), ("content-type", "application/grpc"), ("grpc-encoding", "gzip")];
    let answer = Script::default().headers(headers).data(&framed).trailers([("grpc-status", "0")]);
    let request = || Script::default().read_headers().read_end_stream();
    let script = Peer::script().accept().preface().settings([]);
    let peer =
        script.then(request()).then(answer.clone()).then(request()).then(answer).stall().play();
    let greeter = client(peer.target(), |channel| channel.min_compressed_bytes(0));
    let long = hello(&"a".repeat(500));
    let call = greeter.say_hello(long.clone()).compress(Encoding::GZIP);
    assert_eq!(said(call).await.unwrap(), "Hi");
    let status = said(greeter.say_hello(long)).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal, "{status}");
    assert!(status.message().contains("identity only"), "{status}");
    peer.finish().await;
}
