//! Conditions that the attribute cannot see through.

use grpc_runtime::{Status, grpc_client};


#[grpc_client]
pub trait Service {
    #[cfg_attr(all(), rpc(idempotent))]
    async fn options(&self, request: ()) -> Result<(), Status>;
    #[cfg_attr(all(), cfg(any()))]
    async fn condition(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
