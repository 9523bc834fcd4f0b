//! An interceptor for one method, declared on another and on all of them.

use grpc_runtime::{Intercept, Interceptor, Invoke, Request, Response, Status, grpc_client};

#[grpc_client]
pub trait Service {
    #[layer(Intercept(ForOne))]
    async fn one(&self, request: ()) -> Result<(), Status>;
    #[layer(Intercept(ForOne))]
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

fn main() {}
