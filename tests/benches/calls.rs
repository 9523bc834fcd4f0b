//! Times calls on this machine: unary, server streaming, and the codec with its framing.
//!
//! `cargo bench -p tests --bench calls`. Each benchmark of a call has twins by tonic's client, against the same server in the
//! same run: read the ratio, not the time. The server runs on a thread of its own.

#![expect(clippy::unwrap_used, reason = "a step that fails is a measurement that fails")]

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use futures_util::future::join_all;
use futures_util::stream;
use grpc_runtime::codec::{Decode, Prost, encode_framed};
use grpc_runtime::{
    Channel, Intercept, Interceptor, Invoke, Method, Request, Response, Status, Stream, Streaming,
    grpc_client,
};
use prost::Message;
use tests::helloworld::{HelloReply, HelloRequest};
use tests::server::{Behaviour, Server};
use tokio::runtime::{Builder, Runtime};

#[grpc_client(service = "helloworld.Greeter")]
trait Greeter {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
    async fn collect_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<HelloReply, Status>;
}

fn main() {
    divan::main();
}

/// One call after another: latency.
mod unary {
    use super::*;

    #[divan::bench]
    fn grpc_runtime(bencher: Bencher<'_, '_>) {
        let peers = Peers::start(Behaviour::new());
        bencher.bench_local(|| {
            peers.runtime.block_on(async { peers.ours.say_hello(hello()).await }).unwrap()
        });
    }

    /// Three interceptors that pass everything on.
    #[divan::bench]
    fn grpc_runtime_with_three_layers(bencher: Bencher<'_, '_>) {
        let peers = Peers::start(Behaviour::new());
        let pass = || Intercept(Pass);
        let layered = peers.ours.clone().layer(pass()).layer(pass()).layer(pass());
        bencher.bench_local(|| {
            peers.runtime.block_on(async { layered.say_hello(hello()).await }).unwrap()
        });
    }

    #[divan::bench]
    fn tonic(bencher: Bencher<'_, '_>) {
        let peers = Peers::start(Behaviour::new());
        bencher.bench_local(|| peers.runtime.block_on(peers.tonic_unary()));
    }

    #[derive(Clone)]
    struct Pass;

    impl<M: Method> Interceptor<M> for Pass {
        async fn intercept<S: Invoke<M>>(
            &self,
            request: Request<M>,
            next: S,
        ) -> Result<Response<M>, Status> {
            next.invoke(request).await
        }
    }
}

/// 64 calls at a time on one connection: throughput.
mod unary_64_in_flight {
    use super::*;

    const CALLS: usize = 64;

    #[divan::bench]
    fn grpc_runtime(bencher: Bencher<'_, '_>) {
        let peers = Peers::start(Behaviour::new());
        bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
            peers.runtime.block_on(join_all(
                (0..CALLS).map(|_| async { peers.ours.say_hello(hello()).await.unwrap() }),
            ))
        });
    }

    #[divan::bench]
    fn tonic(bencher: Bencher<'_, '_>) {
        let peers = Peers::start(Behaviour::new());
        bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
            peers.runtime.block_on(join_all((0..CALLS).map(|_| peers.tonic_unary())))
        });
    }
}

/// A stream of small replies.
mod server_streaming {
    use super::*;

    const REPLIES: usize = 1_000;

    #[divan::bench]
    fn grpc_runtime(bencher: Bencher<'_, '_>) {
        let peers = Peers::start(Behaviour::new().replies(REPLIES));
        bencher.counter(ItemsCount::new(REPLIES)).bench_local(|| {
            peers.runtime.block_on(async {
                let mut replies = peers.ours.list_hellos(hello()).await.unwrap();
                let mut count = 0;
                while replies.message().await.unwrap().is_some() {
                    count += 1;
                }
                assert_eq!(count, REPLIES);
            });
        });
    }

    #[divan::bench]
    fn tonic(bencher: Bencher<'_, '_>) {
        let peers = Peers::start(Behaviour::new().replies(REPLIES));
        bencher
            .counter(ItemsCount::new(REPLIES))
            .bench_local(|| peers.runtime.block_on(peers.tonic_server_streaming(REPLIES)));
    }
}

/// A stream of small requests.
#[divan::bench]
fn client_streaming(bencher: Bencher<'_, '_>) {
    const REQUESTS: usize = 1_000;
    let peers = Peers::start(Behaviour::new());
    bencher.counter(ItemsCount::new(REQUESTS)).bench_local(|| {
        peers.runtime.block_on(async {
            peers.ours.collect_hellos(stream::iter((0..REQUESTS).map(|_| hello()))).await.unwrap()
        })
    });
}

/// From a message to a frame, and from its payload back.
mod codec {
    use super::*;

    #[divan::bench(args = [16, 1_024, 65_536])]
    fn encode(bencher: Bencher<'_, '_>, size: usize) {
        let message = HelloRequest { name: "x".repeat(size) };
        bencher
            .counter(BytesCount::new(size))
            .bench_local(|| encode_framed::<Prost, _>(divan::black_box(&message), usize::MAX));
    }

    #[divan::bench(args = [16, 1_024, 65_536])]
    fn decode(bencher: Bencher<'_, '_>, size: usize) {
        let bytes = bytes::Bytes::from(HelloRequest { name: "x".repeat(size) }.encode_to_vec());
        bencher.counter(BytesCount::new(size)).bench_local(|| {
            let decoded: Result<HelloRequest, _> = Prost::decode(divan::black_box(bytes.clone()));
            decoded
        });
    }
}

/// A server, and two clients of it that are connected already.
struct Peers {
    runtime: Runtime,
    ours: GreeterClient,
    theirs: tonic::transport::Channel,
    _server: Server,
}

impl Peers {
    fn start(behaviour: Behaviour) -> Self {
        let server = Server::start();
        server.behave(behaviour);
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let target = server.target();
        let ours = GreeterClient::new(Channel::builder(target).plaintext().build().unwrap());
        let uri = format!("http://{}", server.address());
        let endpoint = tonic::transport::Endpoint::from_shared(uri).unwrap();
        let theirs = runtime.block_on(endpoint.connect()).unwrap();
        runtime.block_on(async { ours.say_hello(hello()).await }).unwrap();
        Self { runtime, ours, theirs, _server: server }
    }

    async fn tonic_unary(&self) -> HelloReply {
        let mut client = tonic::client::Grpc::new(self.theirs.clone());
        client.ready().await.unwrap();
        let path = http::uri::PathAndQuery::from_static("/helloworld.Greeter/SayHello");
        let codec = tonic_prost::ProstCodec::<HelloRequest, HelloReply>::default();
        client.unary(tonic::Request::new(hello()), path, codec).await.unwrap().into_inner()
    }

    async fn tonic_server_streaming(&self, expected: usize) {
        let mut client = tonic::client::Grpc::new(self.theirs.clone());
        client.ready().await.unwrap();
        let path = http::uri::PathAndQuery::from_static("/helloworld.Greeter/ListHellos");
        let codec = tonic_prost::ProstCodec::<HelloRequest, HelloReply>::default();
        let request = tonic::Request::new(hello());
        let mut replies = client.server_streaming(request, path, codec).await.unwrap().into_inner();
        let mut count = 0;
        while replies.message().await.unwrap().is_some() {
            count += 1;
        }
        assert_eq!(count, expected);
    }
}

fn hello() -> HelloRequest {
    HelloRequest { name: "0123456789abcdef".to_owned() }
}
