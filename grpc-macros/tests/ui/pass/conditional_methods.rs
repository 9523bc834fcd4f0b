//! Methods that are not there leave nothing behind, and those that are leave nothing out.
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
#[grpc_client(service = "a.Service")]
pub trait Service {
    /// Always there.
    async fn always(&self, request: Message) -> Result<Message, Status>;
    /// There.
    #[cfg(not(any()))]
    #[rpc(timeout = "1s")]
    async fn there(&self, request: Message) -> Result<Message, Status>;
    /// Never there.
    #[cfg(any())]
    async fn never(&self, request: NoSuchType) -> Result<NoSuchType, Status>;
    /// Never there either.
    #[cfg(not(any()))]
    #[cfg(any())]
    async fn nor_this(&self, requests: impl grpc_runtime::Stream<Item = NoSuchType>) -> Result<(), Status>;
    /// There in one of two forms.
    #[cfg(any())]
    async fn either(&self, request: NoSuchType) -> Result<Message, Status>;
    /// There in the other.
    #[cfg(not(any()))]
    #[cfg_attr(all(), doc = "With a doc that is conditional.")]
    async fn either(&self, request: Message) -> Result<Message, Status>;
}

/// A service all of whose methods are conditional.
#[grpc_client]
pub trait Gone {
    /// Never there.
    #[cfg(any())]
    async fn never(&self, request: NoSuchType) -> Result<(), Status>;
}

/// A service that is not there.
#[cfg(any())]
#[grpc_client]
pub trait NotThere {
    /// A method.
    async fn never(&self, request: NoSuchType) -> Result<(), Status>;
}

struct Fake;

impl Service for Fake {
    async fn always(&self, request: Message) -> Result<Message, Status> {
        Ok(request)
    }
    async fn there(&self, request: Message) -> Result<Message, Status> {
        Ok(request)
    }
    async fn either(&self, request: Message) -> Result<Message, Status> {
        Ok(request)
    }
}

impl Gone for Fake {}

fn is_service<T: Service>(_: &T) {}
fn is_gone<T: Gone>(_: &T) {}

fn main() {
    assert_eq!(service::There::DESCRIPTOR.path(), "/a.Service/There");
    assert_eq!(service::Either::DESCRIPTOR.path(), "/a.Service/Either");
    let client = ServiceClient::in_process(Fake);
    is_service(&client.clone().boxed());
    let _ = client.there(Message {});
    let _ = client.either(Message {});
    is_gone(&GoneClient::in_process(Fake).boxed());
}
