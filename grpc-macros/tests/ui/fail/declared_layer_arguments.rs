//! What `#[layer(..)]` takes.

use grpc_runtime::layer::Trace;
use grpc_runtime::{Status, grpc_client};

#[grpc_client]
#[layer]
#[layer = "Trace::new()"]
pub trait Service {
    #[layer()]
    async fn empty(&self, request: ()) -> Result<(), Status>;
    #[layer(Trace::new(), Trace::new())]
    async fn two(&self, request: ()) -> Result<(), Status>;
    #[layer(Trace::new() +)]
    async fn no_expression(&self, request: ()) -> Result<(), Status>;
    #[cfg_attr(unix, layer(Trace::new()))]
    async fn conditional(&self, request: ()) -> Result<(), Status>;
    #[layer(Trace::new())]
    async fn without_layers(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
