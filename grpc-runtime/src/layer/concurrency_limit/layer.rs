//! The layer of [`ConcurrencyLimit`], and the room that it hands out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_layer::Layer;

use crate::layer::concurrency_limit::ConcurrencyLimitService;
use crate::layer::per_method::PerMethod;
use crate::status::{Delivery, Status};

/// A layer that lets so many calls, of each method or in all, run at a time; further ones wait, in their order.
///
/// A stream counts until it ends. The deadline of a call holds while it waits: it then fails with DEADLINE_EXCEEDED,
/// and nothing was sent.
///
/// The count is in this value: clones of it, and all clients that they are put on, share it.
///
/// ```
/// use grpc_runtime::layer::ConcurrencyLimit;
///
/// let layer = ConcurrencyLimit::per_method(64).max_waiting(1_000);
/// # let _ = layer;
/// ```
#[derive(Debug, Clone)]
pub struct ConcurrencyLimit {
    rooms: Arc<PerMethod<Room>>,
    max_waiting: usize,
}

impl ConcurrencyLimit {
    /// So many calls of each method at a time; at least one.
    pub fn per_method(calls: usize) -> Self {
        Self { rooms: Arc::new(PerMethod::new(move || Room::new(calls))), max_waiting: usize::MAX }
    }

    /// So many calls of all methods together at a time; at least one.
    pub fn in_all(calls: usize) -> Self {
        Self {
            rooms: Arc::new(PerMethod::shared(move || Room::new(calls))),
            max_waiting: usize::MAX,
        }
    }

    /// How many calls, of each method or in all, may wait; at more, a call fails at once with RESOURCE_EXHAUSTED. With zero no
    /// call waits. Default: any number.
    #[must_use]
    pub fn max_waiting(self, calls: usize) -> Self {
        Self { max_waiting: calls, ..self }
    }
}

impl<S> Layer<S> for ConcurrencyLimit {
    type Service = ConcurrencyLimitService<S>;

    fn layer(&self, next: S) -> Self::Service {
        ConcurrencyLimitService::new(Arc::clone(&self.rooms), self.max_waiting, next)
    }
}

/// The room for the calls of one method.
#[derive(Debug)]
pub(super) struct Room {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Room {
    fn new(calls: usize) -> Self {
        let places = Arc::new(Semaphore::new(calls.clamp(1, Semaphore::MAX_PERMITS)));
        Self { places, waiting: AtomicUsize::new(0) }
    }

    /// A place, if there is one and nobody was here before.
    pub(super) fn place_now(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(Place)
    }

    /// The right to wait.
    pub(super) fn wait(self: Arc<Self>, most: usize) -> Result<Waiting, Status> {
        // Counted first and looked at then, so that two at once cannot both be the last.
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= most {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Status::resource_exhausted(format!(
                "a concurrency limit has all places taken and {most} calls waiting"
            ))
            .with_delivery(Delivery::NotSent));
        }
        Ok(Waiting(self))
    }
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

/// A call in the queue; it leaves when this is dropped.
#[derive(Debug)]
pub(super) struct Waiting(Arc<Room>);

impl Waiting {
    /// Waits for a place, in the order of arrival.
    pub(super) async fn place(self) -> Place {
        let places = Arc::clone(&self.0.places);
        Place(places.acquire_owned().await.expect("nobody closes it"))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
