//! Functions that become layers: for all methods or for one, with state of every kind, and names that generated code
//! might have for itself.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use grpc_runtime::layer::{Shareable, Trace};
use grpc_runtime::{
    Channel, Intercept, Invoke, Method, Request, Response, Status, Streaming, grpc_client,
    interceptor,
};

/// Passes every call.
#[interceptor]
pub async fn pass<M: Method>(
    request: Request<M>,
    next: impl Invoke<M>,
) -> Result<Response<M>, Status> {
    next.invoke(request).await
}

/// A trait of an own type.
pub trait Clock: Send + Sync + 'static {
    /// The time.
    fn now(&self) -> u64;
}

impl Clock for u64 {
    fn now(&self) -> u64 {
        *self
    }
}

/// A type called as a parameter might be.
#[derive(Debug, Clone, Copy)]
pub struct S;

/// With state of every kind.
#[interceptor]
async fn stateful<M: Method>(
    tenant: &str,
    clock: &dyn Clock,
    count: &AtomicUsize,
    r#type: &'static str,
    mut step: usize,
    _unit: S,
    mut request: Request<M>,
    next: impl Invoke<M>,
) -> Result<Response<M>, Status> {
    step += usize::try_from(clock.now()).unwrap_or_default();
    count.fetch_add(step, Ordering::Relaxed);
    request.metadata_mut().insert("x-tenant", tenant)?;
    request.metadata_mut().insert("x-type", r#type)?;
    next.invoke(request).await
}

/// For one method, twice where it fails.
#[interceptor(name = Again, crate = ::grpc_runtime)]
async fn twice(
    request: Request<service::Call>,
    next: impl Invoke<service::Call>,
) -> Result<Response<service::Call>, Status> {
    let again = Request::new(*request.message());
    match next.clone().invoke(request).await {
        Err(_) => next.invoke(again).await,
        answer => answer,
    }
}

/// For some methods.
#[interceptor]
async fn shared<M>(request: Request<M>, next: impl Invoke<M>) -> Result<Response<M>, Status>
where
    M: Method + Shareable,
{
    next.invoke(request).await
}

/// Never compiled.
#[cfg(any())]
#[interceptor]
async fn never<M: Missing>(request: Request<M>, next: impl Invoke<M>) -> Missing {}

mod deeper {
    use super::{Invoke, Method, Request, Response, Status, interceptor};

    #[interceptor]
    pub(super) async fn restricted<M: Method>(
        limit: usize,
        request: Request<M>,
        next: impl Invoke<M>,
    ) -> Result<Response<M>, Status> {
        let _limit = limit;
        next.invoke(request).await
    }
}

/// A service.
#[grpc_client]
#[layer(Pass)]
#[layer(deeper::Restricted::new(1))]
pub trait Service {
    /// A method.
    #[layer(Again)]
    #[layer(Shared)]
    #[layer(Intercept(Pass))]
    async fn call(&self, request: u32) -> Result<(), Status>;
    /// Another.
    async fn watch(&self, request: ()) -> Result<Streaming<()>, Status>;
}

fn layered(channel: Channel) -> impl Service {
    let count = Arc::new(AtomicUsize::new(0));
    let clock: Arc<dyn Clock> = Arc::new(1);
    ServiceClient::new(channel)
        .layer(Stateful::new("blue", clock, Arc::clone(&count), "fast", 1, S))
        .layer(Trace::new())
        .layer(Pass)
        .boxed()
}

fn main() {
    let _: fn(Channel) -> _ = layered;
    assert_eq!(format!("{:?} {:?}", Pass, deeper::Restricted::new(1)), "Pass Restricted { .. }");
}
