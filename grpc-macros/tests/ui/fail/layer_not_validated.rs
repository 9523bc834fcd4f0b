//! Validation of a message that does not say when it is valid.

use grpc_runtime::layer::Validation;
use grpc_runtime::{Channel, Status, grpc_client};

#[grpc_client]
pub trait Service {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

pub async fn uses(client: ServiceClient<Channel>) -> Result<(), Status> {
    client.layer(Validation).call(()).await
}

fn main() {}
