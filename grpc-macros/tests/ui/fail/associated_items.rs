//! What a trait must not have in it.

use grpc_runtime::{Status, grpc_client};


#[grpc_client]
pub trait Service {
    type Message;
    const NAME: &'static str;
    async fn call(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
