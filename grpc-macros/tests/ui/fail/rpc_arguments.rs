//! Arguments of a method's attribute that are not.

use grpc_runtime::{Status, grpc_client};


#[grpc_client]
pub trait Service {
    #[rpc(deadline = "1s", idempotnt)]
    async fn unknown(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "1s", timeout = "2s")]
    async fn repeated(&self, request: ()) -> Result<(), Status>;
    #[rpc(wait_for_ready)]
    #[rpc(wait_for_ready = false)]
    async fn repeated_apart(&self, request: ()) -> Result<(), Status>;
    #[rpc(name = Call, timeout = 5, wait_for_ready = "yes", idempotent = true)]
    async fn kinds(&self, request: ()) -> Result<(), Status>;
    #[rpc(name, timeout, max_request_bytes)]
    async fn valueless(&self, request: ()) -> Result<(), Status>;
    #[rpc(idempotent, no_side_effects)]
    async fn both(&self, request: ()) -> Result<(), Status>;
    #[rpc]
    async fn bare(&self, request: ()) -> Result<(), Status>;
    #[rpc()]
    async fn empty(&self, request: ()) -> Result<(), Status>;
    #[rpc = "Call"]
    async fn equal(&self, request: ()) -> Result<(), Status>;
    #[rpc(idempotent timeout = "1s")]
    async fn commaless(&self, request: ()) -> Result<(), Status>;
    #[rpc("Call")]
    async fn nameless(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
