//! Words around `fn` that a remote method cannot have, and the one that it must.

use grpc_runtime::{Status, grpc_client};


use std::future::Future;

#[grpc_client]
pub trait Service {
    fn blocking(&self, request: ()) -> Result<(), Status>;
    fn by_hand(&self, request: ()) -> impl Future<Output = Result<(), Status>> + Send;
    const async fn constant(&self, request: ()) -> Result<(), Status>;
    async unsafe fn dangerous(&self, request: ()) -> Result<(), Status>;
    async extern "C" fn foreign(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
