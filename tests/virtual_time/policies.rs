//! Policies of a program's own, for tests to look into and to break.

use std::fmt;
use std::sync::Arc;

use grpc_runtime::lb::{
    Children, ConfigError, Context, ParsedConfig, Pick, PickArgs, PickFirst, Picker, Policy,
    PolicyBuilder, Rejected, SubchannelId, SubchannelState, TimerId, Update,
};
use grpc_runtime::{ConnectivityState, Status};
use serde_json::Value;

/// A policy made by a function.
pub(crate) struct Made<F> {
    pub(crate) name: &'static str,
    pub(crate) make: F,
}

impl<F, P> PolicyBuilder for Made<F>
where
    F: Fn() -> P + Send + Sync + 'static,
    P: Policy + 'static,
{
    fn name(&self) -> &str {
        self.name
    }

    fn parse_config(&self, _: &Value) -> Result<ParsedConfig, ConfigError> {
        Ok(ParsedConfig::none())
    }

    fn build(&self) -> Box<dyn Policy> {
        Box::new((self.make)())
    }
}

/// pick_first, whose picks a function may change: the policy `wrapping`.
pub(crate) fn wrapping(
    wrap: impl Fn(Pick, &PickArgs<'_>) -> Pick + Send + Sync + 'static,
) -> impl PolicyBuilder {
    let wrap: Wrap = Arc::new(wrap);
    Made { name: "wrapping", make: move || Wrapper::new(Arc::clone(&wrap)) }
}

type Wrap = Arc<dyn Fn(Pick, &PickArgs<'_>) -> Pick + Send + Sync>;

/// The policy of [`wrapping`].
pub(crate) struct Wrapper {
    child: Children<()>,
    wrap: Wrap,
}

impl Wrapper {
    pub(crate) fn new(wrap: Wrap) -> Self {
        Self { child: Children::new(), wrap }
    }

    /// Changes nothing.
    pub(crate) fn plain() -> Self {
        Self::new(Arc::new(|pick, _| pick))
    }

    fn publish(&mut self, context: &mut Context<'_>) {
        let Some(child) = self.child.get(&()) else { return };
        let picker = Wrapped { inner: Arc::clone(child.picker()), wrap: Arc::clone(&self.wrap) };
        context.publish(child.state(), Arc::new(picker));
        if self.child.take_reresolution(&()) {
            context.request_reresolution();
        }
    }
}

impl Policy for Wrapper {
    fn update(&mut self, update: Update, context: &mut Context<'_>) -> Result<(), Rejected> {
        self.child.reconcile([()], |()| PickFirst::new().build(), context);
        let outcome = self.child.update(&(), update, context);
        self.publish(context);
        outcome
    }

    fn on_resolver_error(&mut self, error: Status, context: &mut Context<'_>) {
        self.child.reconcile([()], |()| PickFirst::new().build(), context);
        self.child.on_resolver_error(&(), error, context);
        self.publish(context);
    }

    fn on_subchannel_state(
        &mut self,
        subchannel: SubchannelId,
        state: SubchannelState,
        context: &mut Context<'_>,
    ) {
        self.child.on_subchannel_state(subchannel, state, context);
        self.publish(context);
    }

    fn on_timeout(&mut self, timer: TimerId, context: &mut Context<'_>) {
        self.child.on_timeout(timer, context);
        self.publish(context);
    }

    fn exit_idle(&mut self, context: &mut Context<'_>) {
        self.child.exit_idle(&(), context);
        self.publish(context);
    }
}

struct Wrapped {
    inner: Arc<dyn Picker>,
    wrap: Wrap,
}

impl Picker for Wrapped {
    fn pick(&self, call: &PickArgs<'_>) -> Pick {
        (self.wrap)(self.inner.pick(call), call)
    }

    fn last_failure(&self) -> Option<Status> {
        self.inner.last_failure()
    }
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Wrapped")
    }
}

/// What a policy does at each event, where that is all there is to it.
pub(crate) trait Simple: Send {
    fn on_update(&mut self, update: Update, context: &mut Context<'_>);
    fn on_state(&mut self, id: SubchannelId, state: ConnectivityState, context: &mut Context<'_>);
}

/// A [`Simple`] policy as a policy.
pub(crate) struct Simply<T>(pub(crate) T);

impl<T: Simple> Policy for Simply<T> {
    fn update(&mut self, update: Update, context: &mut Context<'_>) -> Result<(), Rejected> {
        self.0.on_update(update, context);
        Ok(())
    }

    fn on_resolver_error(&mut self, _: Status, _: &mut Context<'_>) {}

    fn on_subchannel_state(
        &mut self,
        subchannel: SubchannelId,
        state: SubchannelState,
        context: &mut Context<'_>,
    ) {
        self.0.on_state(subchannel, state.connectivity(), context);
    }

    fn on_timeout(&mut self, _: TimerId, _: &mut Context<'_>) {}

    fn exit_idle(&mut self, _: &mut Context<'_>) {}
}
