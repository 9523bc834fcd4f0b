//! The service of [`SingleFlight`](crate::layer::SingleFlight).

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use tower_service::Service;

use crate::call::{Invoke, InvokeFuture, Request, Response};
use crate::layer::call_key::{Shareable, Vary, call_key, is_marked};
use crate::layer::single_flight::flight::{Boarding, Flights};
use crate::rt;
use crate::status::{Code, Origin, Status};

/// A service to which the same calls go once.
#[derive(Clone)]
pub struct SingleFlightService<S> {
    flights: Arc<Flights>,
    vary: Vary,
    next: S,
}

impl<S> SingleFlightService<S> {
    pub(super) fn new(flights: Arc<Flights>, vary: Vary, next: S) -> Self {
        Self { flights, vary, next }
    }
}

impl<S, M> Service<Request<M>> for SingleFlightService<S>
where
    S: Invoke<M>,
    M: Shareable,
{
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    /// Always ready: what is behind it is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        let next = self.next.clone();
        // Without a runtime there is no task to share.
        if !is_marked(&request) || !rt::is_entered() {
            return next.invoke(request);
        }
        match call_key(&request, &self.vary) {
            Ok(key) => InvokeFuture::boxed(share(Arc::clone(&self.flights), key, request, next)),
            Err(status) => InvokeFuture::failed(status),
        }
    }
}

async fn share<S, M>(
    flights: Arc<Flights>,
    key: Bytes,
    mut request: Request<M>,
    next: S,
) -> Result<Response<M>, Status>
where
    S: Invoke<M>,
    M: Shareable,
{
    let deadline = request.fix_deadline()?;
    loop {
        match flights.board::<Response<M>>(&key) {
            Boarding::First(flight, departure) => {
                departure.start(&flight, next.invoke(request));
                return flight.outcome().await;
            }
            Boarding::Joined(flight) => {
                let outcome = by(deadline, flight.outcome()).await?;
                match &outcome {
                    Err(status) if is_of_another(status) => {}
                    Ok(_) | Err(_) => return outcome,
                }
            }
        }
    }
}

/// Whether a failure is about the call that was first, and not about the server: its time ran out, not ours.
fn is_of_another(status: &Status) -> bool {
    let is_about_a_call = matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled);
    is_about_a_call && status.origin() == Origin::Local
}

async fn by<T>(deadline: Option<Instant>, outcome: impl Future<Output = T>) -> Result<T, Status> {
    let Some(deadline) = deadline else { return Ok(outcome.await) };
    rt::until(deadline, outcome).await.ok_or_else(|| {
        Status::deadline_exceeded(
            "the deadline passed while the same call of another was under way",
        )
    })
}

impl<S> fmt::Debug for SingleFlightService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SingleFlightService").finish_non_exhaustive()
    }
}
