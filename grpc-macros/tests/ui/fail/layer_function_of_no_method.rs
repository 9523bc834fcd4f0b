//! A function that does not say which calls it is for.

use grpc_runtime::layer::{Next, from_fn};
use grpc_runtime::{Channel, Method, Request, Response, Status, grpc_client};

#[grpc_client]
pub trait Service {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

async fn pass<M: Method>(request: Request<M>, next: Next<M>) -> Result<Response<M>, Status> {
    next.invoke(request).await
}

pub async fn uses(client: ServiceClient<Channel>) -> Result<(), Status> {
    let layer = from_fn(pass);
    client.layer(layer).call(()).await
}

fn main() {}
