//! A closure that does not say which calls it is for.

use grpc_runtime::layer::from_fn;
use grpc_runtime::{Channel, Status, grpc_client};

#[grpc_client]
pub trait Service {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

pub async fn uses(client: ServiceClient<Channel>) -> Result<(), Status> {
    let layer = from_fn(async |request, next| next.invoke(request).await);
    client.layer(layer).call(()).await
}

fn main() {}
