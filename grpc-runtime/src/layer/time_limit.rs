//! [`TimeLimit`]: a time for calls that have none of their own, and a bound for those that have.
//!
//! Not tower's timeout: this sets the deadline of the call, which the server learns of and which covers the whole of a
//! stream.

use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use tower_layer::Layer;
use tower_service::Service;

use crate::call::{Invoke, InvokeFuture, Method, Request, Response};
use crate::rt;
use crate::status::Status;

/// A layer that sees to it that calls have a deadline.
///
/// | the call | has the time of | then at most |
/// |---|---|---|
/// | has a timeout or a deadline of its own | that | [`at_most`](TimeLimit::at_most) |
/// | is of a method with a timeout (`#[rpc(timeout = ..)]`) | that | [`at_most`](TimeLimit::at_most) |
/// | has neither | [`by_default`](TimeLimit::by_default) | [`at_most`](TimeLimit::at_most) |
///
/// A service config can shorten the default, and takes the place of the method's timeout; the bound holds in any case.
///
/// ```
/// use std::time::Duration;
///
/// use grpc_runtime::layer::TimeLimit;
///
/// let layer = TimeLimit::by_default(Duration::from_secs(5)).at_most(Duration::from_secs(60));
/// # let _ = layer;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TimeLimit {
    default: Option<Duration>,
    most: Option<Duration>,
}

impl TimeLimit {
    /// The time for calls that have none of their own.
    pub fn by_default(timeout: Duration) -> Self {
        Self { default: Some(timeout), most: None }
    }

    /// No default, but a bound: see [`at_most`](TimeLimit::at_most). A call without a time of its own gets this one.
    pub fn no_longer_than(timeout: Duration) -> Self {
        Self { default: None, most: Some(timeout) }
    }

    /// Holds every call to this time, whatever it asks for. A stream that is to stay open should not be under such
    /// a layer.
    #[must_use]
    pub fn at_most(self, timeout: Duration) -> Self {
        Self { most: Some(timeout), ..self }
    }

    fn apply<M: Method>(self, request: &mut Request<M>) {
        let of_method = request.method().timeout();
        let options = request.options_mut();
        let has_one = options.deadline().is_some() || options.timeout().or(of_method).is_some();
        if let (false, Some(default)) = (has_one, self.default) {
            options.set_timeout(default);
        }
        // A bound beyond the clock is none.
        if let Some(latest) = self.most.and_then(|most| rt::now().checked_add(most)) {
            options.no_later_than(latest);
        }
    }
}

impl<S> Layer<S> for TimeLimit {
    type Service = TimeLimitService<S>;

    fn layer(&self, next: S) -> Self::Service {
        TimeLimitService { limit: *self, next }
    }
}

/// A service whose calls have a deadline.
#[derive(Clone)]
pub struct TimeLimitService<S> {
    limit: TimeLimit,
    next: S,
}

impl<S, M> Service<Request<M>> for TimeLimitService<S>
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

    fn call(&mut self, mut request: Request<M>) -> Self::Future {
        self.limit.apply(&mut request);
        self.next.clone().invoke(request)
    }
}

impl<S> fmt::Debug for TimeLimitService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TimeLimitService").field("limit", &self.limit).finish()
    }
}
