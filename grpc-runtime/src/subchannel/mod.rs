//! The way to one server: connects when asked, backs off when that fails, and says how things stand.
//!
//! Not calls (the engine makes them) and not the choice of a server. One task connects; it ends when there is a
//! connection or nobody is left who wants one, so an idle or ready channel has no task here.

mod addresses;
mod attempt;
mod failure;
mod race;
mod state;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::{Notify, watch};

use crate::backoff::ConnectionBackoff;
use crate::resolver::{Chosen, ResolverOptions};
use crate::rt;
use crate::subchannel::attempt::GiveUp;
use crate::target::TargetUri;
use crate::transport::connect::Dialer;
use crate::transport::h2::Http2Settings;

pub(crate) use self::state::State;

/// One server, reached by any of its addresses, the first ones preferred.
#[derive(Debug)]
pub(crate) struct Subchannel {
    shared: Arc<Shared>,
    /// The task that connects, while there is one. Held over nothing but its start.
    connecting: Mutex<Option<rt::Task>>,
}

/// What a subchannel is made of.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) target: Chosen,
    pub(crate) resolving: ResolverOptions,
    /// The `:authority`, whose host TLS verifies.
    pub(crate) authority: String,
    pub(crate) dialer: Dialer,
    pub(crate) http2: Http2Settings,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    state: ArcSwap<State>,
    changed: watch::Sender<()>,
    /// Ends the pause between two attempts.
    hurry: Notify,
    /// Whether a call failed for want of a connection since the last attempt.
    wanted: AtomicBool,
    /// Lives as long as failures follow each other, over pauses in which nobody called. Also makes "look at the
    /// state, then replace it" one step; nests in nothing.
    attempts: Mutex<Attempts>,
}

#[derive(Debug, Default)]
struct Attempts {
    backoff: ConnectionBackoff,
    number: u32,
}

impl Subchannel {
    /// Does no I/O and starts no task.
    pub(crate) fn new(settings: Settings) -> Self {
        let shared = Shared {
            settings,
            state: ArcSwap::from_pointee(State::Idle { last: None }),
            changed: watch::Sender::new(()),
            hurry: Notify::new(),
            wanted: AtomicBool::new(false),
            attempts: Mutex::default(),
        };
        Self { shared: Arc::new(shared), connecting: Mutex::default() }
    }

    /// Where things stand. Takes no lock.
    pub(crate) fn state(&self) -> Guard<Arc<State>> {
        self.shared.state.load()
    }

    /// Says when the state has changed. Subscribe before looking at it.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.shared.changed.subscribe()
    }

    pub(crate) fn target(&self) -> &TargetUri {
        self.shared.settings.target.uri()
    }

    /// Notes that a call wanted a connection and did not get one, so that connecting goes on after the backoff.
    pub(crate) fn note_wanted(&self) {
        self.shared.wanted.store(true, Ordering::Relaxed);
    }

    /// Forgets the failures so far: the next attempt starts at once.
    pub(crate) fn reset_backoff(&self) {
        *lock(&self.shared.attempts) = Attempts::default();
        self.note_wanted();
        self.shared.hurry.notify_waiters();
    }

    /// Starts to connect if nobody does and there is no connection.
    pub(crate) fn connect(&self) {
        let mut connecting = lock(&self.connecting);
        let starts = self.shared.replace_if(|state| match state {
            State::Idle { last } => Some(State::Connecting { last: last.clone() }),
            State::Connecting { .. } | State::Ready(_) | State::TransientFailure(_) => None,
        });
        if starts {
            let given_up = GiveUp::armed(&self.shared);
            let task = attempt::until_ready(Arc::clone(&self.shared), given_up);
            *connecting = Some(rt::spawn(task));
        }
    }
}

impl Shared {
    /// Replaces the state if `next` says so, as one step, and wakes who waits for a change.
    fn replace_if(&self, next: impl FnOnce(&State) -> Option<State>) -> bool {
        let order = lock(&self.attempts);
        let Some(next) = next(&self.state.load()) else { return false };
        tracing::debug!(target = %self.settings.target.uri(), state = ?next, "subchannel state");
        self.state.store(Arc::new(next));
        drop(order);
        self.changed.send_replace(());
        true
    }

    fn replace(&self, next: State) {
        self.replace_if(|_| Some(next));
    }

    /// After the connection took its leave: the next call makes another.
    fn forget_connection(&self) {
        self.replace_if(|state| match state {
            State::Ready(connection) if connection.is_leaving() => Some(State::Idle { last: None }),
            State::Ready(_)
            | State::Idle { .. }
            | State::Connecting { .. }
            | State::TransientFailure(_) => None,
        });
    }

    fn on_leave(shared: &Weak<Self>) {
        if let Some(shared) = shared.upgrade() {
            shared.forget_connection();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that runs under these locks can leave half a change behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
