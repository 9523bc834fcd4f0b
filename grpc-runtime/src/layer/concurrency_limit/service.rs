//! The service of [`ConcurrencyLimit`](crate::layer::ConcurrencyLimit): a place before the call, given back at its
//! end.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::call::{EndHook, Ended, Invoke, InvokeFuture, Method, Request, Response};
use crate::layer::concurrency_limit::layer::{Place, Room};
use crate::layer::on_end::OnEndFuture;
use crate::layer::per_method::PerMethod;
use crate::layer::waiting;
use crate::status::Status;

/// A service that so many calls of a method are in at a time.
#[derive(Clone)]
pub struct ConcurrencyLimitService<S> {
    rooms: Arc<PerMethod<Room>>,
    max_waiting: usize,
    next: S,
}

impl<S> ConcurrencyLimitService<S> {
    pub(super) fn new(rooms: Arc<PerMethod<Room>>, max_waiting: usize, next: S) -> Self {
        Self { rooms, max_waiting, next }
    }
}

impl<S, M> Service<Request<M>> for ConcurrencyLimitService<S>
where
    S: Invoke<M>,
    M: Method,
{
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    /// Always ready: a call waits for its place itself, under its own deadline.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<M>) -> Self::Future {
        let room = self.rooms.of(request.method());
        let next = self.next.clone();
        if let Some(place) = room.place_now() {
            return InvokeFuture::boxed(OnEndFuture::new(place, || next.invoke(request)));
        }
        let waiting = room.wait(self.max_waiting);
        InvokeFuture::boxed(async move {
            let deadline = request.fix_deadline()?;
            let place =
                waiting::before(deadline, waiting?.place(), "its concurrency limit").await?;
            OnEndFuture::new(place, || next.invoke(request)).await
        })
    }
}

/// The place is given back.
impl EndHook for Place {
    fn ended(self, _: Ended<'_>) {}
}

impl<S> fmt::Debug for ConcurrencyLimitService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ConcurrencyLimitService").finish_non_exhaustive()
    }
}
