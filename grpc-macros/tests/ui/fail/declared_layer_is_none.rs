//! An interceptor is no layer by itself, on a trait as little as on a client; nor is a function.

use grpc_runtime::layer::Next;
use grpc_runtime::{Interceptor, Invoke, Method, Request, Response, Status, grpc_client};

#[grpc_client]
#[layer(Auth)]
pub trait Service {
    #[layer(pass)]
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

async fn pass(
    request: Request<service::Call>,
    next: Next<service::Call>,
) -> Result<Response<service::Call>, Status> {
    next.invoke(request).await
}

fn main() {}
