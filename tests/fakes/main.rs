//! What programs test themselves with: mocks, recorders, fakes that read and write streams, and errors of their own
//! types. All in this process, and where it matters over an in-memory network.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod conversations;
mod mock;
mod recorder;
mod streams;
mod typed_errors;

use grpc_runtime::{Metadata, Status, Stream, Streaming, grpc_client};
use tests::helloworld::{HelloReply, HelloRequest};

/// One method of each kind.
#[grpc_client(service = "helloworld.Greeter", mock)]
pub(crate) trait Greeter {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
    async fn collect_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<HelloReply, Status>;
    async fn chat_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<Streaming<HelloReply>, Status>;
}

pub(crate) fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}

pub(crate) fn hellos(names: &[&str]) -> impl Stream<Item = HelloRequest> + Send + use<> {
    futures_util::stream::iter(names.iter().map(|name| hello(name)).collect::<Vec<_>>())
}

pub(crate) fn reply(text: &str) -> HelloReply {
    HelloReply { message: text.to_owned() }
}

/// What replies say.
pub(crate) fn texts(replies: Vec<HelloReply>) -> Vec<String> {
    replies.into_iter().map(|reply| reply.message).collect()
}

pub(crate) fn metadata(key: &'static str, value: &'static str) -> Metadata {
    let mut metadata = Metadata::new();
    metadata.insert(key, value).unwrap();
    metadata
}
