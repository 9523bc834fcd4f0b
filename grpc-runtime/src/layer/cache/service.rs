//! The service of [`Cache`](crate::layer::Cache).

use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tower_service::Service;

use crate::call::{Invoke, InvokeFuture, Request, Response};
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
    type Future = InvokeFuture<M>;

    /// Always ready: what is behind it is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        let next = self.next.clone();
        if !is_marked(&request) {
            return next.invoke(request);
        }
        let key = match call_key(&request, &self.vary) {
            Ok(key) => key,
            Err(status) => return InvokeFuture::failed(status),
        };
        if let Some(response) = self.shared.get::<Response<M>>(&key, rt::now()) {
            return InvokeFuture::boxed(ready(Ok(Response::clone(&response))));
        }
        let place =
            Place { shared: Arc::clone(&self.shared), key, time_to_live: self.time_to_live };
        InvokeFuture::boxed(async move {
            let response = next.invoke(request).await?;
            place.keep(&response);
            Ok(response)
        })
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
