//! [`Children`]: the child policies of a policy, and whose each subchannel and timer is.
//!
//! A building block for policies that put others to work (one for each endpoint, or the old and the new in a switch). It
//! decides nothing: what the children publish is kept for the parent to look at.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use crate::connectivity::ConnectivityState;
use crate::lb::context::{Action, Context};
use crate::lb::picker::{Picker, QueuePicker};
use crate::lb::policy::{Policy, Rejected, Update};
use crate::lb::subchannel::{SubchannelId, SubchannelState, TimerId};
use crate::status::Status;

/// Child policies by key, in an order that the parent gives.
///
/// It passes on what the children ask for concerning subchannels and timers, and hands each event to the
/// child whose subchannel or timer it is about. What a child publishes and whether it wants the
/// names resolved again is kept in its [`Child`]; the parent looks there and publishes for itself.
///
/// Removing a child withdraws everything that it asked for.
///
/// `D` is what the parent itself wants to remember of each child.
#[derive(Debug)]
pub struct Children<K, D = ()> {
    children: Vec<Child<K, D>>,
    places: HashMap<K, usize>,
    subchannels: HashMap<SubchannelId, K>,
    timers: HashMap<TimerId, K>,
}

/// A child policy and what it last published.
pub struct Child<K, D = ()> {
    key: K,
    data: D,
    policy: Box<dyn Policy>,
    state: ConnectivityState,
    picker: Arc<dyn Picker>,
    publications: u64,
    wants_reresolution: bool,
    subchannels: HashSet<SubchannelId>,
    timers: HashSet<TimerId>,
}

impl<K: Clone + Eq + Hash, D: Default> Children<K, D> {
    /// No children.
    pub fn new() -> Children<K, D> {
        Children {
            children: Vec::new(),
            places: HashMap::new(),
            subchannels: HashMap::new(),
            timers: HashMap::new(),
        }
    }

    /// Adds a child at the end of the order. One with the same key is removed first.
    pub fn insert(&mut self, key: K, policy: Box<dyn Policy>, context: &mut Context<'_>) {
        self.remove(&key, context);
        self.places.insert(key.clone(), self.children.len());
        self.children.push(Child::new(key, policy));
    }

    /// Removes a child, its subchannels and its timers. Others keep their order. Takes time in proportion to
    /// the number of children; to change several at once, see [`reconcile`](Children::reconcile).
    pub fn remove(&mut self, key: &K, context: &mut Context<'_>) {
        let Some(place) = self.places.remove(key) else { return };
        let child = self.children.remove(place);
        self.withdraw(&child, context);
        for (place, child) in self.children.iter().enumerate().skip(place) {
            self.places.insert(child.key.clone(), place);
        }
    }

    /// Keeps the children with these keys, in this order; removes the others; makes those that are missing. A key that
    /// comes again counts where it came first.
    pub fn reconcile(
        &mut self,
        keys: impl IntoIterator<Item = K>,
        mut build: impl FnMut(&K) -> Box<dyn Policy>,
        context: &mut Context<'_>,
    ) {
        let keys = keys.into_iter();
        let count = keys.size_hint().0;
        let children = std::mem::replace(&mut self.children, Vec::with_capacity(count));
        let mut old: Vec<Option<Child<K, D>>> = children.into_iter().map(Some).collect();
        let old_places = std::mem::replace(&mut self.places, HashMap::with_capacity(count));
        for key in keys {
            if self.places.contains_key(&key) {
                continue;
            }
            let kept = old_places.get(&key).and_then(|place| old[*place].take());
            self.places.insert(key.clone(), self.children.len());
            self.children.push(kept.unwrap_or_else(|| {
                let policy = build(&key);
                Child::new(key, policy)
            }));
        }
        for child in old.into_iter().flatten() {
            self.withdraw(&child, context);
        }
    }

    /// Removes all.
    pub fn clear(&mut self, context: &mut Context<'_>) {
        self.places.clear();
        for child in std::mem::take(&mut self.children) {
            self.withdraw(&child, context);
        }
    }

    /// Hands an update to one child; `Ok` if there is no such child.
    ///
    /// # Errors
    /// What the child says.
    pub fn update(
        &mut self,
        key: &K,
        update: Update,
        context: &mut Context<'_>,
    ) -> Result<(), Rejected> {
        self.run(key, context, |child, context| child.update(update, context)).unwrap_or(Ok(()))
    }

    /// Hands an error of the resolver to one child.
    pub fn on_resolver_error(&mut self, key: &K, error: Status, context: &mut Context<'_>) {
        self.run(key, context, |child, context| child.on_resolver_error(error, context));
    }

    /// Hands a state to the child whose subchannel it is, and returns its key; `None` where it is nobody's.
    pub fn on_subchannel_state(
        &mut self,
        subchannel: SubchannelId,
        state: SubchannelState,
        context: &mut Context<'_>,
    ) -> Option<K> {
        let key = self.subchannels.get(&subchannel)?.clone();
        self.run(&key, context, |child, context| {
            child.on_subchannel_state(subchannel, state, context);
        })?;
        Some(key)
    }

