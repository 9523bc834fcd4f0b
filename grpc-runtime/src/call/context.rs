//! [`CallContext`]: what the calls made while a piece of work runs have in common, without being handed to each of them.
//!
//! It is read when a [`Call`](crate::Call) is sent, and nowhere else: layers and the engine find it in the options. The
//! task-local that carries it is in `rt`.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;

use crate::call::cancel::CancelHandle;
use crate::deadline;
use crate::engine::CallOptions;
use crate::metadata::{IntoMetadataKey, IntoMetadataValue, InvalidMetadata, Metadata};
use crate::rt;

/// A deadline, cancellation and metadata for all calls that are made within a [`scope`](CallContext::scope).
///
/// Its use is in servers: what a handler calls on behalf of a request has no more time than the request has, ends when
/// it is given up, and belongs to the same trace. [`from_headers`](CallContext::from_headers) reads all of that from the
/// request, whichever server framework it came through:
///
/// ```
/// # struct Request { headers: http::HeaderMap }
/// # impl Request { fn headers(&self) -> &http::HeaderMap { &self.headers } }
/// # async fn answer() {}
/// use grpc_runtime::CallContext;
///
/// # async fn handle(request: Request) -> Result<(), grpc_runtime::InvalidMetadata> {
/// // With tonic: `request.metadata().as_ref()`. With hyper and axum: `request.headers()`.
/// let context = CallContext::from_headers(request.headers())
///     .with_headers(request.headers(), ["x-tenant"])?;
/// context.scope(async {
///     // Every call made in here, by whatever client.
///     answer().await
/// })
/// .await;
/// # Ok(()) }
/// ```
///
/// | of the context | a call made in its scope |
/// |---|---|
/// | deadline | is over by then, or by its own timeout or deadline if that is earlier |
/// | cancellation | is cancelled by it, as by those of its own |
/// | metadata | sends it, but for keys that the call sets itself |
///
/// A scope within another adds to it in the same way: the earliest deadline, every cancellation, and metadata by key.
///
/// It belongs to the task, as long as the future in the scope is polled. A task that is spawned has none: hand it
/// [`CallContext::current`]. A call takes it over when it is sent or awaited, and keeps it.
#[derive(Debug, Clone, Default)]
#[must_use = "a context has an effect in its scope only"]
pub struct CallContext {
    deadline: Option<Instant>,
    metadata: Metadata,
    cancellations: Vec<CancelHandle>,
}

impl CallContext {
    /// A context that changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What surrounds the caller: everything of the scopes that it runs in. Outside of any, the same as
    /// [`new`](CallContext::new).
    pub fn current() -> Self {
        rt::ambient(Self::clone).unwrap_or_default()
    }

    /// The context of a request that this process has received.
    ///
    /// Its deadline is what `grpc-timeout` says, counted from now; a malformed one is passed over, as it is for the server
    /// to refuse. Its metadata are `traceparent` and `tracestate`, unchanged, so that a process that knows nothing of tracing
    /// does not interrupt a trace (W3C Trace Context, section 2). Nothing else is passed on unless it is named in
    /// [`with_headers`](CallContext::with_headers).
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let timeout = headers.get("grpc-timeout").and_then(deadline::from_grpc_timeout);
        let mut metadata = Metadata::new();
        for key in TRACING {
            metadata.copy(headers, key).expect("these keys can be set");
        }
        let context = Self { metadata, ..Self::default() };
        match timeout {
            Some(timeout) => context.with_timeout(timeout),
            None => context,
        }
    }

    /// Passes on what a received request has under these keys, unchanged, in place of what the context has. A key that
    /// is not in the request is taken out.
    ///
    /// Think twice about `authorization`: it hands the caller's rights to every server that is called.
    ///
    /// # Errors
    /// When a key is not one, or belongs to the protocol.
    pub fn with_headers<K: IntoMetadataKey>(
        mut self,
        headers: &HeaderMap,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Self, InvalidMetadata> {
        for key in keys {
            self.metadata.copy(headers, key)?;
        }
        Ok(self)
    }

    /// Calls have to be over by then. The earliest of several counts. See [`Call::deadline`](crate::Call::deadline).
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(self.deadline.map_or(deadline, |before| before.min(deadline)));
        self
    }

    /// Calls have to be over this long from now: all of them together have that time. A timeout too long for the clock
    /// is none.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        match rt::now().checked_add(timeout) {
            Some(deadline) => self.with_deadline(deadline),
            None => self,
        }
    }

    /// Calls send this text beside their message, unless they have that key themselves. Replaces what the context has
    /// under the key.
    ///
    /// # Errors
    /// When the key or the value cannot be sent.
    pub fn with_metadata(
        mut self,
        key: impl IntoMetadataKey,
        value: impl IntoMetadataValue,
    ) -> Result<Self, InvalidMetadata> {
        self.metadata.insert(key, value)?;
        Ok(self)
    }

    /// The same for bytes; the key ends in `-bin`.
    ///
    /// # Errors
    /// When the key cannot be sent.
    pub fn with_metadata_bin(
        mut self,
        key: impl IntoMetadataKey,
        value: impl AsRef<[u8]>,
    ) -> Result<Self, InvalidMetadata> {
        self.metadata.insert_bin(key, value)?;
        Ok(self)
    }

    /// Calls are cancelled by this handle. One more, where there are some.
    pub fn with_cancellation(mut self, handle: CancelHandle) -> Self {
        self.cancellations.push(handle);
        self
    }

    /// When calls have to be over, if there is a limit.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// What calls send beside their message.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Runs `work` with this context, and what surrounds it already, around all calls that it makes. See
    /// [`CallContext`] for how they combine.
    ///
    /// It ends nothing by itself: work that makes no call is not stopped by the deadline.
    ///
    /// # Cancel safety
    /// As cancel safe as `work` is, which is dropped with it.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        let context = match rt::ambient(|outer: &Self| self.within(outer)) {
            Some(combined) => combined,
            None => self,
        };
        rt::surrounded(Arc::new(context), work).await
    }

    /// Passes everything on to a call that is about to be sent; its cancellations are given back. Outside of a scope
    /// there is nothing.
    pub(super) fn apply(options: &mut CallOptions) -> Option<Vec<CancelHandle>> {
        rt::ambient(|context: &Self| {
            if let Some(deadline) = context.deadline {
                options.no_later_than(deadline);
            }
            options.metadata.extend_absent(&context.metadata);
            context.cancellations.clone()
        })
    }

    fn within(&self, outer: &Self) -> Self {
        let mut combined = self.clone();
        combined.metadata.extend_absent(&outer.metadata);
        combined.cancellations.extend_from_slice(&outer.cancellations);
        match outer.deadline {
            Some(deadline) => combined.with_deadline(deadline),
            None => combined,
        }
    }
}

/// What every participant of a trace hands on (W3C Trace Context).
const TRACING: [&str; 2] = ["traceparent", "tracestate"];

#[cfg(test)]
mod tests;
