//! [`Twisted`]: a policy that does what a test tells it to, at any time.

use std::fmt;
use std::sync::{Arc, Mutex};

use grpc_runtime::lb::{
    Action, ConfigError, Context, ParsedConfig, Pick, PickArgs, PickFirst, Picked, Picker, Policy,
    PolicyBuilder, Rejected, SubchannelId, SubchannelState, TimerId, Update,
};
use grpc_runtime::{Code, Metadata, Status};
use serde_json::Value;
use tokio::sync::mpsc;

/// `pick_first`, with a twist that may change at any time.
#[derive(Clone, Default)]
pub(super) struct Twisted(Arc<Mutex<Twist>>);

#[derive(Clone, Default)]
pub(super) enum Twist {
    #[default]
    None,
    PanicOnUpdate,
    PanicOnState,
    PanicOnPick,
    Fail(Status),
    Drop(Status),
    /// Sends this along, and tells how each attempt ended.
    Tell(&'static str, mpsc::UnboundedSender<(Result<(), Code>, bool)>),
    /// Picks the subchannel although it was removed, and asks for it to be connected.
    Cling,
}

impl Twisted {
    pub(super) fn set(&self, twist: Twist) {
        *self.0.lock().unwrap() = twist;
    }

    fn now(&self) -> Twist {
        self.0.lock().unwrap().clone()
    }
}

impl fmt::Debug for Twisted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Twisted")
    }
}

impl PolicyBuilder for Twisted {
    fn name(&self) -> &str {
        "twisted"
    }

    fn parse_config(&self, _: &Value) -> Result<ParsedConfig, ConfigError> {
        Ok(ParsedConfig::none())
    }

    fn build(&self) -> Box<dyn Policy> {
        Box::new(Twisting { twist: self.clone(), child: PickFirst::new().build(), created: None })
    }
}

struct Twisting {
    twist: Twisted,
    child: Box<dyn Policy>,
    created: Option<SubchannelId>,
}

impl Twisting {
    fn run<R>(
        &mut self,
        context: &mut Context<'_>,
        event: impl FnOnce(&mut dyn Policy, &mut Context<'_>) -> R,
    ) -> R {
        let child = &mut *self.child;
        let (result, actions) = context.intercept(|context| event(child, context));
        for action in actions {
            match action {
                Action::Publish(state, inner) => {
                    let twist = self.twist.clone();
                    context.publish(state, Arc::new(TwistedPicker { twist, inner }));
                }
                Action::CreateSubchannel(subchannel, address, attributes) => {
                    self.created = Some(subchannel.id());
                    context.push(Action::CreateSubchannel(subchannel, address, attributes));
                }
                action => context.push(action),
            }
        }
        result
    }
}

impl Policy for Twisting {
    fn update(&mut self, update: Update, context: &mut Context<'_>) -> Result<(), Rejected> {
        match self.twist.now() {
            Twist::PanicOnUpdate => panic!("twisted on update"),
            Twist::Cling => {
                let created = self.created.expect("there was an update before");
                context.remove(created);
                context.remove(created);
                context.connect(created);
                return Ok(());
            }
            _ => {}
        }
        self.run(context, |child, context| child.update(update, context))
    }

    fn on_resolver_error(&mut self, error: Status, context: &mut Context<'_>) {
        self.run(context, |child, context| child.on_resolver_error(error, context));
    }

    fn on_subchannel_state(
        &mut self,
        id: SubchannelId,
        state: SubchannelState,
        context: &mut Context<'_>,
    ) {
        if let Twist::PanicOnState = self.twist.now() {
            panic!("twisted on {id}");
        }
        self.run(context, |child, context| child.on_subchannel_state(id, state, context));
    }

    fn on_timeout(&mut self, timer: TimerId, context: &mut Context<'_>) {
        self.run(context, |child, context| child.on_timeout(timer, context));
    }

    fn exit_idle(&mut self, context: &mut Context<'_>) {
        self.run(context, |child, context| child.exit_idle(context));
    }
}

#[derive(Debug)]
struct TwistedPicker {
    twist: Twisted,
    inner: Arc<dyn Picker>,
}

impl Picker for TwistedPicker {
    fn pick(&self, call: &PickArgs<'_>) -> Pick {
        match self.twist.now() {
            Twist::PanicOnPick => panic!("twisted on pick"),
            Twist::Fail(status) => Pick::Fail(status),
            Twist::Drop(status) => Pick::Drop(status),
            Twist::Tell(text, teller) => match self.inner.pick(call) {
                Pick::Complete(picked) => Pick::Complete(told(picked, text, teller)),
                other => other,
            },
            Twist::None | Twist::PanicOnUpdate | Twist::PanicOnState | Twist::Cling => {
                self.inner.pick(call)
            }
        }
    }

    fn last_failure(&self) -> Option<Status> {
        self.inner.last_failure()
    }
}

fn told(
    picked: Picked,
    text: &'static str,
    teller: mpsc::UnboundedSender<(Result<(), Code>, bool)>,
) -> Picked {
    let mut metadata = Metadata::new();
    metadata.insert("x-pick", text).unwrap();
    picked.with_metadata(metadata).on_end(move |result| {
        let outcome = result.outcome.map_err(Status::code);
        let _ = teller.send((outcome, result.is_sent));
    })
}
