//! Hedging that gRPC or a channel would refuse, that could never happen, or that a method does not bear.

use grpc_runtime::{Status, grpc_client};


#[grpc_client]
pub trait Service {
    #[rpc(hedge(delay = "10ms"))]
    async fn unmarked(&self, request: ()) -> Result<(), Status>;
    #[rpc(idempotent, hedge)]
    async fn no_delay(&self, request: ()) -> Result<(), Status>;
    #[rpc(idempotent, hedge(delay = "10ms", max_attempts = 1))]
    async fn not_again(&self, request: ()) -> Result<(), Status>;
    #[rpc(idempotent, hedge(delay = "soon"))]
    async fn soon(&self, request: ()) -> Result<(), Status>;
    #[rpc(idempotent, hedge(delay = "10ms", non_fatal_codes(Unavailable)))]
    async fn codes(&self, request: ()) -> Result<(), Status>;
    #[rpc(idempotent, hedge(delay = "10ms", codes(UNAVAILABLE)))]
    async fn unknown(&self, request: ()) -> Result<(), Status>;
    #[rpc(hedge(delay = "10ms", allow_duplicates = true))]
    async fn flag(&self, request: ()) -> Result<(), Status>;
    #[rpc(idempotent, timeout = "10ms", hedge(delay = "10ms"))]
    async fn too_late(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
