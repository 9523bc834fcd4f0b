//! The layer of [`Trace`].

use std::sync::Arc;

use tower_layer::Layer;

use crate::layer::trace::TraceService;

/// A layer that opens a span for each call: `grpc.call`, at level INFO, with target `grpc_runtime::call`.
///
/// | field | is |
/// |---|---|
/// | `rpc.system` | `grpc` |
/// | `rpc.service`, `rpc.method` | the method |
/// | `server.target` | where the calls go, where [`target`](Trace::target) told it |
/// | `rpc.grpc.status_code` | the number of the code of the end |
/// | `duration_ms` | from the call to its end |
/// | `attempts` | how many attempts there were; zero where it came to no connection |
/// | `server.address` | the address that it went to last, if it got one |
/// | `otel.kind` | `client` |
///
/// The last four of the call's own are recorded at its end, which for a stream is its last message. With them comes
/// one event in the span, `call ended`: at DEBUG after OK and where the program dropped the call, at INFO after a
/// failure, with code and message.
///
/// What the layers below and the channel report while the call starts is inside the span. Put it outermost (add it
/// last) to see the time that other layers take.
///
/// ```
/// use grpc_runtime::layer::Trace;
///
/// let layer = Trace::new().target("dns:///greeter.prod:50051");
/// # let _ = layer;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Trace {
    target: Option<Arc<str>>,
}

impl Trace {
    /// A span a call.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says in each span where the calls go, for a layer does not see the channel.
    #[must_use]
    pub fn target(self, target: impl Into<Arc<str>>) -> Self {
        Self { target: Some(target.into()) }
    }
}

impl<S> Layer<S> for Trace {
    type Service = TraceService<S>;

    fn layer(&self, next: S) -> Self::Service {
        TraceService::new(self.target.clone(), next)
    }
}
