//! Who runs a channel: nobody while it is idle, one task otherwise.
//!
//! [`ChannelControl`] is what handles and calls reach: it starts the task when a connection is wanted and passes wishes
//! on to it. The task itself is `task`; what it decides with are the resolver, the policy (`balancing`) and
//! the subchannels. Not on the way of a call that finds a connection.

mod balancing;
mod configs;
mod idleness;
mod resolution;
mod task;
mod timers;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::connectivity::ConnectivityState;
use crate::engine::{Control, Published, Snapshot, closed};
use crate::lb::{self, QueuePicker};
use crate::resolver::{self, ResolverOptions};
use crate::rt;
use crate::subchannel;
use crate::target::TargetUri;

pub(super) use self::configs::ServiceConfigs;
use self::task::ChannelTask;

/// What a channel is run with.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) target: resolver::Chosen,
    pub(super) resolving: ResolverOptions,
    pub(super) connecting: Arc<subchannel::Settings>,
    pub(super) service_configs: ServiceConfigs,
    /// The policy where no service config names one.
    pub(super) load_balancing: lb::Chosen,
    /// Zero: never idle again.
    pub(super) idle_timeout: Duration,
}

/// What the task is told.
#[derive(Debug)]
enum Event {
    /// A connection is wanted.
    Connect,
    ResetBackoff,
    Close,
    Subchannel(subchannel::Event),
}

/// The control of one channel. Dropping it ends the task; calls in flight go on.
pub(super) struct ChannelControl {
    shared: Arc<Shared>,
    /// The task, while there is one. Held over nothing but its start and its end.
    task: Mutex<Option<rt::Task>>,
}

/// What the task has in common with those who start it.
#[derive(Debug)]
struct Shared {
    settings: Settings,
    published: Arc<Published>,
    /// Who runs the channel. Held while that changes, together with the snapshot that says so; no foreign code runs
    /// under it.
    mode: Mutex<Mode>,
}

#[derive(Debug)]
enum Mode {
    /// Nobody. `runs` is how many tasks there were.
    Idle {
        runs: u64,
    },
    /// The task of this number, which hears events.
    Running {
        run: u64,
        events: UnboundedSender<Event>,
    },
    Closed,
}

impl ChannelControl {
    /// Does no I/O and starts no task.
    pub(super) fn new(settings: Settings, published: Arc<Published>) -> Self {
        let mode = Mutex::new(Mode::Idle { runs: 0 });
        Self { shared: Arc::new(Shared { settings, published, mode }), task: Mutex::default() }
    }

    fn send(&self, event: Event) {
        if let Mode::Running { events, .. } = &*self.shared.mode() {
            // A task that has just ended has left the mode, or is about to.
            let _ = events.send(event);
        }
    }
}

impl Control for ChannelControl {
    fn target(&self) -> &TargetUri {
        self.shared.settings.target.uri()
    }

    fn connect(&self) {
        let mut mode = self.shared.mode();
        let Mode::Idle { runs } = *mode else {
            drop(mode);
            return self.send(Event::Connect);
        };
        let (sender, events) = unbounded_channel();
        let run = runs + 1;
        *mode = Mode::Running { run, events: sender.clone() };
        let unresolved = "the resolver has not found its servers yet".to_owned();
        let picker = Arc::new(QueuePicker::new().with_waits_for(Some(unresolved)));
        let before = self.shared.published.begin(ConnectivityState::Connecting, picker);
        drop(mode);
        let departure = Departure { shared: Arc::clone(&self.shared), run };
        let task = rt::spawn(ChannelTask::new(departure, sender, events).run());
        let previous = lock(&self.task).replace(task);
        drop((previous, before));
    }

    fn reset_backoff(&self) {
        self.send(Event::ResetBackoff);
    }

    fn close(&self) {
        let mut mode = self.shared.mode();
        let before = std::mem::replace(&mut *mode, Mode::Closed);
        let picker = Arc::new(Closed);
        let replaced = self.shared.published.publish(ConnectivityState::Shutdown, picker, None);
        drop(mode);
        if let Mode::Running { events, .. } = before {
            // It ends the connections and then itself, also when the last handle is gone before that.
            let _ = events.send(Event::Close);
            lock(&self.task).take().into_iter().for_each(rt::Task::detach);
        }
        drop(replaced);
    }
}

impl fmt::Debug for ChannelControl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.shared, formatter)
    }
}

impl Shared {
    fn mode(&self) -> MutexGuard<'_, Mode> {
        lock(&self.mode)
    }

    /// Makes the channel idle if it is still this run's, and tells.
    fn leave(&self, mut mode: MutexGuard<'_, Mode>, run: u64) -> Option<Arc<Snapshot>> {
        match *mode {
            Mode::Running { run: current, .. } if current == run => {
                *mode = Mode::Idle { runs: run };
                let picker = Arc::new(QueuePicker::new());
                self.published.begin(ConnectivityState::Idle, picker)
            }
            Mode::Running { .. } | Mode::Idle { .. } | Mode::Closed => None,
        }
    }
}

/// Held by the task: when it ends, however it ends (its runtime may end under it, even before it ran for the
/// first time), the channel is idle, and the next call starts another.
struct Departure {
    shared: Arc<Shared>,
    run: u64,
}

impl Departure {
    /// Leaves unless somebody has told the task something that it has not heard yet.
    fn try_leave(&self, events: &UnboundedReceiver<Event>) -> bool {
        let mode = self.shared.mode();
        if !events.is_empty() {
            return false;
        }
        drop(self.shared.leave(mode, self.run));
        true
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        drop(self.shared.leave(self.shared.mode(), self.run));
    }
}

/// The picker of a closed channel.
#[derive(Debug)]
struct Closed;

impl lb::Picker for Closed {
    fn pick(&self, _: &lb::PickArgs<'_>) -> lb::Pick {
        lb::Pick::Drop(closed())
    }
}

/// The picker of a channel whose policy or resolver broke: no call shall wait for what may never come.
#[derive(Debug)]
struct Broken(crate::status::Status);

impl lb::Picker for Broken {
    fn pick(&self, _: &lb::PickArgs<'_>) -> lb::Pick {
        lb::Pick::Drop(self.0.clone())
    }

    fn last_failure(&self) -> Option<crate::status::Status> {
        Some(self.0.clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that runs under these locks can leave half a change behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
