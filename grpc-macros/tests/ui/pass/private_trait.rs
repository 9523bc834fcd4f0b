//! A trait that is private over messages that are; not all of it is used.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use grpc_runtime::{Channel, Status, grpc_client};

#[derive(Clone, PartialEq, prost::Message)]
struct Message {}

#[grpc_client]
trait Service {
    async fn used(&self, request: Message) -> Result<Message, Status>;
    async fn unused(&self, request: Message) -> Result<Message, Status>;
}

fn main() {
    let _ = |channel: Channel| {
        let _ = ServiceClient::new(channel).used(Message {});
    };
}
