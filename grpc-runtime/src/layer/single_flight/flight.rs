//! A call under way that several wait for, and the list of them.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use tokio::sync::watch;

use crate::rt;
use crate::status::Status;

/// The calls under way.
#[derive(Default)]
pub(super) struct Flights {
    /// Held for a look, never while a call runs.
    by_key: Mutex<HashMap<Key, Listed>>,
    /// Of the flights so far.
    count: AtomicU64,
}

/// What is asked, and of which type the answer is.
type Key = (TypeId, Bytes);

struct Listed {
    number: u64,
    flight: Weak<dyn Any + Send + Sync>,
}

/// A call under way. It is given up when the last of those who wait drops it.
pub(super) struct Flight<T> {
    outcome: watch::Receiver<Option<Result<T, Status>>>,
    /// Set at once after it was made.
    task: Mutex<Option<rt::Task>>,
    entry: Entry,
}

/// Its place in the list.
#[derive(Clone)]
struct Entry {
    flights: Arc<Flights>,
    key: Key,
    number: u64,
}

/// What became of a wish to join.
pub(super) enum Boarding<T> {
    /// Somebody makes this call already.
    Joined(Arc<Flight<T>>),
    /// Nobody did; now there is a flight to wait for, once it has been started.
    First(Arc<Flight<T>>, Departure<T>),
}

/// Starts a flight, once.
pub(super) struct Departure<T> {
    outcome: watch::Sender<Option<Result<T, Status>>>,
    entry: Entry,
}

impl Flights {
    /// Joins the flight of this key, or opens one.
    pub(super) fn board<T: Send + Sync + 'static>(self: &Arc<Self>, key: &Bytes) -> Boarding<T> {
        let key = (TypeId::of::<T>(), key.clone());
        let mut by_key = self.lock();
        let known = by_key.get(&key).and_then(|listed| listed.flight.upgrade());
        if let Some(flight) = known.and_then(|flight| flight.downcast().ok()) {
            return Boarding::Joined(flight);
        }
        let (sender, outcome) = watch::channel(None);
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let entry = Entry { flights: Arc::clone(self), key: key.clone(), number };
        let flight = Arc::new(Flight { outcome, task: Mutex::default(), entry: entry.clone() });
        let listed: Weak<Flight<T>> = Arc::downgrade(&flight);
        by_key.insert(key, Listed { number, flight: listed });
        Boarding::First(flight, Departure { outcome: sender, entry })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Listed>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone + Send + Sync + 'static> Departure<T> {
    /// Makes the call in a task that `flight` owns.
    pub(super) fn start(
        self,
        flight: &Flight<T>,
        call: impl Future<Output = Result<T, Status>> + Send + 'static,
    ) {
        let Departure { outcome, entry } = self;
        // The task does not hold the flight, which owns it.
        let task = rt::spawn(async move {
            let ended = call.await;
            // Before it is told: who comes from now on makes a call of their own.
            entry.leave();
            outcome.send_replace(Some(ended));
        });
        *flight.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }
}

impl<T: Clone> Flight<T> {
    /// Waits for the outcome.
    pub(super) async fn outcome(&self) -> Result<T, Status> {
        let mut outcome = self.outcome.clone();
        match outcome.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(outcome)) => outcome.clone(),
            Ok(None) | Err(_) => {
                Err(Status::internal("the call that several waited for panicked in a layer"))
            }
        }
    }
}

impl Entry {
    /// Takes the flight out of the list, unless another stands in its place by now.
    fn leave(&self) {
        let mut by_key = self.flights.lock();
        if by_key.get(&self.key).is_some_and(|listed| listed.number == self.number) {
            by_key.remove(&self.key);
        }
    }
}

impl<T> Drop for Flight<T> {
    fn drop(&mut self) {
        self.entry.leave();
    }
}

impl fmt::Debug for Flights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Flights").finish_non_exhaustive()
    }
}
