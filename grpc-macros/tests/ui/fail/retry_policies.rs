//! Retries that gRPC or a channel would refuse, or that could never happen.

use grpc_runtime::{Status, grpc_client};


#[grpc_client]
pub trait Service {
    #[rpc(retry(max_attempts = 1))]
    async fn not_again(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry(max_attempts = 6))]
    async fn too_often(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry(initial_backoff = "0s", max_backoff = "5", attempt_timeout = "0ms", backoff_multiplier = 0))]
    async fn zeros(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry(initial_backoff = "1s", max_backoff = "100ms"))]
    async fn shrinking(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry(max_backoff = "10ms"))]
    async fn below_the_default(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry(codes(UNAVALIABLE, Aborted, NOT_A_CODE, OK, INTERNAL, INTERNAL)))]
    async fn codes(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry(codes(Code::Unavailable, "UNAVAILABLE", 14)))]
    async fn paths(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry(codes()))]
    async fn no_codes(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry(codes = [UNAVAILABLE]))]
    async fn list(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry = 4)]
    async fn number(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry(4))]
    async fn nameless(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry(attempts = 4))]
    async fn unknown(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry(max_attempts = 3, max_attempts = 4))]
    async fn twice(&self, request: ()) -> Result<(), Status>;
    #[rpc(retry(max_attempts = "4", backoff_multiplier = "2"))]
    async fn texts(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "1s", retry(attempt_timeout = "1s"))]
    async fn one_attempt_is_all(&self, request: ()) -> Result<(), Status>;
    #[rpc(timeout = "20ms", retry)]
    async fn no_time_to_wait(&self, request: ()) -> Result<(), Status>;
    #[rpc(idempotent, retry, hedge(delay = "10ms"))]
    async fn both(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
