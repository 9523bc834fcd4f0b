//! The layer of [`Faults`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use crate::layer::faults::FaultsService;
use crate::layer::faults::plan::{Plan, part};
use crate::rt;
use crate::status::Status;

/// A layer that delays calls or makes them fail, for tests of what stands above it: fallbacks, retries of the
/// program's own, dashboards. Without a fault in it, it does nothing.
///
/// ```
/// use std::time::Duration;
///
/// use grpc_runtime::Status;
/// use grpc_runtime::layer::Faults;
///
/// let layer = Faults::new()
///     .delay(Duration::from_millis(200), 10.0)
///     .abort(Status::unavailable("on purpose"), 1.0);
/// # let _ = layer;
/// ```
#[derive(Clone)]
pub struct Faults {
    plan: Arc<Plan>,
    random: Random,
}

pub(super) type Random = Arc<dyn Fn() -> f64 + Send + Sync>;

impl Faults {
    /// No faults.
    pub fn new() -> Self {
        Self { plan: Arc::default(), random: Arc::new(rt::random) }
    }

    /// Delays so many percent of the calls before they are passed on, or fail. The deadline of a call goes on.
    #[must_use]
    pub fn delay(self, delay: Duration, percent: f64) -> Self {
        self.with(|plan| plan.delay = Some((delay, part(percent))))
    }

    /// Makes so many percent of the calls fail with `status`; they are not passed on. The status is taken as it is:
    /// give it the [`Origin`](crate::Origin) and [`Delivery`](crate::Delivery) that the test is about.
    #[must_use]
    pub fn abort(self, status: Status, percent: f64) -> Self {
        self.with(|plan| plan.abort = Some((status, part(percent))))
    }

    /// Where chance comes from: numbers in `0.0..1.0`, one for each fault and call, that of the delay first. A call
    /// meets a fault where the number is below its percentage. Default: random numbers.
    #[must_use]
    pub fn with_random(self, random: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self { random: Arc::new(random), ..self }
    }

    fn with(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        change(Arc::make_mut(&mut self.plan));
        self
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for Faults {
    type Service = FaultsService<S>;

    fn layer(&self, next: S) -> Self::Service {
        FaultsService::new(Arc::clone(&self.plan), Arc::clone(&self.random), next)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Faults").field("plan", &self.plan).finish_non_exhaustive()
    }
}
