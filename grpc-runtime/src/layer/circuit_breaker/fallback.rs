//! What answers a call that an open circuit refuses.

use std::fmt;
use std::future::{Future, ready};
use std::marker::PhantomData;
use std::pin::Pin;

use crate::call::{Method, Request, Response};
use crate::layer::cast::{cast, cast_same};
use crate::status::Status;

/// Answers calls of `M` in place of the server. Made by
/// [`CircuitBreaker::fallback`](crate::layer::CircuitBreaker::fallback).
pub trait Fallback<M: Method>: Clone + Send + Sync + 'static {
    /// Answers a call that was refused with this status.
    fn answer(
        &self,
        request: Request<M>,
        refused: Status,
    ) -> Pin<Box<dyn Future<Output = Result<Response<M>, Status>> + Send>>;
}

/// The status itself, for every method.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFallback;

impl<M: Method> Fallback<M> for NoFallback {
    fn answer(
        &self,
        _: Request<M>,
        refused: Status,
    ) -> Pin<Box<dyn Future<Output = Result<Response<M>, Status>> + Send>> {
        Box::pin(ready(Err(refused)))
    }
}

/// A function for calls of `T`, and for those of other methods what there was before.
pub struct FallbackFor<T, F, P> {
    function: F,
    others: P,
    method: PhantomData<fn() -> T>,
}

impl<T, F, P> FallbackFor<T, F, P> {
    pub(super) fn new(function: F, others: P) -> Self {
        Self { function, others, method: PhantomData }
    }
}

impl<T, F, P, R, M> Fallback<M> for FallbackFor<T, F, P>
where
    T: Method,
    F: Fn(Request<T>, Status) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Response<T>, Status>> + Send + 'static,
    P: Fallback<M>,
    M: Method,
{
    fn answer(
        &self,
        request: Request<M>,
        refused: Status,
    ) -> Pin<Box<dyn Future<Output = Result<Response<M>, Status>> + Send>> {
        match cast::<Request<M>, Request<T>>(request) {
            Ok(request) => {
                let answer = (self.function)(request, refused);
                Box::pin(async move { answer.await.map(cast_same) })
            }
            Err(other) => self.others.answer(other, refused),
        }
    }
}

impl<T, F: Clone, P: Clone> Clone for FallbackFor<T, F, P> {
    fn clone(&self) -> Self {
        Self::new(self.function.clone(), self.others.clone())
    }
}

impl<T: Method, F, P: fmt::Debug> fmt::Debug for FallbackFor<T, F, P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FallbackFor")
            .field("method", &T::DESCRIPTOR.path())
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}
