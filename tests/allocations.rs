//! Holds the shape of the hot path: what one warm unary call allocates on the client's thread, and how often it writes
//! to the socket.
//!
//! Counts, not times: they do not drift with the machine. The server runs on a thread of its own and is not counted.

#![expect(clippy::unwrap_used, reason = "a step that fails is a measurement that fails")]

mod counting;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use counting::{Count, Counting};
use grpc_runtime::credentials::BearerToken;
use grpc_runtime::layer::{
    CircuitBreaker, ConcurrencyLimit, Faults, Next, StaticMetadata, TimeLimit, Trace, from_fn,
    on_end,
};
use grpc_runtime::lb::{Pick, PickArgs, PickFirst, PolicyBuilder, RoundRobin};
use grpc_runtime::{
    Address, Attempt, Channel, ChannelBuilder, Intercept, Interceptor, Invoke, Metadata, Method,
    MethodDescriptor, MethodKind, Request, Response, Status, grpc_client,
};
use http::{HeaderMap, HeaderValue, Uri};
use prost::Message;
use tests::balancing::{Driven, endpoints};
use tests::helloworld::{HelloReply, HelloRequest};
use tests::server::Server;
use tests::within;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

#[grpc_client(service = "helloworld.Greeter")]
trait Greeter {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
}

/// 64 bytes of payload, plaintext, a warm connection, the client's thread only.
#[tokio::test]
async fn a_warm_unary_call_allocates_little_and_writes_once() {
    let server = Server::start();
    let by_hand = by_hand(server.address()).await;
    let ours = ours(&server, |channel| channel).await;

    assert!(
        ours.allocations <= MOST_ALLOCATIONS,
        "{} allocations; h2 by hand makes {}",
        ours.allocations,
        by_hand.allocations
    );
    assert!(
        ours.bytes <= by_hand.bytes + MOST_BYTES_BEYOND_H2,
        "{} bytes; h2 by hand takes {}",
        ours.bytes,
        by_hand.bytes
    );
    assert_eq!(ours.writes, 1, "headers and message leave together");
    println!("ours {ours:?}, h2 by hand {by_hand:?}");
}

/// A call that does not fail pays for its retry policy with one allocation at most, and its bytes are not copied.
#[tokio::test]
async fn a_retry_policy_costs_one_allocation_at_most() {
    let server = Server::start();
    let without = ours(&server, |channel| with_policy(channel).disable_retry()).await;
    let with = ours(&server, with_policy).await;
    assert!(
        with.allocations <= without.allocations + 1,
        "{} allocations, {} where retries are disabled",
        with.allocations,
        without.allocations
    );
    assert!(with.bytes <= without.bytes + MOST_BYTES_OF_A_POLICY, "{with:?}, {without:?}");
    assert_eq!(with.writes, 1);
    println!("with a retry policy {with:?}, with retries disabled {without:?}");
}

fn with_policy(channel: ChannelBuilder) -> ChannelBuilder {
    channel.default_service_config(
        r#"{
            "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
            "methodConfig": [{
                "name": [{"service": "helloworld.Greeter"}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"]
                }
            }]
        }"#,
    )
}

/// What runs for each attempt, and around a whole channel, has a price that is written down; a channel without pays nothing.
#[tokio::test]
async fn the_other_positions_allocate_no_more_than_they_say() {
    let server = Server::start();
    let bare = ours(&server, |channel| channel).await;
    let layered = ours(&server, |channel| channel.layer(on_end(|_, _| {}))).await;
    let attempts = |_: &mut Attempt<'_>| Ok(());
    let intercepted = ours(&server, |channel| channel.attempt_interceptor(attempts)).await;
    let token = BearerToken::new("a".repeat(PAYLOAD)).unwrap().allow_plaintext();
    let with_token = ours(&server, |channel| channel.call_credentials(token)).await;
    println!(
        "bare {bare:?}, layered {layered:?}, intercepted {intercepted:?}, token {with_token:?}"
    );
    for (cost, most) in [(layered, 3), (intercepted, 1), (with_token, 5)] {
        assert!(cost.allocations <= bare.allocations + most, "{cost:?}");
        assert_eq!(cost.writes, 1, "{cost:?}");
    }
}

