//! Plays driver for the tests of policies: carries out actions on a model of subchannels and timers, and holds the rules
//! that every policy must keep.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::attributes::Attributes;
use crate::connectivity::ConnectivityState;
use crate::lb::context::{Action, Context, Ids};
use crate::lb::endpoint::Endpoint;
use crate::lb::picker::{Pick, PickArgs, Picker};
use crate::lb::policy::{Policy, Rejected, Update};
use crate::lb::subchannel::{SubchannelId, SubchannelState, TimerId};
use crate::metadata::Metadata;
use crate::method::{MethodDescriptor, MethodKind};
use crate::rt;
use crate::status::Status;

/// A policy and the world that it sees.
pub(super) struct Harness {
    policy: Box<dyn Policy>,
    ids: Ids,
    now: Instant,
    random: fastrand::Rng,
    /// Those that the policy has not removed.
    pub(super) subchannels: BTreeMap<SubchannelId, Known>,
    gone: HashSet<SubchannelId>,
    timers: BTreeMap<TimerId, Instant>,
    pub(super) published: Option<(ConnectivityState, Arc<dyn Picker>)>,
    /// One line for each thing that the policy did since this was last taken.
    log: Vec<String>,
}

/// A subchannel as the driver knows it.
pub(super) struct Known {
    pub(super) address: Address,
    pub(super) attributes: Attributes,
    pub(super) state: SubchannelState,
    /// Asked to connect, and not told anything since.
    pub(super) is_asked: bool,
    /// Failed, and not READY since.
    pub(super) has_failed: bool,
}

impl Harness {
    pub(super) fn new(policy: Box<dyn Policy>) -> Harness {
        Harness {
            policy,
            ids: Ids::new(),
            now: rt::now(),
            random: fastrand::Rng::with_seed(1),
            subchannels: BTreeMap::new(),
            gone: HashSet::new(),
            timers: BTreeMap::new(),
            published: None,
            log: Vec::new(),
        }
    }

    pub(super) fn update(&mut self, update: Update) -> Result<(), Rejected> {
        self.run(|policy, context| policy.update(update, context))
    }

    /// One endpoint for each name.
    pub(super) fn resolve(&mut self, names: &[&str]) {
        let _ = self.update(Update::new(names.iter().map(|name| endpoint(name)).collect()));
    }

    pub(super) fn resolver_fails(&mut self, text: &str) {
        self.run(|policy, context| {
            policy.on_resolver_error(Status::unavailable(text), context);
        });
    }

    pub(super) fn exit_idle(&mut self) {
        self.run(|policy, context| policy.exit_idle(context));
    }

    pub(super) fn ready(&mut self, name: &str) {
        self.tell(name, SubchannelState::Ready);
    }

    pub(super) fn idle(&mut self, name: &str) {
        self.tell(name, SubchannelState::Idle);
    }

    pub(super) fn fail(&mut self, name: &str) {
        let status = Status::unavailable(format!("{name} refused"));
        self.tell(name, SubchannelState::TransientFailure(status));
    }

    /// Changes the state of the newest subchannel to this address.
    pub(super) fn tell(&mut self, name: &str, state: SubchannelState) {
        let id = self.id(name);
        self.tell_id(id, state);
    }

    /// Tells a state of a subchannel, be it gone or not.
    pub(super) fn tell_id(&mut self, id: SubchannelId, state: SubchannelState) {
        if let Some(known) = self.subchannels.get_mut(&id) {
            known.state = state.clone();
            known.is_asked = false;
            match state {
                SubchannelState::Ready => known.has_failed = false,
                SubchannelState::TransientFailure(_) => known.has_failed = true,
                SubchannelState::Idle | SubchannelState::Connecting => {}
            }
        }
        self.run(|policy, context| policy.on_subchannel_state(id, state, context));
    }

    pub(super) fn tell_timeout(&mut self, timer: TimerId) {
        self.timers.remove(&timer);
        self.run(|policy, context| policy.on_timeout(timer, context));
    }

