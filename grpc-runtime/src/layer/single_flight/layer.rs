//! The layer of [`SingleFlight`].

use std::sync::Arc;

use tower_layer::Layer;

use crate::layer::call_key::Vary;
use crate::layer::single_flight::SingleFlightService;
use crate::layer::single_flight::flight::Flights;

/// A layer that sends a call of a method marked `no_side_effects` once, however many make it at the same time; all of
/// them get its outcome, headers and trailers included. Calls of other methods go by.
///
/// Calls are the same where method, message and metadata are, as for a [`Cache`](crate::layer::Cache). Other options
/// do not count: those of the call that was first are sent. Each call keeps its own deadline; where the one that was
/// first ran out of time, those with more make the call anew. The call ends when nobody waits for it any more.
///
/// A call may get a response to a request that left before it was made: what it has just written, it may not see.
///
/// It is for unary methods whose responses are `Clone` and `Sync`; on a client that has others too, put it on a
/// method by [`only`](crate::layer::only()). The calls under way are in this value: clones of it, and all clients that
/// they are put on, share them; so put them on clients of one channel.
///
/// The shared call runs in a task of its own, which ends with those who wait.
///
/// ```
/// use grpc_runtime::layer::{Cache, SingleFlight};
/// use tower::ServiceBuilder;
///
/// // Many ask at once, one asks the server, and the cache remembers.
/// let layers = ServiceBuilder::new().layer(Cache::new(1_000)).layer(SingleFlight::new());
/// # let _ = layers;
/// ```
#[derive(Debug, Clone, Default)]
pub struct SingleFlight {
    flights: Arc<Flights>,
    vary: Vary,
}

impl SingleFlight {
    /// Nothing is under way yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of the metadata, only that under these keys tells calls apart. Default: all of it, but for
    /// `traceparent`, `tracestate` and `grpc-trace-bin`.
    #[must_use]
    pub fn vary_by<K: Into<String>>(self, keys: impl IntoIterator<Item = K>) -> Self {
        Self { vary: Vary::by(keys), ..self }
    }
}

impl<S> Layer<S> for SingleFlight {
    type Service = SingleFlightService<S>;

    fn layer(&self, next: S) -> Self::Service {
        SingleFlightService::new(Arc::clone(&self.flights), self.vary.clone(), next)
    }
}