/// Whatever the policy and however many servers it has.
#[test]
fn a_pick_allocates_nothing() {
    static METHOD: MethodDescriptor = MethodDescriptor::new("/a.B/C", MethodKind::Unary);
    let metadata = Metadata::new();
    let policies: [&dyn PolicyBuilder; 2] = [&PickFirst::new(), &RoundRobin::new()];
    for builder in policies {
        let mut policy = Driven::new(builder);
        policy.update(endpoints(0, 100)).unwrap();
        let picker = policy.ready();
        let before = Count::now();
        for _ in 0..1_000 {
            assert!(matches!(picker.pick(&PickArgs::new(&METHOD, &metadata)), Pick::Complete(_)));
        }
        assert_eq!(Count::now().since(before).allocations, 0, "{}", builder.name());
    }
}

/// Three interceptors cost three boxes, the layers that learn of the end of a call one each, and others none.
#[tokio::test]
async fn layers_allocate_no_more_than_they_say() {
    let client = GreeterClient::in_process(Echo);
    let bare = allocations(&client).await;
    let intercepted =
        client.clone().layer(Intercept(Pass)).layer(Intercept(Pass)).layer(Intercept(Pass));
    assert!(allocations(&intercepted).await <= bare + 3);

    let passed = client
        .clone()
        .layer(StaticMetadata::default())
        .layer(TimeLimit::by_default(Duration::from_secs(60)))
        .layer(Faults::new())
        .layer(Trace::new());
    assert_eq!(allocations(&passed).await, bare);

    let watched = client
        .clone()
        .layer(ConcurrencyLimit::per_method(8))
        .layer(CircuitBreaker::per_method())
        .layer(on_end(|_, _| {}));
    assert_eq!(allocations(&watched).await, bare + 3);

    // A function for another method is no cost either.
    let other =
        from_fn(|request: Request<other::Other>, next: Next<other::Other>| next.invoke(request));
    assert_eq!(allocations(&client.layer(other)).await, bare);
}

/// Layers that a trait declares cost what they cost elsewhere: what makes their client one type is no box of its own
/// where the outermost layer, or the channel, answers with one.
#[tokio::test]
async fn declared_layers_allocate_no_more_than_others() {
    let bare = allocations(&GreeterClient::in_process(Echo)).await;
    assert_eq!(allocations(&GreeterClient::in_process(Echo).boxed()).await, bare);
    let declared = async |client: &DeclaredClient| {
        let no_writes = AtomicUsize::new(0);
        let one = cheapest(&no_writes, async || {
            let before = Count::now();
            client.own(HelloRequest::default()).await.unwrap();
            Count::now().since(before)
        });
        let own = one.await.allocations;
        let other = cheapest(&no_writes, async || {
            let before = Count::now();
            client.plain(HelloRequest::default()).await.unwrap();
            Count::now().since(before)
        });
        (own, other.await.allocations)
    };
    assert_eq!(declared(&DeclaredClient::in_process(Echo)).await, (bare + 3, bare + 2));
}

#[grpc_client(service = "helloworld.Declared")]
#[layer(Intercept(Pass))]
#[layer(Intercept(Pass))]
trait Declared {
    #[layer(Intercept(Pass))]
    async fn own(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    async fn plain(&self, request: HelloRequest) -> Result<HelloReply, Status>;
}

impl Declared for Echo {
    async fn own(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        self.say_hello(request).await
    }

    async fn plain(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        self.say_hello(request).await
    }
}

/// Of one warm call at its best.
async fn allocations<S: Invoke<greeter::SayHello>>(client: &GreeterClient<S>) -> usize {
    let no_writes = AtomicUsize::new(0);
    let cost = cheapest(&no_writes, async || {
        let request = HelloRequest::default();
        let before = Count::now();
        client.say_hello(request).await.unwrap();
        Count::now().since(before)
    });
    cost.await.allocations
}

struct Echo;

impl Greeter for Echo {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        Ok(HelloReply { message: request.name })
    }
}

