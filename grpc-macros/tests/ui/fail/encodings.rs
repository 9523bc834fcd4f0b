//! Names of encodings that cannot stand in a header.

use grpc_runtime::{Status, grpc_client};

#[grpc_client]
pub trait Service {
    #[rpc(compress = "GZIP")]
    async fn upper_case(&self, request: ()) -> Result<(), Status>;
    #[rpc(compress = "gzip, zstd")]
    async fn several(&self, request: ()) -> Result<(), Status>;
    #[rpc(compress = "")]
    async fn empty(&self, request: ()) -> Result<(), Status>;
    #[rpc(compress)]
    async fn valueless(&self, request: ()) -> Result<(), Status>;
    #[rpc(compress = Gzip)]
    async fn identifier(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
