//! What is deprecated is so for who calls it, and for nothing that is generated.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use grpc_runtime::{Status, grpc_client};

/// A service.
#[grpc_client]
pub trait Service {
    /// Out of use.
    #[deprecated(note = "call `new_call`")]
    async fn old_call(&self, request: ()) -> Result<(), Status>;
    /// In use.
    async fn new_call(&self, request: ()) -> Result<(), Status>;
}

/// A service that is out of use.
#[deprecated]
#[grpc_client]
pub trait OldService {
    /// A method.
    async fn call(&self, request: ()) -> Result<(), Status>;
}

struct Fake;

impl Service for Fake {
    async fn old_call(&self, (): ()) -> Result<(), Status> {
        Ok(())
    }
    async fn new_call(&self, (): ()) -> Result<(), Status> {
        Ok(())
    }
}

fn main() {
    let client = ServiceClient::in_process(Fake);
    #[expect(deprecated, reason = "the client's method is deprecated with the trait's")]
    let _ = client.old_call(());
    let _ = client.new_call(());
    #[expect(deprecated, reason = "the client is deprecated with its trait")]
    let _ = |channel| OldServiceClient::new(channel);
}
