//! Where the runtime meets tokio: the only file that spawns, sleeps, reads the clock or the
//! environment, or draws a random number.
//!
//! Not a runtime abstraction to plug others into: it is one place, so that everything above it takes time and
//! randomness as arguments and tests own both. tokio's paused clock moves `now` and `sleep_until` together.

use std::any::Any;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Instant, SystemTime};

use pin_project_lite::pin_project;
use tokio::time::Timeout;

pub(crate) use tokio::time::Sleep;

/// The present, by tokio's clock, so that a paused clock in a test is the clock of everything.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The clock on the wall, for times that come from elsewhere.
pub(crate) fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// A timer for `instant`; in the past means at once.
pub(crate) fn sleep_until(instant: Instant) -> Sleep {
    tokio::time::sleep_until(instant.into())
}

/// `None` when `instant` came before `future` was done.
pub(crate) fn until<F: Future>(instant: Instant, future: F) -> Until<F> {
    Until { timeout: tokio::time::timeout_at(instant.into(), future) }
}

pin_project! {
    /// Written by hand, because an `async fn` would hold the future twice: before and after its first poll.
    pub(crate) struct Until<F> {
        #[pin]
        timeout: Timeout<F>,
    }
}

impl<F: Future> Future for Until<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().timeout.poll(context).map(Result::ok)
    }
}

/// What surrounds the code that a task runs, of whatever type an upper module gives it.
pub(crate) type Ambient = Arc<dyn Any + Send + Sync>;

tokio::task_local! {
    static AMBIENT: Ambient;
}

/// Runs `future` with `ambient` around it, in place of what was around it before.
pub(crate) async fn surrounded<F: Future>(ambient: Ambient, future: F) -> F::Output {
    AMBIENT.scope(ambient, future).await
}

/// What surrounds the caller, if that is anything: one read of a thread-local.
pub(crate) fn ambient<T: Any + Send + Sync, R>(look: impl FnOnce(&T) -> R) -> Option<R> {
    AMBIENT.try_with(|ambient| ambient.downcast_ref().map(look)).ok().flatten()
}

/// A variable of the process's environment, unless it is unset or not Unicode.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The text of a file, read where waiting for the disk holds up nobody.
pub(crate) async fn read_file(path: Arc<Path>) -> io::Result<String> {
    let reading = tokio::task::spawn_blocking(move || std::fs::read_to_string(path));
    reading.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// A number in `0.0..1.0` for jitter. Not for secrets.
pub(crate) fn random() -> f64 {
    fastrand::f64()
}

/// Whether this thread can spawn and sleep.
pub(crate) fn is_entered() -> bool {
    tokio::runtime::Handle::try_current().is_ok()
}

/// Starts a task that ends when its [`Task`] is dropped.
///
/// # Panics
/// Outside a tokio runtime; callers ask [`is_entered`] first.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Task {
    Task(Some(spawn_raw(future)))
}

/// Starts a task that ends by itself, because what it works for may outlive whoever started it.
///
/// # Panics
/// Outside a tokio runtime; callers ask [`is_entered`] first.
pub(crate) fn spawn_detached(future: impl Future<Output = ()> + Send + 'static) {
    drop(spawn_raw(future));
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
fn spawn_raw(future: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
    tokio::spawn(future)
}

/// The owner of a spawned task: dropping it aborts the task.
#[derive(Debug)]
pub(crate) struct Task(Option<tokio::task::JoinHandle<()>>);

impl Task {
    /// Lets the task end by itself.
    pub(crate) fn detach(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
