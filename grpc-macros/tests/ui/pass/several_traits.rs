//! Traits side by side, with methods and messages of the same names.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use grpc_runtime::{Method, Status, grpc_client};

/// A message.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Message {}

/// A service.
#[grpc_client(package = "one")]
pub trait First {
    /// A method.
    async fn call(&self, request: Message) -> Result<Message, Status>;
}

/// A service with methods called like what the other's module has in it.
#[grpc_client(package = "two.three")]
pub trait Second {
    /// A method.
    async fn call(&self, request: Message) -> Result<Message, Status>;
    /// A method that the module of markers has a name like.
    async fn services(&self, request: Message) -> Result<Message, Status>;
    /// Another, which would be a function of the client without the `_`.
    async fn boxed_(&self, request: Message) -> Result<Message, Status>;
    /// Methods that are called like fields, functions and traits in what is generated.
    async fn service(&self, request: Message) -> Result<Message, Status>;
    /// Likewise.
    async fn send(&self, request: Message) -> Result<Message, Status>;
    /// Likewise.
    async fn handle(&self, request: Message) -> Result<Message, Status>;
    /// Likewise.
    async fn invoke(&self, request: Message) -> Result<Message, Status>;
    /// Likewise.
    async fn into_outbound(&self, request: Message) -> Result<Message, Status>;
}

/// One type for both.
#[derive(Debug)]
pub struct Both;

impl First for Both {
    async fn call(&self, request: Message) -> Result<Message, Status> {
        Ok(request)
    }
}

fn main() {
    let _ = FirstClient::in_process(Both).call(Message {});
    assert_eq!(first::Call::DESCRIPTOR.path(), "/one.First/Call");
    assert_eq!(second::Call::DESCRIPTOR.path(), "/two.three.Second/Call");
    assert_eq!(second::BoxedMethod::DESCRIPTOR.path(), "/two.three.Second/Boxed");
    assert_eq!(second::SERVICE, "two.three.Second");
}
