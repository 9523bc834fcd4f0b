//! The one object that control and calls share: the state, and the picker that goes with it, swapped as one.
//!
//! The channel's control task publishes it; calls read it without a lock, and wait for its successor. Nothing is
//! decided here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;

use crate::connectivity::ConnectivityState;
use crate::engine::changes::{StateChange, StateChanges, Subscribers};
use crate::lb::{Picker, QueuePicker};
use crate::method::MethodDescriptor;
use crate::retry::Throttle;
use crate::rt;
use crate::service_config::{MethodConfig, ServiceConfig};
use crate::status::Status;
use crate::transport::h2::LastUse;

/// How the channel stands, and where calls go.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) state: ConnectivityState,
    pub(crate) picker: Arc<dyn Picker>,
    /// The service config in force; none before the resolver was heard for the first time since the channel was idle.
    pub(crate) config: Option<Arc<ServiceConfig>>,
    /// The target's tokens for retries, where the service config has them.
    throttle: Option<Arc<Throttle>>,
    /// Why the state is what it is, where that is known.
    reason: Option<Status>,
    /// Whether a connection was asked for since this was published.
    asked: AtomicBool,
}

/// A snapshot as the calls of one method see it, so that the method is looked up once for all that is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) config: Option<&'a MethodConfig>,
}

/// A service config, and the tokens that belong to it.
type Configured = (Option<Arc<ServiceConfig>>, Option<Arc<Throttle>>);

/// The snapshot of now, and word of its successors.
#[derive(Debug)]
pub(crate) struct Published {
    current: ArcSwap<Snapshot>,
    changed: watch::Sender<()>,
    /// Who follows the states. Held while a snapshot takes the place of another, so that nobody misses one or is told
    /// it twice; no foreign code runs under it.
    subscribers: Mutex<Subscribers>,
    waiting: AtomicUsize,
    made: Instant,
    /// When a call waited last: nanoseconds since `made`, plus one; zero before that.
    waited: AtomicU64,
}

/// A call that waits. The channel is in use as long as it lives.
pub(crate) struct Wait<'a>(&'a Published);

impl Snapshot {
    fn new(
        state: ConnectivityState,
        picker: Arc<dyn Picker>,
        configured: Configured,
        reason: Option<Status>,
    ) -> Self {
        let (config, throttle) = configured;
        Self { state, picker, config, throttle, reason, asked: AtomicBool::new(false) }
    }

    fn configured(&self) -> Configured {
        (self.config.clone(), self.throttle.clone())
    }

    /// The target's tokens for retries.
    pub(crate) fn throttle(&self) -> Option<Arc<Throttle>> {
        self.throttle.clone()
    }

    /// The snapshot, and what the service config says of a method.
    #[inline]
    pub(crate) fn view(&self, method: &MethodDescriptor) -> View<'_> {
        let config = self.config.as_ref().and_then(|config| config.method_config(method));
        View { snapshot: self, config }
    }

    /// Whether a call that has to wait shall ask for a connection: nobody makes one, and this is the first to ask.
    pub(crate) fn asks_to_connect(&self) -> bool {
        self.state == ConnectivityState::Idle && !self.asked.swap(true, Ordering::AcqRel)
    }
}

impl Published {
    /// IDLE, before anything happened.
    pub(crate) fn new() -> Self {
        let picker = Arc::new(QueuePicker::new());
        let idle = Snapshot::new(ConnectivityState::Idle, picker, (None, None), None);
        Self {
            current: ArcSwap::from_pointee(idle),
            changed: watch::Sender::new(()),
            subscribers: Mutex::default(),
            waiting: AtomicUsize::new(0),
            made: rt::now(),
            waited: AtomicU64::new(0),
        }
    }

    /// The snapshot of now. Takes no lock.
    pub(crate) fn load(&self) -> Guard<Arc<Snapshot>> {
        self.current.load()
    }

    /// Says when there is another. Subscribe before looking.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Every change of the state from now on, and first the state of now.
    pub(crate) fn state_changes(&self) -> StateChanges {
        let mut subscribers = self.subscribers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.current.load();
        subscribers.add(StateChange::new(now.state, now.reason.clone()))
    }

    /// Starts over, without a service config.
    pub(crate) fn begin(
        &self,
        state: ConnectivityState,
        picker: Arc<dyn Picker>,
    ) -> Option<Arc<Snapshot>> {
        self.replace(|_| Snapshot::new(state, picker, (None, None), None))
    }

    /// Puts this picker in place, and keeps the service config.
    pub(crate) fn publish(
        &self,
        state: ConnectivityState,
        picker: Arc<dyn Picker>,
        reason: Option<Status>,
    ) -> Option<Arc<Snapshot>> {
        self.replace(|before| Snapshot::new(state, picker, before.configured(), reason))
    }

    /// Puts a service config in force, and keeps the rest.
    pub(crate) fn configure(
        &self,
        config: Arc<ServiceConfig>,
        throttle: Option<Arc<Throttle>>,
    ) -> Option<Arc<Snapshot>> {
        self.replace(|before| {
            let Snapshot { state, picker, reason, asked, .. } = before;
            let mut next =
                Snapshot::new(*state, Arc::clone(picker), (Some(config), throttle), reason.clone());
            next.asked = AtomicBool::new(asked.load(Ordering::Acquire));
            next
        })
    }

    /// Swaps the snapshot, and wakes who waits. SHUTDOWN is final. Gives the one before, for the caller to drop where
    /// foreign code may run.
    fn replace(&self, next: impl FnOnce(&Snapshot) -> Snapshot) -> Option<Arc<Snapshot>> {
        let mut subscribers = self.subscribers.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current.load();
        if before.state == ConnectivityState::Shutdown {
            return None;
        }
        let next = next(&before);
        let change =
            (before.state != next.state).then(|| StateChange::new(next.state, next.reason.clone()));
        drop(before);
        let old = self.current.swap(Arc::new(next));
        // The picker is in place before anyone hears of the state.
        change.into_iter().for_each(|change| subscribers.tell(&change));
        drop(subscribers);
        self.changed.send_replace(());
        Some(old)
    }

    /// A call begins to wait.
    pub(crate) fn wait(&self) -> Wait<'_> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        Wait(self)
    }

    /// When a call waited last.
    pub(crate) fn last_wait(&self) -> LastUse {
        if self.waiting.load(Ordering::Acquire) > 0 {
            return LastUse::Now;
        }
        match self.waited.load(Ordering::Acquire).checked_sub(1) {
            Some(nanoseconds) => LastUse::Ended(self.made + Duration::from_nanos(nanoseconds)),
            None => LastUse::Never,
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let passed = rt::now().saturating_duration_since(self.0.made).as_nanos();
        let passed = u64::try_from(passed).unwrap_or(u64::MAX - 1);
        self.0.waited.store(passed + 1, Ordering::Release);
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
