//! The service of [`from_fn`](crate::layer::from_fn()): which calls the function sees, and how they get to it.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::call::{AnyMethod, Invoke, InvokeFuture, Method, Request, Response};
use crate::layer::cast::{cast, cast_same};
use crate::layer::from_fn::Next;
use crate::status::Status;

/// A service behind a function.
pub struct FromFnService<F, T, S> {
    function: F,
    next: S,
    method: PhantomData<fn() -> T>,
}

impl<F, T, S> FromFnService<F, T, S> {
    pub(super) fn new(function: F, next: S) -> Self {
        Self { function, next, method: PhantomData }
    }
}

impl<F, T, S, M, R> Service<Request<M>> for FromFnService<F, T, S>
where
    F: Fn(Request<T>, Next<T>) -> R + Clone + Send + 'static,
    R: Future<Output = Result<Response<T>, Status>> + Send + 'static,
    T: Method,
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
        let next = self.next.clone();
        if TypeId::of::<T>() == TypeId::of::<AnyMethod>() {
            let request = cast_same(Request::<AnyMethod>::erased(request));
            let function = self.function.clone();
            return seen(async move {
                let next = cast_same(Next::<AnyMethod>::erased(next));
                cast_same::<_, Response<AnyMethod>>(function(request, next).await?).restored()
            });
        }
        match cast::<Request<M>, Request<T>>(request) {
            Ok(request) => {
                let function = self.function.clone();
                seen(
                    async move { function(request, cast_same(Next::new(next))).await.map(cast_same) },
                )
            }
            Err(other) => next.invoke(other),
        }
    }
}

impl<F: Clone, T, S: Clone> Clone for FromFnService<F, T, S> {
    fn clone(&self) -> Self {
        Self::new(self.function.clone(), self.next.clone())
    }
}

impl<F, T: Method, S> fmt::Debug for FromFnService<F, T, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("FromFnService").field(&T::DESCRIPTOR.path()).finish()
    }
}

fn seen<M: Method>(
    call: impl Future<Output = Result<Response<M>, Status>> + Send + 'static,
) -> InvokeFuture<M> {
    InvokeFuture::catching(Box::new(call))
}
