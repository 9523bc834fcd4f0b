//! Every argument but one owned message or a stream of them.

use grpc_runtime::{Status, Stream, Streaming, grpc_client};


use grpc_runtime::codegen::Outbound;

#[grpc_client]
pub trait Service {
    async fn none(&self) -> Result<(), Status>;
    async fn two(&self, request: (), metadata: u8) -> Result<(), Status>;
    async fn reference(&self, request: &u8) -> Result<(), Status>;
    async fn slice(&self, request: &[u8]) -> Result<(), Status>;
    async fn inner_reference(&self, request: Option<&str>) -> Result<(), Status>;
    async fn anything(&self, request: impl Into<u8>) -> Result<(), Status>;
    async fn object(&self, request: Box<dyn Stream<Item = &'_ u8>>) -> Result<(), Status>;
    async fn outbound(&self, requests: Outbound<u8>) -> Result<(), Status>;
    async fn streaming(&self, requests: Streaming<u8>) -> Result<(), Status>;
    async fn bounded(&self, requests: impl Stream<Item = u8> + Unpin) -> Result<(), Status>;
    async fn itemless(&self, requests: impl Stream) -> Result<(), Status>;
    async fn borrowed_items(&self, requests: impl Stream<Item = &'static u8>) -> Result<(), Status>;
    async fn of_self(&self, request: Vec<Self>) -> Result<(), Status>
    where
        Self: Sized;
    async fn attributed(&self, #[cfg(all())] request: ()) -> Result<(), Status>;
}

fn main() {}
