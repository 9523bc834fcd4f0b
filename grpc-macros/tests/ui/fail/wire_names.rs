//! Names of methods that the wire cannot carry.

use grpc_runtime::{Status, grpc_client};


#[grpc_client]
pub trait Service {
    #[rpc(name = "")]
    async fn empty(&self, request: ()) -> Result<(), Status>;
    #[rpc(name = "a.Service/Call")]
    async fn path(&self, request: ()) -> Result<(), Status>;
    #[rpc(name = "Say Hello")]
    async fn space(&self, request: ()) -> Result<(), Status>;
    #[rpc(name = "1st")]
    async fn digit(&self, request: ()) -> Result<(), Status>;
    async fn _1(&self, request: ()) -> Result<(), Status>;
    async fn __(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
