//! The layer of [`Cache`].

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tower_layer::Layer;

use crate::layer::cache::CacheService;
use crate::layer::cache::store::Store;
use crate::layer::call_key::Vary;

/// A layer that keeps the responses of methods marked `no_side_effects` (`#[rpc(no_side_effects)]`, or
/// `idempotency_level = NO_SIDE_EFFECTS` in a `.proto` file), and answers the same call with them. Calls of other
/// methods, and failures, are not kept.
///
/// Calls are the same where method, message and metadata are: what one user may read is not shown to another. Only
/// the metadata that the call has by then counts, so put the layer below one that says who calls (add it before).
///
/// The least recently used response goes where there are more than the capacity; sizes are not looked at. The
/// responses are in this value: clones of it, and all clients that they are put on, share them.
///
/// It is for unary methods whose responses are `Clone` and `Sync`, as all messages of prost are. On a client that
/// has others too, put it on a method by [`only`](crate::layer::only()) or [`ForMethod`](crate::ForMethod):
///
/// ```
/// use std::time::Duration;
///
/// use grpc_runtime::layer::{Cache, only};
/// use grpc_runtime::{Status, Streaming, grpc_client};
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # struct HelloRequest { #[prost(string, tag = "1")] name: String }
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # struct HelloReply { #[prost(string, tag = "1")] message: String }
///
/// #[grpc_client(service = "helloworld.Greeter")]
/// trait Greeter {
///     #[rpc(no_side_effects)]
///     async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
///     async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
/// }
///
/// fn cached(client: GreeterClient) -> impl Greeter {
///     let cache = Cache::new(1_000).time_to_live(Duration::from_secs(10));
///     client.layer(only::<greeter::SayHello, _>(cache))
/// }
/// ```
#[derive(Clone)]
pub struct Cache {
    shared: Arc<Shared>,
    time_to_live: Duration,
    vary: Vary,
}

impl Cache {
    /// A cache of so many responses; with zero it keeps none.
    pub fn new(capacity: usize) -> Self {
        let shared = Arc::new(Shared(Mutex::new(Store::new(capacity))));
        Self { shared, time_to_live: DEFAULT_TIME_TO_LIVE, vary: Vary::All }
    }

    /// How long a response is good for. Default: one minute.
    #[must_use]
    pub fn time_to_live(self, time: Duration) -> Self {
        Self { time_to_live: time, ..self }
    }

    /// Of the metadata, only that under these keys tells calls apart, such as `authorization` but no request ids.
    /// Default: all of it, but for
    /// `traceparent`, `tracestate` and `grpc-trace-bin`.
    #[must_use]
    pub fn vary_by<K: Into<String>>(self, keys: impl IntoIterator<Item = K>) -> Self {
        Self { vary: Vary::by(keys), ..self }
    }

    /// Forgets all responses.
    pub fn clear(&self) {
        self.shared.lock().clear();
    }
}

impl<S> Layer<S> for Cache {
    type Service = CacheService<S>;

    fn layer(&self, next: S) -> Self::Service {
        CacheService::new(Arc::clone(&self.shared), self.time_to_live, self.vary.clone(), next)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cache")
            .field("time_to_live", &self.time_to_live)
            .field("vary", &self.vary)
            .finish_non_exhaustive()
    }
}

/// The responses, of whichever methods. Locked for a look; messages are cloned outside of it.
pub(super) struct Shared(Mutex<Store<Arc<dyn Any + Send + Sync>>>);

impl Shared {
    /// What is kept under the key, if it is a `T`.
    pub(super) fn get<T: Send + Sync + 'static>(
        &self,
        key: &Bytes,
        now: Instant,
    ) -> Option<Arc<T>> {
        let value = self.lock().get(key, now).cloned()?;
        value.downcast().ok()
    }

    pub(super) fn insert<T: Send + Sync + 'static>(&self, key: Bytes, value: T, expires: Instant) {
        self.lock().insert(key, Arc::new(value), expires);
    }

    fn lock(&self) -> MutexGuard<'_, Store<Arc<dyn Any + Send + Sync>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const DEFAULT_TIME_TO_LIVE: Duration = Duration::from_secs(60);
