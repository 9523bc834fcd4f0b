//! A cache on a method that streams, and on a trait that has one.

use grpc_runtime::layer::Cache;
use grpc_runtime::{Status, Streaming, grpc_client};

#[grpc_client]
pub trait OnTheMethod {
    #[layer(Cache::new(100))]
    async fn watch(&self, request: ()) -> Result<Streaming<()>, Status>;
}

#[grpc_client]
#[layer(Cache::new(100))]
pub trait OnTheTrait {
    async fn read(&self, request: ()) -> Result<(), Status>;
    async fn watch(&self, request: ()) -> Result<Streaming<()>, Status>;
}

fn main() {}
