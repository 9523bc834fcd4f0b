//! The service of [`Faults`](crate::layer::Faults).

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::call::{Invoke, InvokeFuture, Method, Request, Response};
use crate::layer::faults::layer::Random;
use crate::layer::faults::plan::{Fault, Plan};
use crate::layer::waiting;
use crate::rt;
use crate::status::Status;

/// A service whose calls meet faults.
#[derive(Clone)]
pub struct FaultsService<S> {
    plan: Arc<Plan>,
    random: Random,
    next: S,
}

impl<S> FaultsService<S> {
    pub(super) fn new(plan: Arc<Plan>, random: Random, next: S) -> Self {
        Self { plan, random, next }
    }
}

impl<S, M> Service<Request<M>> for FaultsService<S>
where
    S: Invoke<M>,
    M: Method,
{
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    /// Always ready: what is behind it is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        let fault = self.plan.decide(&*self.random);
        let next = self.next.clone();
        match fault {
            Fault { delay: None, abort: None } => next.invoke(request),
            fault => InvokeFuture::boxed(meet(fault, request, next)),
        }
    }
}

async fn meet<S: Invoke<M>, M: Method>(
    fault: Fault,
    mut request: Request<M>,
    next: S,
) -> Result<Response<M>, Status> {
    if let Some(delay) = fault.delay {
        let deadline = request.fix_deadline()?;
        // A delay beyond the clock is one without an end.
        let pause = async {
            match rt::now().checked_add(delay) {
                Some(end) => rt::sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        waiting::before(deadline, pause, "the end of a delay made on purpose").await?;
    }
    match fault.abort {
        Some(status) => Err(status),
        None => next.invoke(request).await,
    }
}

impl<S> fmt::Debug for FaultsService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FaultsService").field("plan", &self.plan).finish_non_exhaustive()
    }
}
