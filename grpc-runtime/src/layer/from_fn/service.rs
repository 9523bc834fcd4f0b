//! The service of [`from_fn`](crate::layer::from_fn()): which calls the function sees, and how they get to it.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower_service::Service;

use crate::call::{AnyMethod, BoxFuture, Invoke, Method, Request, Response};
use crate::layer::cast::{cast, cast_same};
use crate::layer::catch_panic::CatchPanicFuture;
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
    type Future = FromFnFuture<S::Future, M>;

    /// Always ready: what is behind it is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        let next = self.next.clone();
        if TypeId::of::<T>() == TypeId::of::<AnyMethod>() {
            let request = cast_same(Request::<AnyMethod>::erased(request));
            let function = self.function.clone();
            return FromFnFuture::seen(async move {
                let next = cast_same(Next::<AnyMethod>::erased(next));
                cast_same::<_, Response<AnyMethod>>(function(request, next).await?).restored()
            });
        }
        match cast::<Request<M>, Request<T>>(request) {
            Ok(request) => {
                let function = self.function.clone();
                FromFnFuture::seen(async move {
                    function(request, cast_same(Next::new(next))).await.map(cast_same)
                })
            }
            Err(other) => FromFnFuture { state: State::Passed { future: next.invoke(other) } },
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

pin_project! {
    /// A call that the function carries out, or one that goes by it.
    pub struct FromFnFuture<R, M>
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
        Seen { future: BoxFuture<Result<Response<M>, Status>> },
        Passed { #[pin] future: R },
    }
}

impl<R, M: Method> FromFnFuture<R, M> {
    fn seen(future: impl Future<Output = Result<Response<M>, Status>> + Send + 'static) -> Self {
        Self { state: State::Seen { future: Box::pin(CatchPanicFuture::new(future)) } }
    }
}

impl<R, M> Future for FromFnFuture<R, M>
where
    R: Future<Output = Result<Response<M>, Status>>,
    M: Method,
{
    type Output = Result<Response<M>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Seen { future } => future.as_mut().poll(context),
            StateProjection::Passed { future } => future.poll(context),
        }
    }
}

impl<R, M: Method> fmt::Debug for FromFnFuture<R, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("FromFnFuture").field(&M::DESCRIPTOR.path()).finish()
    }
}
