//! The service of [`CircuitBreaker`](crate::layer::CircuitBreaker): asks the circuit before a call, and tells it the
//! end.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use tower_service::Service;

use crate::call::{EndHook, Ended, Invoke, InvokeFuture, Method, Request, Response};
use crate::layer::circuit_breaker::Fallback;
use crate::layer::circuit_breaker::layer::{Circuits, IsFailure};
use crate::layer::circuit_breaker::machine::{Admission, Machine, Phase, Ticket, Verdict};
use crate::layer::on_end::OnEndFuture;
use crate::method::MethodRef;
use crate::rt;
use crate::status::{Code, Delivery, Status};

/// A service behind a circuit.
#[derive(Clone)]
pub struct CircuitBreakerService<F, S> {
    circuits: Arc<Circuits>,
    is_failure: IsFailure,
    fallback: F,
    next: S,
}

impl<F, S> CircuitBreakerService<F, S> {
    pub(super) fn new(
        circuits: Arc<Circuits>,
        is_failure: IsFailure,
        fallback: F,
        next: S,
    ) -> Self {
        Self { circuits, is_failure, fallback, next }
    }
}

impl<F, S, M> Service<Request<M>> for CircuitBreakerService<F, S>
where
    F: Fallback<M>,
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
        let circuit = self.circuits.of(request.method());
        let now = rt::now();
        let admission = lock(&circuit).on_call(now);
        match admission {
            Admission::Through(ticket) => {
                let method = request.method_ref().clone();
                let is_failure = Arc::clone(&self.is_failure);
                let report = Report { circuit, ticket, is_failure, method };
                InvokeFuture::boxed(OnEndFuture::new(report, || self.next.clone().invoke(request)))
            }
            Admission::Refused { next } => {
                InvokeFuture::of_service(self.fallback.answer(request, refusal(next, now)))
            }
        }
    }
}

impl<F, S> fmt::Debug for CircuitBreakerService<F, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CircuitBreakerService").finish_non_exhaustive()
    }
}

/// Tells the circuit how a call ended.
struct Report {
    circuit: Arc<Mutex<Machine>>,
    ticket: Ticket,
    is_failure: IsFailure,
    method: MethodRef,
}

impl Report {
    fn verdict(&self, ended: Ended<'_>) -> Verdict {
        match ended {
            Ended::Ok { .. } => Verdict::Good,
            Ended::Dropped => Verdict::Nothing,
            Ended::Failed(status) if (self.is_failure)(status) => Verdict::Bad,
            Ended::Failed(status) if status.code() == Code::Cancelled => Verdict::Nothing,
            Ended::Failed(status) => match status.delivery() {
                Delivery::NotSent => Verdict::Nothing,
                Delivery::NotProcessed | Delivery::Unknown | Delivery::Answered => Verdict::Good,
            },
        }
    }
}

impl EndHook for Report {
    fn ended(self, ended: Ended<'_>) {
        let verdict = self.verdict(ended);
        let now = rt::now();
        let mut circuit = lock(&self.circuit);
        let before = circuit.phase();
        circuit.on_end(self.ticket, verdict, now);
        let after = circuit.phase();
        drop(circuit);
        if before != after {
            let method = self.method.path();
            match after {
                Phase::Open => tracing::warn!(target: TARGET, method, "circuit opened"),
                Phase::Closed => tracing::info!(target: TARGET, method, "circuit closed"),
                // That is by a call, not by an end.
                Phase::HalfOpen => {}
            }
        }
    }
}

/// What a circuit has counted; held for a few instructions, never while a call or a function of the program's runs.
fn lock(circuit: &Mutex<Machine>) -> MutexGuard<'_, Machine> {
    circuit.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refusal(next: Instant, now: Instant) -> Status {
    let wait = next.saturating_duration_since(now);
    Status::unavailable(format!(
        "the circuit breaker is open, as too many recent calls failed; it lets calls through again in {wait:.1?} at the earliest"
    ))
    .with_delivery(Delivery::NotSent)
}

const TARGET: &str = "grpc_runtime::circuit_breaker";
