//! What the compiler says of an interceptor whose types do not fit.

use std::rc::Rc;

use grpc_runtime::{Channel, Invoke, Method, Request, Response, Status, grpc_client, interceptor};

#[grpc_client]
pub trait Service {
    async fn one(&self, request: ()) -> Result<(), Status>;
    async fn two(&self, request: ()) -> Result<(), Status>;
}

#[interceptor]
async fn not_send<M: Method>(request: Request<M>, next: impl Invoke<M>) -> Result<Response<M>, Status> {
    let local = Rc::new(1);
    let response = next.invoke(request).await;
    drop(local);
    response
}

#[interceptor]
async fn other_result<M: Method>(request: Request<M>, next: impl Invoke<M>) -> Result<(), Status> {
    next.invoke(request).await.map(drop)
}

struct NotCloneable;

#[interceptor]
async fn quota<M: Method>(
    state: NotCloneable,
    request: Request<M>,
    next: impl Invoke<M>,
) -> Result<Response<M>, Status> {
    let _state = state;
    next.invoke(request).await
}

#[interceptor]
async fn for_one(
    request: Request<service::One>,
    next: impl Invoke<service::One>,
) -> Result<Response<service::One>, Status> {
    next.invoke(request).await
}

pub async fn on_the_whole_client(client: ServiceClient<Channel>) {
    let client = client.layer(ForOne);
    let _ = client.one(());
    let _ = client.two(());
}

fn main() {}
