//! Holds what a thousand servers cost: the work of an update that changes one of them, the heap of a subchannel that is
//! READY and of a call that waits, and that an idle channel holds nothing.
//!
//! Counts, not times. Channel, wire and peers are on the test's own thread, and the wire is in memory.

#![expect(clippy::unwrap_used, reason = "a step that fails is a measurement that fails")]

mod counting;

use std::future::{Future as _, IntoFuture as _};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use counting::{Count, Counting};
use grpc_runtime::lb::{Endpoint, RoundRobin};
use grpc_runtime::resolver::ManualResolver;
use grpc_runtime::{Address, Channel, ConnectivityState, Connector as _, MemoryConnector};
use tests::balancing::{Asked, Driven, Watched, endpoint, endpoints};
use tests::helloworld::{GreeterClient, HelloRequest};
use tests::within;
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadBuf};
use tokio::runtime::Handle;
use tokio::task::yield_now;

/// One of the servers is another: one subchannel goes, one comes, and there is a picker without the one and a picker
/// with the other. All other work is to look through the list.
#[test]
fn an_update_costs_a_policy_what_changed() {
    let few = update_of_a_policy(FEW);
    let many = update_of_a_policy(MANY);
    println!("an update of a policy: {few:?} with {FEW} endpoints, {many:?} with {MANY}");
    is_in_proportion(few, many);
}

fn update_of_a_policy(size: u16) -> Count {
    let mut policy = Driven::new(&RoundRobin::new());
    policy.update(endpoints(0, size)).unwrap();
    policy.take_asked();
    let changed = one_changed(size);
    let before = Count::now();
    policy.update(changed).unwrap();
    let spent = Count::now().since(before);
    assert_eq!(policy.take_asked(), Asked { created: 1, removed: 1, connects: 1, published: 2 });
    spent
}

/// The same for a whole channel: its task, its connections, what calls see. Only the one connection is touched.
#[tokio::test]
async fn an_update_costs_a_channel_what_changed() {
    let few = update_of_a_channel(FEW).await;
    let many = update_of_a_channel(MANY).await;
    println!("an update of a channel: {few:?} with {FEW} endpoints, {many:?} with {MANY}");
    is_in_proportion(few, many);
}

async fn update_of_a_channel(size: u16) -> Count {
    let crowd = Crowd::connected(size).await;
    let changed = one_changed(size);
    let size = usize::from(size);
    assert_eq!(crowd.peers.count(), (size, 0));
    let before = Count::now();
    crowd.servers.set_endpoints(changed);
    within("the new server", crowd.policy.ready(size + 1)).await;
    quiet().await;
    let spent = Count::now().since(before);
    let one_is_closed = async {
        while crowd.peers.count().1 == 0 {
            yield_now().await;
        }
    };
    within("the end of one connection", one_is_closed).await;
    quiet().await;
    assert_eq!(crowd.peers.count(), (size + 1, 1), "one connection was made, and one let go");
    spent
}

/// Every allocation is one of few, and what they take is a few words for each endpoint that stays.
#[track_caller]
fn is_in_proportion(few: Count, many: Count) {
    assert!(
        many.allocations <= few.allocations + 16,
        "{} allocations with {MANY} endpoints, {} with {FEW}",
        many.allocations,
        few.allocations
    );
    let each = (many.bytes - few.bytes) / usize::from(MANY - FEW);
    assert!(each <= 512, "{each} bytes for each endpoint that stays");
}

/// What one more READY subchannel takes: everything but what h2 and the wire take for a connection by hand.
#[tokio::test]
async fn a_ready_subchannel_takes_less_than_8_kib() {
    let by_hand = {
        let before = Count::now();
        let connections = connections_by_hand(MANY).await;
        let held = Count::now().since(before).held;
        drop(connections);
        quiet().await;
        held
    };
    let before = Count::now();
    let crowd = Crowd::connected(MANY).await;
    let ours = Count::now().since(before).held;
    drop(crowd);

    let each = (ours - by_hand) / isize::try_from(MANY).unwrap();
    println!(
        "{each} bytes for each of {MANY} subchannels; h2 and the wire take {} beside",
        by_hand / isize::try_from(MANY).unwrap()
    );
    assert!((1..MOST_FOR_A_SUBCHANNEL).contains(&each), "{each} bytes");
}

const MOST_FOR_A_SUBCHANNEL: isize = 8 << 10;

/// After the idle timeout there is no task, and the peer has seen its connection close.
#[tokio::test(start_paused = true)]
async fn an_idle_channel_holds_no_task_and_no_socket() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let (connector, mut listener) = MemoryConnector::pair();
    let before = tasks();
    let channel = Channel::builder("passthrough:///greeter")
        .plaintext()
        .connector(connector)
        .idle_timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    assert_eq!(tasks(), before, "building starts nothing");

    for round in ["the first time", "and again"] {
        channel.connect();
        let mut peer = within("the connection", listener.accept()).await.unwrap();
        peer.write_all(SETTINGS).await.unwrap();
        within("readiness", channel.wait_ready(Duration::from_secs(10))).await.unwrap();
        assert!(tasks() > before, "{round}: a connection has a task");

        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(180), peer.read_to_end(&mut rest));
        closed.await.expect("the channel becomes idle").unwrap();
        drop(peer);
        assert_eq!(channel.state(), ConnectivityState::Idle, "{round}");
        let gone = async {
            while tasks() > before {
                yield_now().await;
            }
        };
        within("the end of all tasks", gone).await;
    }
}

