//! An interceptor for one method on a whole channel.

use grpc_runtime::{
    Channel, ChannelError, Intercept, Interceptor, Invoke, Request, Response, Status, grpc_client,
};

#[grpc_client]
pub trait Service {
    async fn one(&self, request: ()) -> Result<(), Status>;
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

pub fn builds() -> Result<Channel, ChannelError> {
    Channel::builder("dns:///service").layer(Intercept(ForOne)).build()
}

fn main() {}
