//! Several mistakes are told at once, and what uses the trait is not told of any more.

use grpc_runtime::{Status, Stream, Streaming, grpc_client};


#[grpc_client(service = "a/Service", codex = Json)]
pub trait Service {
    #[rpc(timeout = "never")]
    async fn call(&self, request: ()) -> Result<(), Status>;
    #[rpc(retries = 3)]
    async fn reference(&self, request: &u8) -> u8;
    async fn sound(&self, requests: impl Stream<Item = ()>) -> Result<Streaming<()>, Status>;
}

struct Fake;

impl Service for Fake {
    async fn call(&self, (): ()) -> Result<(), Status> {
        Ok(())
    }
    async fn reference(&self, request: &u8) -> u8 {
        *request
    }
    async fn sound(
        &self,
        _requests: impl Stream<Item = ()> + Send,
    ) -> Result<Streaming<()>, Status> {
        Err(Status::unimplemented("sound"))
    }
}

pub fn uses<T: Service>(service: T) -> impl Future<Output = Result<(), Status>> + Send + 'static {
    async move { service.call(()).await }
}

fn main() {}