    /// Tells the child whose timer is due, and returns its key; `None` where it is nobody's.
    pub fn on_timeout(&mut self, timer: TimerId, context: &mut Context<'_>) -> Option<K> {
        let key = self.timers.remove(&timer)?;
        if let Some(place) = self.places.get(&key) {
            self.children[*place].timers.remove(&timer);
        }
        self.run(&key, context, |child, context| child.on_timeout(timer, context))?;
        Some(key)
    }

    /// Tells one child that a connection is wanted.
    pub fn exit_idle(&mut self, key: &K, context: &mut Context<'_>) {
        self.run(key, context, |child, context| child.exit_idle(context));
    }

    /// One child.
    pub fn get(&self, key: &K) -> Option<&Child<K, D>> {
        self.places.get(key).map(|place| &self.children[*place])
    }

    /// What the parent remembers of one child.
    pub fn data_mut(&mut self, key: &K) -> Option<&mut D> {
        self.places.get(key).map(|place| &mut self.children[*place].data)
    }

    /// All, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Child<K, D>> {
        self.children.iter()
    }

    /// What their states add up to (gRPC connectivity semantics): READY if any is, else CONNECTING if any is,
    /// else IDLE if any is, else TRANSIENT_FAILURE; that also if there are none.
    pub fn aggregate(&self) -> ConnectivityState {
        use ConnectivityState::{Connecting, Idle, Ready, TransientFailure};
        let best = [Ready, Connecting, Idle]
            .into_iter()
            .find(|state| self.iter().any(|child| child.state() == *state));
        best.unwrap_or(TransientFailure)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.children.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.children.is_empty()
    }

    /// Whether this child wanted names to be resolved again since this was last asked.
    pub fn take_reresolution(&mut self, key: &K) -> bool {
        let Some(place) = self.places.get(key) else { return false };
        std::mem::take(&mut self.children[*place].wants_reresolution)
    }

    /// Runs one child, passes on what it asks for, and keeps what it publishes.
    fn run<R>(
        &mut self,
        key: &K,
        context: &mut Context<'_>,
        run: impl FnOnce(&mut dyn Policy, &mut Context<'_>) -> R,
    ) -> Option<R> {
        let child = &mut self.children[*self.places.get(key)?];
        let (result, actions) = context.intercept(|context| run(child.policy.as_mut(), context));
        for action in actions {
            match &action {
                Action::CreateSubchannel(subchannel, ..) => {
                    child.subchannels.insert(subchannel.id());
                    self.subchannels.insert(subchannel.id(), key.clone());
                }
                Action::Remove(subchannel) => {
                    child.subchannels.remove(subchannel);
                    self.subchannels.remove(subchannel);
                }
                Action::StartTimer(timer, _) => {
                    child.timers.insert(*timer);
                    self.timers.insert(*timer, key.clone());
                }
                Action::CancelTimer(timer) => {
                    child.timers.remove(timer);
                    self.timers.remove(timer);
                }
                Action::Connect(_) => {}
                Action::Publish(state, picker) => {
                    child.state = *state;
                    child.picker = Arc::clone(picker);
                    child.publications += 1;
                    continue;
                }
                Action::RequestReresolution => {
                    child.wants_reresolution = true;
                    continue;
                }
            }
            context.push(action);
        }
        Some(result)
    }

    fn withdraw(&mut self, child: &Child<K, D>, context: &mut Context<'_>) {
        for timer in &child.timers {
            self.timers.remove(timer);
            context.cancel_timer(*timer);
        }
        for subchannel in &child.subchannels {
            self.subchannels.remove(subchannel);
            context.remove(*subchannel);
        }
    }
}

impl<K: Clone + Eq + Hash, D: Default> Default for Children<K, D> {
    fn default() -> Children<K, D> {
        Children::new()
    }
}

impl<K, D: Default> Child<K, D> {
    fn new(key: K, policy: Box<dyn Policy>) -> Child<K, D> {
        Child {
            key,
            data: D::default(),
            policy,
            state: ConnectivityState::Connecting,
            picker: Arc::new(QueuePicker::new()),
            publications: 0,
            wants_reresolution: false,
            subchannels: HashSet::new(),
            timers: HashSet::new(),
        }
    }
}

impl<K, D> Child<K, D> {
    /// What the parent knows it by.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// The state that it last published; CONNECTING before the first.
    pub fn state(&self) -> ConnectivityState {
        self.state
    }

    /// The picker that it last published; one that queues before the first.
    pub fn picker(&self) -> &Arc<dyn Picker> {
        &self.picker
    }

    /// How many times it has published; tells the parent whether there is something new.
    pub fn publications(&self) -> u64 {
        self.publications
    }

    /// What the parent remembers of it.
    pub fn data(&self) -> &D {
        &self.data
    }
}

impl<K: fmt::Debug, D: fmt::Debug> fmt::Debug for Child<K, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("key", &self.key)
            .field("data", &self.data)
            .field("state", &self.state)
            .field("picker", &self.picker)
            .finish_non_exhaustive()
    }
}
