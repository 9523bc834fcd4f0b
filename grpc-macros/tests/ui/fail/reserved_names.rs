//! Methods with names that the client has for itself.

use grpc_runtime::{Status, grpc_client};

#[grpc_client]
pub trait Service {
    async fn new(&self, request: ()) -> Result<(), Status>;
    async fn with_service(&self, request: ()) -> Result<(), Status>;
    async fn layer(&self, request: ()) -> Result<(), Status>;
    async fn boxed(&self, request: ()) -> Result<(), Status>;
    async fn in_process(&self, request: ()) -> Result<(), Status>;
    async fn clone(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
