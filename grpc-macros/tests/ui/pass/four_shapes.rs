//! Each kind of call, in public.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use grpc_runtime::{Status, Stream, Streaming, grpc_client};

/// A message.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Message {}

/// A service.
#[grpc_client(service = "a.Service")]
pub trait Service {
    /// Unary.
    async fn unary(&self, request: Message) -> Result<Message, Status>;
    /// Server streaming.
    async fn server(&self, request: Message) -> Result<Streaming<Message>, Status>;
    /// Client streaming.
    async fn client(&self, requests: impl Stream<Item = Message>) -> Result<Message, Status>;
    /// Bidirectional streaming; bounds that are added anyway may be written.
    async fn bidi(
        &self,
        requests: impl Stream<Item = Message> + Send + 'static,
    ) -> Result<Streaming<Message>, Status>;
    /// An empty request without a name, and an empty response.
    async fn empty(&self, _: ()) -> Result<(), Status>;
}

fn main() {}
