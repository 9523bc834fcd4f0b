//! An interceptor for one method on a whole client.

use grpc_runtime::{Channel, Intercept, Interceptor, Invoke, Request, Response, Status, grpc_client};

#[grpc_client]
pub trait Service {
    async fn one(&self, request: ()) -> Result<(), Status>;
    async fn two(&self, request: ()) -> Result<(), Status>;
}

#[derive(Clone)]
struct ForOne;

impl Interceptor<service::One> for ForOne {
    async fn intercept<S: Invoke<service::One>>(
        &self,
        request: Request<service::One>,
        next: S,
    ) -> Result<Response<service::One>, Status> {
        next.invoke(request).await
    }
}

pub async fn uses(client: ServiceClient<Channel>) -> Result<(), Status> {
    let client = client.layer(Intercept(ForOne));
    client.one(()).await?;
    client.two(()).await
}

fn main() {}
