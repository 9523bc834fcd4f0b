//! The service of [`Cache`](crate::layer::Cache).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::call::{Invoke, Method, Request, Response};
use crate::layer::cache::layer::Shared;
use crate::layer::call_key::{Shareable, Vary, call_key, is_marked};
use crate::rt;
use crate::status::Status;

/// A service behind a cache.
#[derive(Clone)]
pub struct CacheService<S> {
    shared: Arc<Shared>,
    time_to_live: Duration,
    vary: Vary,
    next: S,
}

impl<S> CacheService<S> {
    pub(super) fn new(shared: Arc<Shared>, time_to_live: Duration, vary: Vary, next: S) -> Self {
        Self { shared, time_to_live, vary, next }
    }
}

impl<S, M> Service<Request<M>> for CacheService<S>
where
    S: Invoke<M>,
    M: Shareable,
{
    type Response = Response<M>;
    type Error = Status;
    type Future = CacheFuture<S::Future, M>;

    /// Always ready: what is behind it is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        if !is_marked(&request) {
            return CacheFuture::asking(self.next.clone().invoke(request), None);
        }
        let key = match call_key(&request, &self.vary) {
            Ok(key) => key,
            Err(status) => return CacheFuture::known(Err(status)),
        };
        match self.shared.get::<Response<M>>(&key, rt::now()) {
            Some(response) => CacheFuture::known(Ok(Response::clone(&response))),
            None => {
                let shared = Arc::clone(&self.shared);
                let place = Place { shared, key, time_to_live: self.time_to_live };
                CacheFuture::asking(self.next.clone().invoke(request), Some(place))
            }
        }
    }
}

impl<S> fmt::Debug for CacheService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CacheService").finish_non_exhaustive()
    }
}

/// Where a response goes.
struct Place {
    shared: Arc<Shared>,
    key: Bytes,
    time_to_live: Duration,
}

impl Place {
    fn keep<M>(self, response: &Response<M>)
    where
        M: Shareable,
    {
        // A time beyond the clock is one that never comes, which a cache does not have.
        if let Some(expires) = rt::now().checked_add(self.time_to_live) {
            self.shared.insert(self.key, response.clone(), expires);
        }
    }
}

pin_project! {
    /// A call that is answered from the cache, or is made.
    pub struct CacheFuture<R, M>
    where
        M: Method,
    {
        #[pin]
        state: State<R, M>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<R, M: Method> {
        Known { outcome: Option<Result<Response<M>, Status>> },
        Asking { #[pin] call: R, place: Option<Place> },
    }
}

impl<R, M: Method> CacheFuture<R, M> {
    fn known(outcome: Result<Response<M>, Status>) -> Self {
        Self { state: State::Known { outcome: Some(outcome) } }
    }

    fn asking(call: R, place: Option<Place>) -> Self {
        Self { state: State::Asking { call, place } }
    }
}

impl<R, M> Future for CacheFuture<R, M>
where
    R: Future<Output = Result<Response<M>, Status>>,
    M: Shareable,
{
    type Output = Result<Response<M>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Known { outcome } => {
                Poll::Ready(outcome.take().expect("a future is not polled again after its end"))
            }
            StateProjection::Asking { call, place } => {
                let outcome = ready!(call.poll(context));
                if let (Ok(response), Some(place)) = (&outcome, place.take()) {
                    place.keep(response);
                }
                Poll::Ready(outcome)
            }
        }
    }
}

impl<R, M: Method> fmt::Debug for CacheFuture<R, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("CacheFuture").field(&M::DESCRIPTOR.path()).finish()
    }
}
