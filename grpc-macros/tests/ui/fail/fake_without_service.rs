//! A client of something that does not implement the trait.

use grpc_runtime::{Status, grpc_client};


#[grpc_client]
pub trait Service {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

pub fn uses() {
    let _ = ServiceClient::in_process(5_u8);
}

fn main() {}
