//! What an interceptor looks like.
#![allow(unused_variables)]

use grpc_runtime::layer::Next;
use grpc_runtime::{Invoke, Method, Request, Response, Status, interceptor};

#[interceptor]
struct NotAFunction;

#[interceptor]
fn not_async<M: Method>(request: Request<M>, next: impl Invoke<M>) -> Result<Response<M>, Status> {
    loop {}
}

#[interceptor]
async fn no_parameters<M: Method>() -> Result<Response<M>, Status> {
    loop {}
}

#[interceptor]
async fn no_request<M: Method>(message: M::Request, next: impl Invoke<M>) -> Result<Response<M>, Status> {
    loop {}
}

#[interceptor]
async fn boxed_next<M: Method>(request: Request<M>, next: Next<M>) -> Result<Response<M>, Status> {
    next.invoke(request).await
}

#[interceptor]
async fn own_next<M: Method, S: Invoke<M>>(request: Request<M>, next: S) -> Result<Response<M>, Status> {
    next.invoke(request).await
}

#[interceptor]
async fn no_response<M: Method>(request: Request<M>, next: impl Invoke<M>) {}

#[interceptor]
async fn odd_state<'a, M: Method, const N: usize>(
    count: &mut usize,
    clock: impl Fn() -> u64,
    name: &'a str,
    (left, right): (u8, u8),
    request: Request<M>,
    next: impl Invoke<M>,
) -> Result<Response<M>, Status> {
    loop {}
}

#[interceptor]
async unsafe extern "C" fn qualified<M: Method>(
    request: Request<M>,
    next: impl Invoke<M>,
) -> Result<Response<M>, Status> {
    loop {}
}

#[interceptor(nam = Other)]
async fn misspelled<M: Method>(request: Request<M>, next: impl Invoke<M>) -> Result<Response<M>, Status> {
    next.invoke(request).await
}

#[interceptor(name = Same)]
async fn Same<M: Method>(request: Request<M>, next: impl Invoke<M>) -> Result<Response<M>, Status> {
    next.invoke(request).await
}

struct Quota;

impl Quota {
    #[interceptor]
    async fn method<M: Method>(&self, request: Request<M>, next: impl Invoke<M>) -> Result<Response<M>, Status> {
        next.invoke(request).await
    }
}

fn main() {}