    /// Lets time pass; timers that become due go off in order.
    pub(super) fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some((timer, due)) =
            self.timers.iter().map(|(timer, due)| (*timer, *due)).min_by_key(|(_, due)| *due)
            && due <= until
        {
            self.now = due;
            self.tell_timeout(timer);
        }
        self.now = until;
    }

    pub(super) fn id(&self, name: &str) -> SubchannelId {
        let named =
            self.subchannels.iter().rev().find(|(_, known)| known.address.to_string() == name);
        *named.unwrap_or_else(|| panic!("no subchannel to {name}")).0
    }

    pub(super) fn has_timer(&self, timer: TimerId) -> bool {
        self.timers.contains_key(&timer)
    }

    pub(super) fn timers(&self) -> usize {
        self.timers.len()
    }

    /// What the policy did since the last time, such as `create a`, `connect a`, `READY`.
    pub(super) fn log(&mut self) -> String {
        std::mem::take(&mut self.log).join(", ")
    }

    pub(super) fn state(&self) -> Option<ConnectivityState> {
        self.published.as_ref().map(|(state, _)| *state)
    }

    /// What a call meets: the address, `queue`, or the text of the failure.
    pub(super) fn pick(&self) -> String {
        match self.picked() {
            Pick::Complete(picked) => match self.subchannels.get(&picked.subchannel().id()) {
                Some(known) => known.address.to_string(),
                None => panic!("a published picker picks {:?}, which is gone", picked.subchannel()),
            },
            Pick::Queue => "queue".to_owned(),
            Pick::Fail(status) => status.message().to_owned(),
            Pick::Drop(status) => format!("drop {}", status.message()),
        }
    }

    /// The name of the subchannel that a call gets.
    pub(super) fn pick_id(&self) -> String {
        format!("{:?}", self.picked())
    }

    fn picked(&self) -> Pick {
        static METHOD: MethodDescriptor = MethodDescriptor::new("/a.B/C", MethodKind::Unary);
        match &self.published {
            Some((_, picker)) => picker.pick(&PickArgs::new(&METHOD, &Metadata::new())),
            None => Pick::Queue,
        }
    }

    fn run<R>(&mut self, run: impl FnOnce(&mut dyn Policy, &mut Context<'_>) -> R) -> R {
        let random = &mut self.random;
        let mut random = || random.f64();
        let mut context = Context::new(self.now, &mut random, &mut self.ids);
        let result = run(self.policy.as_mut(), &mut context);
        for action in context.into_actions() {
            self.carry_out(action);
        }
        result
    }

    fn carry_out(&mut self, action: Action) {
        let line = match action {
            Action::CreateSubchannel(handle, address, attributes) => {
                assert!(!self.gone.contains(&handle.id()), "{handle:?} comes again");
                let line = format!("create {address}");
                let state = SubchannelState::Idle;
                let known =
                    Known { address, attributes, state, is_asked: false, has_failed: false };
                assert!(self.subchannels.insert(handle.id(), known).is_none(), "{handle:?} twice");
                line
            }
            Action::Connect(id) => {
                let known = self.subchannels.get_mut(&id);
                let known = known.unwrap_or_else(|| panic!("{id:?} is connected but gone"));
                assert_eq!(known.state, SubchannelState::Idle, "{id:?} is connected");
                assert!(!std::mem::replace(&mut known.is_asked, true), "{id:?} is asked twice");
                format!("connect {}", known.address)
            }
            Action::Remove(id) => {
                let known = self.subchannels.remove(&id);
                self.gone.insert(id);
                format!(
                    "remove {}",
                    known.unwrap_or_else(|| panic!("{id:?} removed twice")).address
                )
            }
            Action::StartTimer(timer, after) => {
                assert!(self.timers.insert(timer, self.now + after).is_none(), "{timer:?} twice");
                format!("timer {} ms", after.as_millis())
            }
            Action::CancelTimer(timer) => {
                assert!(self.timers.remove(&timer).is_some(), "{timer:?} is not there");
                "cancel".to_owned()
            }
            Action::Publish(state, picker) => {
                self.published = Some((state, picker));
                state.to_string()
            }
            Action::RequestReresolution => "resolve".to_owned(),
        };
        self.log.push(line);
    }
}

pub(super) fn endpoint(name: &str) -> Endpoint {
    Endpoint::of(name.split('+').map(|name| Address::Custom(name.to_owned())).collect()).unwrap()
}
