//! Bytes of a type that the codec does not know.

use grpc_runtime::{Status, grpc_client};

#[grpc_client(codec = grpc_runtime::codec::Raw)]
pub trait Service {
    async fn call(&self, request: Vec<u8>) -> Result<grpc_runtime::prost::bytes::Bytes, Status>;
}

fn main() {}