/// Calls that wait for a server that does not answer yet, each with a message and a deadline, on the way to a method
/// that is retried. All that they hold counts: futures, messages, timers.
#[tokio::test(start_paused = true)]
async fn a_call_that_waits_takes_less_than_3_kib() {
    const CALLS: usize = 10_000;
    let (connector, mut listener) = MemoryConnector::pair();
    let channel = Channel::builder("passthrough:///greeter")
        .plaintext()
        .connector(connector)
        .default_service_config(RETRIED)
        .build()
        .unwrap();
    channel.connect();
    let mut peer = within("the connection", listener.accept()).await.unwrap();
    quiet().await;

    let greeter = GreeterClient::new(channel);
    for timeout in [None, Some(Duration::from_secs(3_600))] {
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting = Vec::with_capacity(CALLS);
        let before = Count::now();
        for _ in 0..CALLS {
            let call = greeter.say_hello(HelloRequest { name: "x".repeat(64) });
            let call = call.wait_for_ready(true);
            let call = match timeout {
                Some(timeout) => call.timeout(timeout),
                None => call,
            };
            let mut call = Box::pin(call.into_future());
            assert!(call.as_mut().poll(&mut context).is_pending());
            waiting.push(call);
        }
        let held = Count::now().since(before).held;
        let each = held / isize::try_from(CALLS).unwrap();
        println!("{each} bytes for each of {CALLS} calls that wait, with the timeout {timeout:?}");
        assert!((1..MOST_FOR_A_WAITING_CALL).contains(&each), "{each} bytes");

        drop(waiting);
        quiet().await;
        let left = Count::now().since(before).held;
        assert!(left < 64 << 10, "{left} bytes are held after the calls");
    }
    peer.shutdown().await.unwrap();
}

const MOST_FOR_A_WAITING_CALL: isize = 3 << 10;

const RETRIED: &str = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {
    "maxAttempts": 4,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"]
}}]}"#;

/// A channel whose servers are peers that greet and then say nothing.
struct Crowd {
    servers: ManualResolver,
    policy: Watched,
    peers: Peers,
    _channel: Channel,
}

impl Crowd {
    /// As many servers, all of them READY.
    async fn connected(size: u16) -> Self {
        let (connector, peers) = Peers::greet();
        let (servers, policy) = (ManualResolver::new("crowd"), Watched::default());
        servers.set_endpoints(endpoints(0, size));
        let channel = Channel::builder("crowd:///greeter")
            .plaintext()
            .connector(connector)
            .resolver(servers.clone())
            .load_balancing_policy(policy.clone())
            .load_balancing(Watched::NAME)
            .build()
            .unwrap();
        channel.connect();
        within("all servers", policy.ready(usize::from(size))).await;
        quiet().await;
        Self { servers, policy, peers, _channel: channel }
    }
}

/// As many connections on bare h2, with the settings of a channel, each moved by a task.
async fn connections_by_hand(size: u16) -> (Vec<h2::client::SendRequest<Bytes>>, Peers) {
    let (connector, peers) = Peers::greet();
    let mut connections = Vec::with_capacity(usize::from(size));
    let address = Address::Custom("by hand".to_owned());
    for _ in 0..size {
        let io = connector.connect(&address).await.unwrap();
        let mut builder = h2::client::Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(1 << 20)
            .initial_connection_window_size(8 << 20)
            .max_frame_size(64 << 10)
            .max_header_list_size(1 << 20);
        let (requests, connection) = builder.handshake(io).await.unwrap();
        tokio::spawn(connection);
        connections.push(requests);
    }
    quiet().await;
    (connections, peers)
}

/// The servers' ends of connections that were greeted.
#[derive(Clone, Default)]
struct Peers(Arc<Mutex<Vec<DuplexStream>>>);

impl Peers {
    /// Accepts whatever the connector makes, for as long as there is the connector.
    fn greet() -> (MemoryConnector, Self) {
        let (connector, mut listener) = MemoryConnector::pair();
        let peers = Self::default();
        let Self(accepted) = peers.clone();
        tokio::spawn(async move {
            while let Some(mut peer) = listener.accept().await {
                peer.write_all(SETTINGS).await.unwrap();
                accepted.lock().unwrap().push(peer);
            }
        });
        (connector, peers)
    }

    /// How many there are, and how many of them the client has closed.
    fn count(&self) -> (usize, usize) {
        let mut peers = self.0.lock().unwrap();
        let closed = peers.iter_mut().map(is_closed).filter(|is_closed| *is_closed).count();
        (peers.len(), closed)
    }
}

/// Reads what there is.
fn is_closed(peer: &mut DuplexStream) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        let mut space = [0; 1024];
        let mut buffer = ReadBuf::new(&mut space);
        match Pin::new(&mut *peer).poll_read(&mut context, &mut buffer) {
            Poll::Pending => return false,
            Poll::Ready(read) => {
                read.unwrap();
                if buffer.filled().is_empty() {
                    return true;
                }
            }
        }
    }
}

/// Lets everything run that can, until nothing on this thread takes memory any more.
async fn quiet() {
    let mut calm = 0;
    while calm < 100 {
        let before = Count::now().allocations;
        yield_now().await;
        calm = if Count::now().allocations == before { calm + 1 } else { 0 };
    }
}

/// The endpoints of [`endpoints`], the one in the middle another.
fn one_changed(size: u16) -> Vec<Endpoint> {
    let mut endpoints = endpoints(0, size);
    endpoints[usize::from(size / 2)] = endpoint(u16::MAX);
    endpoints
}

const FEW: u16 = 10;
const MANY: u16 = 1_000;

/// An empty SETTINGS frame: the greeting of a server (RFC 9113 section 3.4).
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

#[global_allocator]
static ALLOCATOR: Counting = Counting;
