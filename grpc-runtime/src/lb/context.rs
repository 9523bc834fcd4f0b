//! [`Context`]: what a policy may know and ask for while it handles an event, and the [`Action`]s that
//! come of it.
//!
//! Not a driver: nothing is carried out here. The channel's task makes a context for each event, runs the
//! policy with it, and then carries out the actions in their order. A policy with children does the same with them
//! in small ([`Context::intercept`]).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::attributes::Attributes;
use crate::connectivity::ConnectivityState;
use crate::lb::picker::Picker;
use crate::lb::subchannel::{Subchannel, SubchannelId, TimerId};

/// What a policy may know and ask for while it handles one event.
///
/// The requests take effect after the policy has returned, in the order in which they were made.
pub struct Context<'a> {
    now: Instant,
    random: &'a mut dyn FnMut() -> f64,
    ids: &'a mut Ids,
    actions: Vec<Action>,
}

impl<'a> Context<'a> {
    /// The context of one event. `random` gives numbers evenly spread over `0.0..1.0`; `ids` is the one of
    /// the channel.
    pub fn new(now: Instant, random: &'a mut dyn FnMut() -> f64, ids: &'a mut Ids) -> Context<'a> {
        Context { now, random, ids, actions: Vec::new() }
    }

    /// What was asked for, in order.
    pub fn into_actions(self) -> Vec<Action> {
        self.actions
    }

    /// When the event is handled.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// A number from `0.0..1.0`.
    pub fn random(&mut self) -> f64 {
        (self.random)()
    }

    /// A number from `0..bound`, or zero if `bound` is.
    pub fn random_below(&mut self, bound: usize) -> usize {
        // Float to integer saturates, and what chance gives at the very end belongs to the last.
        ((self.random() * bound as f64) as usize).min(bound.saturating_sub(1))
    }

    /// Asks for a subchannel to `address`. It starts IDLE; see [`connect`](Context::connect).
    ///
    /// Two with the same address and attributes may share one connection.
    #[must_use]
    pub fn create_subchannel(&mut self, address: Address, attributes: Attributes) -> Subchannel {
        let subchannel = Subchannel::new(SubchannelId(self.ids.next()));
        self.push(Action::CreateSubchannel(subchannel.clone(), address, attributes));
        subchannel
    }

    /// Asks a subchannel that is IDLE to connect. In any other state, or if it is gone, this does nothing.
    ///
    /// Where the connection is shared with another subchannel and in another state already, the policy is told
    /// that state instead, READY after CONNECTING.
    pub fn connect(&mut self, subchannel: SubchannelId) {
        self.push(Action::Connect(subchannel));
    }

    /// Lets a subchannel go: no new calls, those in flight end in their own time. Of its later states the
    /// policy is told nothing. Every subchannel must be removed once; removing it again does nothing.
    pub fn remove(&mut self, subchannel: SubchannelId) {
        self.push(Action::Remove(subchannel));
    }

    /// Asks for a call of [`Policy::on_timeout`](crate::lb::Policy::on_timeout), once, `after` from now.
    #[must_use]
    pub fn start_timer(&mut self, after: Duration) -> TimerId {
        let timer = TimerId(self.ids.next());
        self.push(Action::StartTimer(timer, after));
        timer
    }

    /// Withdraws a timer. If it is gone, this does nothing.
    pub fn cancel_timer(&mut self, timer: TimerId) {
        self.push(Action::CancelTimer(timer));
    }

    /// Makes `picker` the one that calls ask, and `state` the one that the channel (or the parent) reports.
    ///
    /// Calls that wait are asked to pick again, so publish what differs from the last time, not what happened.
    pub fn publish(&mut self, state: ConnectivityState, picker: Arc<dyn Picker>) {
        self.push(Action::Publish(state, picker));
    }

    /// Hints that endpoints may have changed, as connections fail or were lost. The resolver limits how often
    /// it follows.
    pub fn request_reresolution(&mut self) {
        self.push(Action::RequestReresolution);
    }

    /// Asks for an action as it is; for passing on those of a child.
    pub fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Runs a child policy and returns, beside its result, what it asked for. None of that takes effect unless
    /// the caller passes it on with [`push`](Context::push).
    ///
    /// A parent passes on what concerns subchannels and timers, remembers whose they are (their events come
    /// to the parent, who hands them to that child), and keeps what the child publishes. [`Children`] does all
    /// of this.
    ///
    /// [`Children`]: crate::lb::Children
    pub fn intercept<R>(&mut self, run: impl FnOnce(&mut Self) -> R) -> (R, Vec<Action>) {
        let before = self.actions.len();
        let result = run(self);
        (result, self.actions.split_off(before))
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("now", &self.now).field("actions", &self.actions).finish()
    }
}

/// One thing that a policy asks for. The driver carries them out one by one, in order.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Action {
    /// See [`Context::create_subchannel`].
    CreateSubchannel(Subchannel, Address, Attributes),
    /// See [`Context::connect`].
    Connect(SubchannelId),
    /// See [`Context::remove`].
    Remove(SubchannelId),
    /// See [`Context::start_timer`].
    StartTimer(TimerId, Duration),
    /// See [`Context::cancel_timer`].
    CancelTimer(TimerId),
    /// See [`Context::publish`].
    Publish(ConnectivityState, Arc<dyn Picker>),
    /// See [`Context::request_reresolution`].
    RequestReresolution,
}

/// Where the names of subchannels and timers come from: one for each channel, lent to every [`Context`], so
/// that no name is given twice.
#[derive(Debug, Default)]
pub struct Ids(u64);

impl Ids {
    /// The source of names of a new channel.
    pub const fn new() -> Ids {
        Ids(0)
    }

    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt;

    #[test]
    fn what_a_child_asks_for_is_kept_from_the_driver_until_it_is_passed_on() {
        let (mut random, mut ids) = (|| 0.5, Ids::new());
        let mut context = Context::new(rt::now(), &mut random, &mut ids);
        context.request_reresolution();
        let (timer, mut actions) = context.intercept(|context| {
            context.request_reresolution();
            context.start_timer(Duration::from_secs(1))
        });
        assert_eq!(actions.len(), 2);
        context.push(actions.remove(1));
        let other = context.start_timer(Duration::from_secs(1));
        assert_ne!(timer, other);
        assert!(matches!(
            context.into_actions()[..],
            [Action::RequestReresolution, Action::StartTimer(one, _), Action::StartTimer(two, _)]
                if (one, two) == (timer, other)
        ));
    }

    #[test]
    fn a_random_index_is_below_its_bound() {
        for (chance, index) in [(0.0, 0), (0.34, 1), (0.99, 2), (1.0, 2), (f64::NAN, 0)] {
            let (mut random, mut ids) = (|| chance, Ids::new());
            let mut context = Context::new(rt::now(), &mut random, &mut ids);
            assert_eq!((context.random_below(3), context.random_below(0)), (index, 0), "{chance}");
        }
    }
}
