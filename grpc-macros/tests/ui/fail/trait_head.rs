//! What a trait must not be.

use grpc_runtime::{Status, grpc_client};


#[grpc_client]
pub trait Generic<T, const N: usize> {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client]
pub trait Borrowed<'a> {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client]
pub trait Bounded
where
    Self: Clone,
{
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client]
pub unsafe trait Unsafe {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client]
#[rpc(idempotent)]
pub trait Misplaced {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
