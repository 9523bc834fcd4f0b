//! The headers of a stream are asked of the stream.

use grpc_runtime::{Channel, Status, Streaming, grpc_client};

#[grpc_client]
pub trait Service {
    async fn watch(&self, request: ()) -> Result<Streaming<()>, Status>;
}

pub async fn headers(client: ServiceClient<Channel>) -> Result<(), Status> {
    let response = client.watch(()).send().await?;
    println!("{:?}", response.headers());
    Ok(())
}

fn main() {}
