//! The service of [`Trace`](crate::layer::Trace): opens the span, records the end in it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use pin_project_lite::pin_project;
use tower_service::Service;
use tracing::Span;
use tracing::field::Empty;

use crate::call::{EndHook, Ended, Invoke, InvokeFuture, Method, Request, Response};
use crate::layer::on_end::OnEndFuture;
use crate::method::MethodDescriptor;
use crate::rt;
use crate::status::Status;

/// A service with a span around each call.
#[derive(Clone)]
pub struct TraceService<S> {
    target: Option<Arc<str>>,
    next: S,
}

impl<S> TraceService<S> {
    pub(super) fn new(target: Option<Arc<str>>, next: S) -> Self {
        Self { target, next }
    }

    fn span(&self, method: &MethodDescriptor) -> Span {
        tracing::info_span!(
            target: "grpc_runtime::call",
            "grpc.call",
            otel.kind = "client",
            rpc.system = "grpc",
            rpc.service = method.service(),
            rpc.method = method.method(),
            server.target = self.target.as_deref(),
            server.address = Empty,
            rpc.grpc.status_code = Empty,
            duration_ms = Empty,
            attempts = Empty,
        )
    }
}

impl<S, M> Service<Request<M>> for TraceService<S>
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
        let span = self.span(request.method());
        let call = || span.in_scope(|| self.next.clone().invoke(request));
        if span.is_disabled() {
            return call();
        }
        let call = OnEndFuture::new(Report { span: span.clone(), started: rt::now() }, call);
        InvokeFuture::boxed(TraceFuture { span, call })
    }
}

impl<S> fmt::Debug for TraceService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TraceService").finish_non_exhaustive()
    }
}

pin_project! {
    /// A call in its span.
    struct TraceFuture<R> {
        span: Span,
        #[pin]
        call: OnEndFuture<R, Report>,
    }
}

impl<R, M> Future for TraceFuture<R>
where
    R: Future<Output = Result<Response<M>, Status>>,
    M: Method,
{
    type Output = Result<Response<M>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _inside = this.span.enter();
        this.call.poll(context)
    }
}

/// Records the end of a call in its span.
struct Report {
    span: Span,
    started: Instant,
}

impl EndHook for Report {
    fn ended(self, ended: Ended<'_>) {
        let Report { span, started } = self;
        let code = ended.code();
        let duration = rt::now().saturating_duration_since(started);
        span.record("rpc.grpc.status_code", code as i32);
        span.record("duration_ms", duration.as_secs_f64() * 1e3);
        if let Some(attempts) = ended.attempts() {
            span.record("attempts", attempts);
        }
        if let Some(peer) = ended.peer() {
            span.record("server.address", peer);
        }
        match ended {
            Ended::Ok { .. } => {
                tracing::debug!(target: "grpc_runtime::call", parent: &span, "call ended");
            }
            Ended::Dropped => {
                tracing::debug!(
                    target: "grpc_runtime::call",
                    parent: &span,
                    code = code.as_str(),
                    "call ended: dropped by the program"
                );
            }
            Ended::Failed(status) => {
                tracing::info!(
                    target: "grpc_runtime::call",
                    parent: &span,
                    code = code.as_str(),
                    message = status.message(),
                    origin = ?status.origin(),
                    "call ended"
                );
            }
        }
    }
}
