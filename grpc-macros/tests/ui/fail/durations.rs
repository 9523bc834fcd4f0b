//! Texts that are no durations.

use grpc_runtime::{Status, grpc_client};

#[grpc_client]
pub trait Service {
    #[rpc(timeout = "")]
    async fn call_0(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "soon")]
    async fn call_1(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "5")]
    async fn call_2(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "5 s")]
    async fn call_3(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "5sec")]
    async fn call_4(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "-5s")]
    async fn call_5(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "0s")]
    async fn call_6(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "100000000h")]
    async fn call_7(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "0.5ns")]
    async fn call_8(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = ".5s")]
    async fn call_9(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "1.2.3s")]
    async fn call_10(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "99999999999999999999999999999999999999999s")]
    async fn call_11(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
