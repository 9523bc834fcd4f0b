//! Numbers of bytes that are none.

use grpc_runtime::{Status, grpc_client};


#[grpc_client]
pub trait Service {
    #[rpc(max_request_bytes = "4096", max_response_bytes = 1.5)]
    async fn kinds(&self, request: ()) -> Result<(), Status>;
    #[rpc(max_request_bytes = -1, max_response_bytes = 4294967296)]
    async fn ranges(&self, request: ()) -> Result<(), Status>;
    #[rpc(max_request_bytes = 1u8, max_response_bytes = )]
    async fn others(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
