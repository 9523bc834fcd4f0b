//! [`AsyncMetadata`]: metadata that is fetched for each call.

use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};

use tower::BoxError;
use tower_layer::Layer;
use tower_service::Service;

use crate::call::{Invoke, InvokeFuture, Method, Request, Response};
use crate::layer::waiting;
use crate::metadata::Metadata;
use crate::method::MethodRef;
use crate::status::{Delivery, Status};

/// A layer that asks a function for metadata before each call. A key that the call has already stays as it is.
///
/// The function is given the method that is called. It is asked for every call, so it keeps itself what is good for
/// several.
///
/// For tokens there are [`credentials`](crate::credentials), which are asked for each attempt, keep a token as long as it is
/// good, and refuse a connection that anyone can listen to. This layer sends what it is given wherever the call goes; it
/// is for what has to be there in process too, or has to be seen by the layers below it.
///
/// ```
/// use grpc_runtime::layer::AsyncMetadata;
/// use grpc_runtime::{Metadata, MethodRef, Status};
/// # async fn session() -> Result<String, Status> { Ok(String::new()) }
///
/// let layer = AsyncMetadata::new(|_method: MethodRef| async {
///     let mut metadata = Metadata::new();
///     metadata.insert("x-session", session().await?)?;
///     Ok::<_, Status>(metadata)
/// });
/// # fn _check<L: Clone>(_: L) {}
/// # _check(layer);
/// ```
///
/// An error of the function fails the call, with nothing sent: a [`Status`] as it is, another as
/// [`Status::from_box`] has it. The deadline of the call holds while it is waited for.
#[derive(Clone)]
pub struct AsyncMetadata<F> {
    source: F,
}

impl<F, R, E> AsyncMetadata<F>
where
    F: Fn(MethodRef) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Metadata, E>> + Send + 'static,
    E: Into<BoxError>,
{
    /// Asks `source` before each call.
    pub fn new(source: F) -> Self {
        Self { source }
    }
}

impl<F: Clone, S> Layer<S> for AsyncMetadata<F> {
    type Service = AsyncMetadataService<F, S>;

    fn layer(&self, next: S) -> Self::Service {
        AsyncMetadataService { source: self.source.clone(), next }
    }
}

impl<F> fmt::Debug for AsyncMetadata<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AsyncMetadata").finish_non_exhaustive()
    }
}

/// A service that is sent metadata fetched for each call.
#[derive(Clone)]
pub struct AsyncMetadataService<F, S> {
    source: F,
    next: S,
}

impl<F, S, M, R, E> Service<Request<M>> for AsyncMetadataService<F, S>
where
    F: Fn(MethodRef) -> R,
    R: Future<Output = Result<Metadata, E>> + Send + 'static,
    E: Into<BoxError>,
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
        let next = self.next.clone();
        let metadata = (self.source)(request.method_ref().clone());
        InvokeFuture::boxed(async move {
            let deadline = request.fix_deadline()?;
            let metadata = waiting::before(deadline, metadata, "its metadata").await?;
            request.metadata_mut().extend_missing(&metadata.map_err(|error| {
                Status::from_box(error.into()).with_delivery(Delivery::NotSent)
            })?);
            next.invoke(request).await
        })
    }
}

impl<F, S> fmt::Debug for AsyncMetadataService<F, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AsyncMetadataService").finish_non_exhaustive()
    }
}
