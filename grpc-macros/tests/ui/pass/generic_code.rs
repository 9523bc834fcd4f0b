//! What applications write around a service: generic functions, fields, other threads.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use std::future::Future;

use grpc_runtime::{Channel, Status, grpc_client};

/// A service.
#[grpc_client]
pub trait Service {
    /// A method.
    async fn call(&self, request: ()) -> Result<(), Status>;
}

struct Application<T> {
    service: T,
}

impl<T: Service> Application<T> {
    fn run(self) -> impl Future<Output = Result<(), Status>> + Send + 'static {
        async move { self.service.call(()).await }
    }
}

fn checks<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}

fn main() {
    checks::<ServiceClient>();
    checks::<ServiceClient<service::Boxed>>();
    let _ = |channel: Channel| Application { service: ServiceClient::new(channel) }.run();
    let _ = |client: ServiceClient| {
        let spawned: Box<dyn Future<Output = Result<(), Status>> + Send> =
            Box::new(async move { client.call(()).await });
        spawned
    };
}
