//! Code that is generic over what carries the calls, and does not say that it can.

use grpc_runtime::{Status, grpc_client};

#[grpc_client]
pub trait Service {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

pub fn uses<S: Clone>(client: ServiceClient<S>) {
    let _call = client.call(());
}

fn main() {}
