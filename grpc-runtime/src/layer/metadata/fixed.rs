//! [`StaticMetadata`]: the same metadata beside every call.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::call::{Invoke, InvokeFuture, Method, Request, Response};
use crate::metadata::{IntoMetadataKey, IntoMetadataValue, InvalidMetadata, Metadata};
use crate::status::Status;

/// A layer that sends the same metadata with every call. A key that the call has already stays as it is.
///
/// ```
/// use grpc_runtime::InvalidMetadata;
/// use grpc_runtime::layer::StaticMetadata;
///
/// fn tenant() -> Result<StaticMetadata, InvalidMetadata> {
///     StaticMetadata::default().with("x-tenant", "blue")?.with("x-client", "billing")
/// }
/// # tenant().unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct StaticMetadata {
    metadata: Arc<Metadata>,
}

impl StaticMetadata {
    /// Sends this.
    pub fn new(metadata: Metadata) -> Self {
        Self { metadata: Arc::new(metadata) }
    }

    /// Sends a text as well. A key may be given several times.
    ///
    /// # Errors
    /// When the key or the value cannot be sent; the error names it and says why.
    pub fn with(
        mut self,
        key: impl IntoMetadataKey,
        value: impl IntoMetadataValue,
    ) -> Result<Self, InvalidMetadata> {
        Arc::make_mut(&mut self.metadata).append(key, value)?;
        Ok(self)
    }
}

impl<S> Layer<S> for StaticMetadata {
    type Service = StaticMetadataService<S>;

    fn layer(&self, next: S) -> Self::Service {
        StaticMetadataService { metadata: Arc::clone(&self.metadata), next }
    }
}

/// A service that is sent the same metadata with every call.
#[derive(Clone)]
pub struct StaticMetadataService<S> {
    metadata: Arc<Metadata>,
    next: S,
}

impl<S, M> Service<Request<M>> for StaticMetadataService<S>
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
        request.metadata_mut().extend_missing(&self.metadata);
        self.next.clone().invoke(request)
    }
}

impl<S> fmt::Debug for StaticMetadataService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StaticMetadataService").finish_non_exhaustive()
    }
}
