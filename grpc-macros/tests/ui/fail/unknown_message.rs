//! A message that does not exist is told of where it is written.

use grpc_runtime::{Status, grpc_client};


#[grpc_client]
pub trait Service {
    async fn call(&self, request: NoSuchMessage) -> Result<(), Status>;
}

fn main() {}
