//! A cache on a client that has streams as well.

use grpc_runtime::layer::Cache;
use grpc_runtime::{Channel, Status, Streaming, grpc_client};

#[grpc_client]
pub trait Service {
    #[rpc(no_side_effects)]
    async fn read(&self, request: ()) -> Result<(), Status>;
    async fn watch(&self, request: ()) -> Result<Streaming<()>, Status>;
}

pub async fn uses(client: ServiceClient<Channel>) -> Result<(), Status> {
    let client = client.layer(Cache::new(100));
    client.read(()).await?;
    client.watch(()).await?;
    Ok(())
}

fn main() {}
