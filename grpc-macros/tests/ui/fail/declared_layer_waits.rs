//! What a layer is made of is at hand where a client is made: it cannot be waited for, nor fail.

use grpc_runtime::layer::StaticMetadata;
use grpc_runtime::{Metadata, Status, grpc_client};

#[grpc_client]
#[layer(StaticMetadata::new(fetched().await))]
#[layer(StaticMetadata::new(checked()?))]
pub trait Service {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

async fn fetched() -> Metadata {
    Metadata::new()
}

fn checked() -> Result<Metadata, Status> {
    Ok(Metadata::new())
}

fn main() {}
