//! A type that the codec does not know.

use grpc_runtime::{Status, grpc_client};


pub struct Plain;

#[grpc_client]
pub trait Service {
    async fn call(&self, request: Plain) -> Result<(), Status>;
}

fn main() {}
