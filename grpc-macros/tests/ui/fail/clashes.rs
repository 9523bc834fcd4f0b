//! Methods that come out the same.

use grpc_runtime::{Status, grpc_client};


#[grpc_client(service = "a.Service")]
pub trait Service {
    async fn call(&self, request: ()) -> Result<(), Status>;
    #[rpc(name = "Call")]
    async fn same_on_the_wire(&self, request: ()) -> Result<(), Status>;
    async fn call_(&self, request: ()) -> Result<(), Status>;
    #[rpc(name = "OtherCall")]
    async fn _call(&self, request: ()) -> Result<(), Status>;
    async fn twice(&self, request: ()) -> Result<(), Status>;
    async fn twice(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
