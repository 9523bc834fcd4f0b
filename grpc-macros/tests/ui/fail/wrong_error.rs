//! An error that is not `Status`.

use grpc_runtime::grpc_client;


#[derive(Debug)]
pub struct MyError;

#[grpc_client]
pub trait Service {
    async fn call(&self, request: ()) -> Result<(), MyError>;
}

fn main() {}
