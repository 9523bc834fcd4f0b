//! Every receiver but `&self`.

use grpc_runtime::{Status, grpc_client};


use std::sync::Arc;

#[grpc_client]
pub trait Service {
    async fn missing(request: ()) -> Result<(), Status>;
    async fn mutable(&mut self, request: ()) -> Result<(), Status>;
    async fn value(self, request: ()) -> Result<(), Status>;
    async fn mutable_value(mut self, request: ()) -> Result<(), Status>
    where
        Self: Sized;
    async fn shared(self: Arc<Self>, request: ()) -> Result<(), Status>;
    async fn named<'a>(&'a self, request: ()) -> Result<(), Status>;
}

fn main() {}
