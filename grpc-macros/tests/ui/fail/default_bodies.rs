//! Methods with a body.

use grpc_runtime::{Status, grpc_client};


#[grpc_client]
pub trait Service {
    async fn call(&self, request: ()) -> Result<(), Status> {
        Ok(request)
    }
    async fn none(&self, request: ()) -> Result<(), Status> {}
}

fn main() {}
