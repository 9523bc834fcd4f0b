//! [`ManualResolver`]: a resolver whose findings are pushed by the program.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::watch;

use crate::lb::Endpoint;
use crate::resolver::{Resolver, ResolverFactory, ResolverOptions, ResolverUpdate, UpdateOutcome};
use crate::status::Status;
use crate::target::{InvalidTarget, TargetUri};

/// Feeds the servers of channels from anywhere: a watch of Kubernetes or Consul, a file, a test.
///
/// It is handle and factory in one. Register a clone with a channel, use its scheme in the target, and push. What was
/// pushed last is kept and is the first update of every channel that asks later, also of one that was idle in between.
/// Clones are the same handle; any number of channels may use it, and all get the same.
///
/// ```
/// use grpc_runtime::lb::Endpoint;
/// use grpc_runtime::resolver::{ManualResolver, ResolverRegistry};
/// use grpc_runtime::Address;
///
/// let servers = ManualResolver::new("consul");
/// let registry = ResolverRegistry::builtin().with(servers.clone());
/// // .. and a channel to "consul:///greeter" with that registry.
///
/// let address = std::net::SocketAddr::from(([10, 0, 0, 1], 50051));
/// servers.set_endpoints([Endpoint::new(Address::Tcp(address))]);
/// ```
#[derive(Clone)]
pub struct ManualResolver(Arc<Shared>);

struct Shared {
    scheme: String,
    /// Protects what was pushed and who waits for it. Held for a moment; nothing is called under it, and no other lock
    /// taken.
    state: Mutex<State>,
    requests: watch::Sender<u64>,
    /// What became of the update of this version.
    outcome: watch::Sender<Option<(u64, UpdateOutcome)>>,
}

#[derive(Default)]
struct State {
    /// Counts pushes, so that a resolver knows what it has given.
    version: u64,
    latest: Option<ResolverUpdate>,
    waiting: BTreeMap<u64, Waker>,
    next_resolver: u64,
}

impl ManualResolver {
    /// A handle for targets of this scheme, with nothing pushed yet: channels stay CONNECTING until there is.
    pub fn new(scheme: impl Into<String>) -> Self {
        Self(Arc::new(Shared {
            scheme: scheme.into(),
            state: Mutex::default(),
            requests: watch::Sender::new(0),
            outcome: watch::Sender::new(None),
        }))
    }

    /// Pushes an update to all channels. Only the latest counts: one that was not taken yet is replaced.
    pub fn push(&self, update: ResolverUpdate) {
        let waiting = {
            let mut state = self.0.lock();
            state.version += 1;
            state.latest = Some(update);
            std::mem::take(&mut state.waiting)
        };
        waiting.into_values().for_each(Waker::wake);
    }

    /// Pushes these servers and nothing else.
    pub fn set_endpoints(&self, endpoints: impl IntoIterator<Item = Endpoint>) {
        self.push(ResolverUpdate::endpoints(endpoints));
    }

    /// Pushes an error: the servers cannot be found out. Channels keep those that they have.
    pub fn set_error(&self, status: Status) {
        self.push(ResolverUpdate::error(status));
    }

    /// How often channels asked for a new resolution so far.
    pub fn resolve_now_requests(&self) -> u64 {
        *self.0.requests.borrow()
    }

    /// Waits until channels have asked for a new resolution more than `seen` times in all, and gives how often.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn next_resolve_now(&self, seen: u64) -> u64 {
        let mut requests = self.0.requests.subscribe();
        let found = requests.wait_for(|requests| *requests > seen).await.map(|requests| *requests);
        // The sender lives in `self`, so the wait cannot end without an answer.
        found.unwrap_or(seen)
    }

    /// What became of the update that a channel took last; `None` before that is known.
    pub fn last_outcome(&self) -> Option<UpdateOutcome> {
        self.0.outcome.borrow().map(|(_, outcome)| outcome)
    }

    /// Waits until a channel has taken what was pushed last before this, and tells what became of it.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn next_outcome(&self) -> UpdateOutcome {
        let pushed = self.0.lock().version;
        let mut outcomes = self.0.outcome.subscribe();
        let is_taken = |outcome: &Option<(u64, _)>| outcome.is_some_and(|(of, _)| of >= pushed);
        let found = outcomes.wait_for(is_taken).await.map(|found| *found);
        // The sender lives in `self`, so the wait cannot end without an answer.
        found.ok().flatten().map_or(UpdateOutcome::Rejected, |(_, outcome)| outcome)
    }
}

impl ResolverFactory for ManualResolver {
    fn scheme(&self) -> &str {
        &self.0.scheme
    }

    fn build(
        &self,
        _target: &TargetUri,
        _options: &ResolverOptions,
    ) -> Result<Box<dyn Resolver>, InvalidTarget> {
        let mut state = self.0.lock();
        let number = state.next_resolver;
        state.next_resolver += 1;
        drop(state);
        Ok(Box::new(Instance { shared: Arc::clone(&self.0), number, given: 0 }))
    }
}

impl Shared {
    /// A panic cannot leave the state half changed, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The resolver of one channel.
struct Instance {
    shared: Arc<Shared>,
    number: u64,
    /// The version that was given last.
    given: u64,
}

impl Resolver for Instance {
    fn poll_update(&mut self, context: &mut Context<'_>) -> Poll<ResolverUpdate> {
        let mut state = self.shared.lock();
        match &state.latest {
            Some(update) if state.version > self.given => {
                let update = update.clone();
                self.given = state.version;
                Poll::Ready(update)
            }
            Some(_) | None => {
                state.waiting.insert(self.number, context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn resolve_now(&mut self) {
        self.shared.requests.send_modify(|requests| *requests += 1);
    }

    fn on_outcome(&mut self, outcome: UpdateOutcome) {
        self.shared.outcome.send_replace(Some((self.given, outcome)));
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.shared.lock().waiting.remove(&self.number);
    }
}

impl fmt::Debug for ManualResolver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        formatter
            .debug_struct("ManualResolver")
            .field("scheme", &self.0.scheme)
            .field("latest", &state.latest)
            .finish_non_exhaustive()
    }
}
