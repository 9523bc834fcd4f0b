//! A codec of the runtime's, for messages that prost does not know.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use grpc_runtime::codec;
use grpc_runtime::{Status, Streaming, grpc_client};

/// A message.
#[derive(Debug, serde::Deserialize, serde::Serialize)]
pub struct Message {
    /// Its text.
    pub text: String,
}

/// A service.
#[grpc_client(service = "a.ByPath", codec = codec::Json)]
pub trait ByPath {
    /// A method.
    async fn call(&self, request: Message) -> Result<Streaming<Message>, Status>;
    /// Another.
    async fn more(&self, request: Vec<Message>) -> Result<Option<Message>, Status>;
}

fn main() {}
