//! Arguments that are taken apart where there is no body to use the parts.

use grpc_runtime::{Status, grpc_client};


pub struct Pair(u8, u8);

#[grpc_client]
pub trait Service {
    async fn taken_apart(&self, Pair(one, two): Pair) -> Result<(), Status>;
    async fn changed(&self, mut request: Pair) -> Result<(), Status>;
    async fn unit(&self, (): ()) -> Result<(), Status>;
}

fn main() {}