#[grpc_client(service = "helloworld.Other")]
trait Other {
    async fn other(&self, request: HelloRequest) -> Result<HelloReply, Status>;
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

/// The bound for the whole of a call, its two messages included; h2 by hand makes nine or ten. One is for the headers that
/// the server added to the protocol's own, a date say.
const MOST_ALLOCATIONS: usize = 14;
const MOST_BYTES_BEYOND_H2: usize = 1 << 10;
const MOST_BYTES_OF_A_POLICY: usize = 256;

/// What one call costs at best: other tasks of the same thread may add to some calls.
#[derive(Debug)]
struct Cost {
    allocations: usize,
    bytes: usize,
    writes: usize,
}

async fn ours(server: &Server, describe: impl FnOnce(ChannelBuilder) -> ChannelBuilder) -> Cost {
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    let channel = Channel::builder(server.target())
        .plaintext()
        .connector(move |address: Address| connect(address, Arc::clone(&counted)));
    let channel = describe(channel).build().unwrap();
    let greeter = GreeterClient::new(channel);
    let request = HelloRequest { name: "x".repeat(PAYLOAD) };
    cheapest(&writes, async || {
        let request = request.clone();
        let before = Count::now();
        let reply = greeter.say_hello(request).await;
        let spent = Count::now().since(before);
        assert_eq!(reply.unwrap().message.len(), PAYLOAD + "Hello, !".len());
        spent
    })
    .await
}

/// The floor: the same call on bare h2, with everything prepared that can be.
async fn by_hand(address: SocketAddr) -> Cost {
    let writes = Arc::new(AtomicUsize::new(0));
    let io = connect(Address::Tcp(address), Arc::clone(&writes)).await.unwrap();
    let (requests, connection) = h2::client::handshake(io).await.unwrap();
    let driver = tokio::spawn(connection);
    let uri: Uri = format!("http://{address}/helloworld.Greeter/SayHello").parse().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("te", HeaderValue::from_static("trailers"));
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("user-agent", HeaderValue::from_static("by-hand"));
    let request = HelloRequest { name: "x".repeat(PAYLOAD) };
    let cost = cheapest(&writes, async || {
        let request = request.clone();
        let before = Count::now();
        let mut framed = Vec::with_capacity(5 + request.encoded_len());
        framed.extend_from_slice(&[0, 0, 0, 0, u8::try_from(request.encoded_len()).unwrap()]);
        request.encode(&mut framed).unwrap();
        let mut head = http::Request::new(());
        *head.method_mut() = http::Method::POST;
        *head.version_mut() = http::Version::HTTP_2;
        *head.uri_mut() = uri.clone();
        *head.headers_mut() = headers.clone();
        let (response, mut stream) = requests.clone().send_request(head, false).unwrap();
        stream.send_data(Bytes::from(framed), true).unwrap();
        let mut body = response.await.unwrap().into_body();
        let data = body.data().await.unwrap().unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        let reply = HelloReply::decode(data.slice(5..)).unwrap();
        assert!(body.data().await.is_none());
        let trailers = body.trailers().await.unwrap().unwrap();
        assert_eq!(trailers.get("grpc-status").unwrap(), "0");
        drop((reply, trailers, body));
        Count::now().since(before)
    })
    .await;
    driver.abort();
    cost
}

async fn cheapest(writes: &AtomicUsize, mut call: impl AsyncFnMut() -> Count) -> Cost {
    for _ in 0..WARM_UP {
        within("a call to warm up", call()).await;
    }
    let mut cheapest = Cost { allocations: usize::MAX, bytes: usize::MAX, writes: usize::MAX };
    for _ in 0..MEASURED {
        let before = writes.load(Ordering::Relaxed);
        let Count { allocations, bytes, .. } = within("a measured call", call()).await;
        let writes = writes.load(Ordering::Relaxed) - before;
        cheapest.allocations = cheapest.allocations.min(allocations);
        cheapest.bytes = cheapest.bytes.min(bytes);
        cheapest.writes = cheapest.writes.min(writes);
    }
    cheapest
}

const PAYLOAD: usize = 64;
const WARM_UP: usize = 100;
const MEASURED: usize = 100;

async fn connect(address: Address, writes: Arc<AtomicUsize>) -> io::Result<CountedWrites> {
    let Address::Tcp(address) = address else { return Err(io::ErrorKind::Unsupported.into()) };
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(CountedWrites { stream, writes })
}

struct CountedWrites {
    stream: TcpStream,
    writes: Arc<AtomicUsize>,
}

impl CountedWrites {
    fn count(&self, polled: &Poll<io::Result<usize>>) {
        if polled.is_ready() {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for CountedWrites {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CountedWrites {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.count(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
