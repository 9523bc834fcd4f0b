//! One token, held for all who use it: carries out what `freshness` decides.
//!
//! A fetch runs in a task of its own, which the cache owns: dropping the last handle ends it.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use crate::credentials::bearer::freshness::{Answer, Freshness};
use crate::credentials::bearer::token::Token;
use crate::metadata::Metadata;
use crate::rt;
use crate::status::Status;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// A token on its way.
pub(super) type FetchFuture = Pin<Box<dyn Future<Output = Result<Token, BoxError>> + Send>>;

pub(super) type Fetch = dyn Fn() -> FetchFuture + Send + Sync;

pub(super) struct Cache {
    fetch: Arc<Fetch>,
    timeout: Duration,
    shared: Arc<Shared>,
    /// The last fetch. Held to put the next in its place.
    task: Mutex<Option<rt::Task>>,
}

struct Shared {
    /// Held for a decision; no foreign code runs under it.
    freshness: Mutex<Freshness<Arc<Metadata>, Status>>,
    /// Tells those who wait that a fetch is over.
    over: watch::Sender<()>,
}

impl Cache {
    pub(super) fn new(fetch: Box<Fetch>, timeout: Duration) -> Self {
        Self::of(fetch.into(), timeout)
    }

    /// Another, with nothing in it.
    pub(super) fn with_timeout(&self, timeout: Duration) -> Self {
        Self::of(Arc::clone(&self.fetch), timeout)
    }

    /// The header with a token that is good, fetched where there is none.
    ///
    /// # Errors
    /// Why there is none, which may have been found out a moment ago.
    ///
    /// # Cancel safety
    /// Cancel safe; a fetch goes on.
    pub(super) async fn header(&self) -> Result<Metadata, Status> {
        loop {
            // From before the question: a fetch that is over after it ends the wait.
            let mut over = self.shared.over.subscribe();
            let answer = self.shared.freshness().on_call(rt::now());
            match answer {
                Answer::Use(header) => return Ok(Metadata::clone(&header)),
                Answer::UseAndFetch(header) => {
                    self.start();
                    return Ok(Metadata::clone(&header));
                }
                Answer::Fail(status) => return Err(status),
                Answer::Fetch => self.start(),
                Answer::Wait => {}
            }
            // The sender is ours: this ends by its word.
            let _ = over.changed().await;
        }
    }

    /// The header, where there is a token that is good for a while.
    pub(super) fn header_now(&self) -> Option<Metadata> {
        let header = self.shared.freshness().peek(rt::now())?;
        Some(Metadata::clone(&header))
    }

    pub(super) fn forget(&self) {
        self.shared.freshness().forget();
    }

    fn of(fetch: Arc<Fetch>, timeout: Duration) -> Self {
        let shared =
            Shared { freshness: Mutex::new(Freshness::new()), over: watch::Sender::new(()) };
        Self { fetch, timeout, shared: Arc::new(shared), task: Mutex::default() }
    }

    fn start(&self) {
        let underway = UnderWay { shared: Arc::clone(&self.shared), is_over: false };
        let task = rt::spawn(underway.run(Arc::clone(&self.fetch), self.timeout));
        let before = self.task.lock().unwrap_or_else(PoisonError::into_inner).replace(task);
        drop(before);
    }
}

impl Shared {
    fn freshness(&self) -> MutexGuard<'_, Freshness<Arc<Metadata>, Status>> {
        self.freshness.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fetch. However it ends, those who wait are told.
struct UnderWay {
    shared: Arc<Shared>,
    is_over: bool,
}

impl UnderWay {
    async fn run(mut self, fetch: Arc<Fetch>, timeout: Duration) {
        let fetched = match rt::now().checked_add(timeout) {
            None => Ok(fetch().await),
            Some(until) => rt::until(until, async { fetch().await }).await.ok_or_else(|| {
                Status::unavailable(format!("no token was fetched within {timeout:?}"))
            }),
        };
        let fetched =
            fetched.and_then(|fetched| fetched.map_err(status_of)).and_then(ready_to_send);
        let now = rt::now();
        match fetched {
            Ok((header, lifetime)) => {
                self.shared.freshness().on_fetched(Arc::new(header), lifetime, now);
            }
            Err(status) => {
                tracing::debug!(%status, "no token was fetched");
                self.shared.freshness().on_failed(status, now, rt::random());
            }
        }
        self.is_over = true;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if !self.is_over {
            let mut freshness = self.shared.freshness();
            match thread::panicking() {
                true => freshness.on_failed(panicked(), rt::now(), rt::random()),
                // Its runtime ended; those who wait may be on another one.
                false => freshness.on_abandoned(),
            }
        }
        self.shared.over.send_replace(());
    }
}

fn ready_to_send(token: Token) -> Result<(Metadata, Option<Duration>), Status> {
    let lifetime = token.lifetime(rt::wall_clock());
    if lifetime.is_some_and(|lifetime| lifetime.is_zero()) {
        return Err(Status::unauthenticated("the token that was fetched had expired already"));
    }
    Ok((token.header()?, lifetime))
}

fn status_of(error: BoxError) -> Status {
    match error.downcast::<Status>() {
        Ok(status) => *status,
        Err(error) => Status::unauthenticated("no token could be fetched").with_source(error),
    }
}

fn panicked() -> Status {
    Status::internal("the function that fetches tokens panicked")
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cache").finish_non_exhaustive()
    }
}
