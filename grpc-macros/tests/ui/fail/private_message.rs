//! A private message in a public trait.

use grpc_runtime::{Status, grpc_client};


#[derive(Clone, PartialEq, prost::Message)]
struct Private {}

#[grpc_client]
pub trait Service {
    async fn call(&self, request: Private) -> Result<(), Status>;
}

fn main() {}
