//! Methods with parameters of their own.

use grpc_runtime::{Status, grpc_client};


#[grpc_client]
pub trait Service {
    async fn generic<T: Send>(&self, request: T) -> Result<(), Status>;
    async fn sized<const N: usize>(&self, request: [u8; N]) -> Result<(), Status>;
    async fn borrowed<'a>(&self, request: std::str::Chars<'a>) -> Result<(), Status>;
    async fn bounded(&self, request: ()) -> Result<(), Status>
    where
        Self: Clone;
}

fn main() {}
