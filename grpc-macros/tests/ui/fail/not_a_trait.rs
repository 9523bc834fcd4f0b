//! The attribute on what is not a trait.

use grpc_runtime::grpc_client;

#[grpc_client(service = "a.Service")]
pub struct Service {
    channel: u8,
}

#[grpc_client]
pub fn service() {}

#[grpc_client]
impl Service {}

fn main() {}
