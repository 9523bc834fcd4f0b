//! The client of the suites: a trait written by hand for `helloworld.Greeter`, and short ways to call it.
//!
//! The code under test is behind it. What is generated from the `.proto` has suites of its own.

use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use grpc_runtime::{BackoffConfig, Channel, ChannelBuilder, Status, Streaming, grpc_client};

use crate::helloworld::{HelloReply, HelloRequest};
use crate::wait::within;

/// Says hello, in each of the four shapes.
#[grpc_client(service = "helloworld.Greeter")]
pub trait Greeter {
    /// Greets one person.
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    /// Greets one person several times.
    async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
    /// Greets everyone at once.
    async fn collect_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<HelloReply, Status>;
    /// Greets each as they come.
    async fn chat_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<Streaming<HelloReply>, Status>;
}

/// A client of `target` without TLS.
///
/// # Panics
///
/// When the target is none.
pub fn plaintext(target: impl Into<String>) -> GreeterClient {
    let channel = Channel::builder(target).plaintext().build();
    GreeterClient::new(channel.expect("a server's target is a target"))
}

/// Describes a channel to `target` without TLS. Its pauses between attempts to connect are short, so that tests in which
/// servers come and go need not wait for them.
pub fn impatient(target: impl Into<String>) -> ChannelBuilder {
    let backoff = BackoffConfig::new()
        .with_base_delay(Duration::from_millis(20))
        .with_max_delay(Duration::from_millis(100));
    Channel::builder(target).plaintext().connection_backoff(backoff)
}

/// The same, and calls are spread by `round_robin`.
pub fn spreading(target: impl Into<String>) -> ChannelBuilder {
    impatient(target).load_balancing("round_robin")
}

/// The channel that is described, and a client of it.
///
/// # Panics
///
/// When the description is wrong.
pub fn open(described: ChannelBuilder) -> (Channel, GreeterClient) {
    let channel = described.build().expect("the test describes a channel");
    (channel.clone(), GreeterClient::new(channel))
}

/// A request to greet `name`.
pub fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}

/// A stream of requests to greet `names`.
pub fn hellos<const N: usize>(
    names: [&'static str; N],
) -> impl Stream<Item = HelloRequest> + Send + 'static {
    stream::iter(names.map(hello))
}

/// What a call says in the end: the text of its reply, or its status.
pub async fn said(
    call: impl IntoFuture<Output = Result<HelloReply, Status>>,
) -> Result<String, Status> {
    within("a reply", call.into_future()).await.map(|reply| reply.message)
}

/// The texts of all replies, to the end of the stream.
///
/// # Errors
/// The status of a stream that did not end with OK.
pub async fn all(replies: Streaming<HelloReply>) -> Result<Vec<String>, Status> {
    let texts = replies.map(|reply| reply.map(|reply| reply.message)).collect::<Vec<_>>();
    within("the end of a stream", texts).await.into_iter().collect()
}
