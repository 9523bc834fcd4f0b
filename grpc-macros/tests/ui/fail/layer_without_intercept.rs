//! An interceptor is no layer by itself: `Intercept` makes it one.

use grpc_runtime::{Channel, Interceptor, Invoke, Method, Request, Response, Status, grpc_client};

#[grpc_client]
pub trait Service {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[derive(Clone)]
struct Auth;

impl<M: Method> Interceptor<M> for Auth {
    async fn intercept<S: Invoke<M>>(
        &self,
        request: Request<M>,
        next: S,
    ) -> Result<Response<M>, Status> {
        next.invoke(request).await
    }
}

pub async fn uses(client: ServiceClient<Channel>) -> Result<(), Status> {
    client.layer(Auth).call(()).await
}

fn main() {}
