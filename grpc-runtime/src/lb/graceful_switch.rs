//! [`GracefulSwitch`]: from one policy to another without a gap in service.
//!
//! The channel's top policy is always one of these; policies that name a child in their configuration can use it too.
//! It knows no policy: which to use comes with each update.

use std::sync::Arc;

use crate::connectivity::ConnectivityState;
use crate::lb::children::{Child, Children};
use crate::lb::context::Context;
use crate::lb::picker::{FailPicker, Picker};
use crate::lb::policy::{Policy, Rejected, Update};
use crate::lb::registry::Chosen;
use crate::lb::subchannel::{SubchannelId, SubchannelState, TimerId};
use crate::status::{Delivery, Status};

/// Runs the policy that the configuration of the last update names, and changes over when that becomes another.
///
/// The configuration of an update is a [`Chosen`]. The same name as before: the policy in charge is updated in place. Another
/// name: the new policy is made and updated while the old one serves on, and takes over as soon as
///
/// - it has published anything but CONNECTING, or
/// - the old one is not READY, at once or later.
///
/// The old one's connections are let go after that. Updates, errors of the resolver and wishes for a connection go to
/// the newest policy only, and only that may ask to resolve again. A third policy takes the place of a second that
/// has not taken over yet.
#[derive(Debug)]
pub struct GracefulSwitch {
    children: Children<Generation>,
    policies: Policies,
    newest: Generation,
}

/// The how-manieth policy it is: two generations may have one name.
type Generation = u64;

#[derive(Debug)]
enum Policies {
    None,
    One { current: Named },
    Switching { current: Named, next: Named },
}

#[derive(Debug)]
struct Named {
    name: String,
    generation: Generation,
}

impl GracefulSwitch {
    /// Without a policy until the first update names one.
    pub fn new() -> GracefulSwitch {
        GracefulSwitch { children: Children::new(), policies: Policies::None, newest: 0 }
    }

    /// The name of the policy that is in charge of calls.
    pub fn current(&self) -> Option<&str> {
        match &self.policies {
            Policies::None => None,
            Policies::One { current } | Policies::Switching { current, .. } => Some(&current.name),
        }
    }

    /// Makes the policy that `chosen` names the newest, if it is not, and returns which that is.
    fn turn_to(&mut self, chosen: &Chosen, context: &mut Context<'_>) -> Generation {
        let name = chosen.builder().name();
        let newest = self.newest();
        if let Some(newest) = newest.filter(|newest| newest.name == name) {
            return newest.generation;
        }
        self.newest += 1;
        let next = Named { name: name.to_owned(), generation: self.newest };
        self.children.insert(next.generation, chosen.builder().build(), context);
        self.policies = match std::mem::replace(&mut self.policies, Policies::None) {
            Policies::None => Policies::One { current: next },
            Policies::One { current } => Policies::Switching { current, next },
            Policies::Switching { current, next: given_up } => {
                self.children.remove(&given_up.generation, context);
                Policies::Switching { current, next }
            }
        };
        self.newest
    }

    /// Runs an event, then changes over if it is time, and publishes what is new of the one in charge.
    fn run<R>(
        &mut self,
        context: &mut Context<'_>,
        run: impl FnOnce(&mut Self, &mut Context<'_>) -> R,
    ) -> R {
        let before = self.published();
        let result = run(self, context);
        self.change_over(context);
        if let Some(newest) = self.newest().map(|newest| newest.generation)
            && self.children.take_reresolution(&newest)
        {
            context.request_reresolution();
        }
        if let Some((state, picker)) = self.published()
            && before.is_none_or(|before| before.0 != state || !Arc::ptr_eq(&before.1, &picker))
        {
            context.publish(state, picker);
        }
        result
    }

    fn change_over(&mut self, context: &mut Context<'_>) {
        let Policies::Switching { current, next } = &self.policies else { return };
        let state = |named: &Named| self.children.get(&named.generation).map(Child::state);
        let serves = state(current) == Some(ConnectivityState::Ready);
        let waits = state(next) == Some(ConnectivityState::Connecting);
        if serves && waits {
            return;
        }
        let policies = std::mem::replace(&mut self.policies, Policies::None);
        if let Policies::Switching { current, next } = policies {
            self.children.remove(&current.generation, context);
            self.policies = Policies::One { current: next };
        }
    }

    /// What the policy in charge has published.
    fn published(&self) -> Option<(ConnectivityState, Arc<dyn Picker>)> {
        let (Policies::One { current } | Policies::Switching { current, .. }) = &self.policies
        else {
            return None;
        };
        let child = self.children.get(&current.generation)?;
        Some((child.state(), Arc::clone(child.picker())))
    }

    fn newest(&self) -> Option<&Named> {
        match &self.policies {
            Policies::None => None,
            Policies::One { current: newest } | Policies::Switching { next: newest, .. } => {
                Some(newest)
            }
        }
    }
}

impl Policy for GracefulSwitch {
    fn update(&mut self, mut update: Update, context: &mut Context<'_>) -> Result<(), Rejected> {
        let Some(chosen) = update.config.get::<Chosen>().cloned() else {
            let status = Status::internal("an update for a switch of policies names no policy");
            return Err(Rejected::new(status.with_delivery(Delivery::NotSent)));
        };
        update.config = chosen.config().clone();
        self.run(context, |this, context| {
            let newest = this.turn_to(&chosen, context);
            this.children.update(&newest, update, context)
        })
    }

    fn on_resolver_error(&mut self, error: Status, context: &mut Context<'_>) {
        let Some(newest) = self.newest().map(|newest| newest.generation) else {
            let picker = Arc::new(FailPicker::new(error));
            context.publish(ConnectivityState::TransientFailure, picker);
            return;
        };
        self.run(context, |this, context| this.children.on_resolver_error(&newest, error, context));
    }

    fn on_subchannel_state(
        &mut self,
        subchannel: SubchannelId,
        state: SubchannelState,
        context: &mut Context<'_>,
    ) {
        self.run(context, |this, context| {
            this.children.on_subchannel_state(subchannel, state, context);
        });
    }

    fn on_timeout(&mut self, timer: TimerId, context: &mut Context<'_>) {
        self.run(context, |this, context| {
            this.children.on_timeout(timer, context);
        });
    }

    fn exit_idle(&mut self, context: &mut Context<'_>) {
        if let Some(newest) = self.newest().map(|newest| newest.generation) {
            self.run(context, |this, context| this.children.exit_idle(&newest, context));
        }
    }
}

impl Default for GracefulSwitch {
    fn default() -> GracefulSwitch {
        GracefulSwitch::new()
    }
}

#[cfg(test)]
mod tests;
