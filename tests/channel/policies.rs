//! Load-balancing policies of the program's own, good and bad.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grpc_runtime::ConnectivityState::{Ready, TransientFailure};
use grpc_runtime::lb::{
    Action, ConfigError, Context, ParsedConfig, Pick, PickArgs, PickFirst, Picked, Picker, Policy,
    PolicyBuilder, Rejected, SubchannelId, SubchannelState, TimerId, Update,
};
use grpc_runtime::resolver::ManualResolver;
use grpc_runtime::{Channel, ChannelError, Code, Delivery, Metadata, Status};
use serde_json::Value;
use tests::client::{GreeterClient, hello, impatient, open, said};
use tests::cluster::{Cluster, shares, spread};
use tests::server::Behaviour;
use tests::within;
use tokio::sync::mpsc;

use crate::{expect, ready, until};

/// `pick_first`, with a twist that may change at any time.
#[derive(Clone, Default)]
struct Twisted(Arc<Mutex<Twist>>);

#[derive(Clone, Default)]
enum Twist {
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
    fn set(&self, twist: Twist) {
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

fn twisted(cluster: &Cluster) -> (Twisted, ManualResolver, Channel, GreeterClient) {
    let (twist, servers) = (Twisted::default(), ManualResolver::new("manual"));
    servers.set_endpoints(cluster.endpoints());
    let described = impatient("manual:///greeter")
        .resolver(servers.clone())
        .load_balancing_policy(twist.clone())
        .load_balancing("twisted");
    let (channel, greeter) = open(described);
    (twist, servers, channel, greeter)
}

#[tokio::test]
async fn a_policy_of_ones_own_picks_and_is_told_how_calls_end() {
    let cluster = Cluster::start(["ada"]);
    let ada = &cluster["ada"];
    let (twist, _servers, _channel, greeter) = twisted(&cluster);
    let (teller, mut ends) = mpsc::unbounded_channel();
    twist.set(Twist::Tell("by-ada", teller));
    let mut end = async || within("the end of an attempt", ends.recv()).await.unwrap();

    ada.behave(Behaviour::new().echo());
    let mut replies = greeter.list_hellos(hello("")).await.unwrap();
    let headers = within("headers", replies.headers()).await.unwrap();
    assert_eq!(headers.get("x-pick"), Some("by-ada"), "what the picker adds is sent");
    while within("a reply", replies.message()).await.unwrap().is_some() {}
    assert_eq!(end().await, (Ok(()), true));

    ada.behave(Behaviour::new().fail(tonic::Status::not_found("nobody")));
    said(greeter.say_hello(hello(""))).await.unwrap_err();
    assert_eq!(end().await, (Err(Code::NotFound), true));

    ada.behave(Behaviour::new().stall_after_headers());
    let call = greeter.say_hello(hello("")).timeout(Duration::from_millis(50));
    said(call).await.unwrap_err();
    assert_eq!(end().await, (Err(Code::DeadlineExceeded), true));

    let replies = greeter.list_hellos(hello("")).await.unwrap();
    drop(replies);
    assert_eq!(end().await.0, Err(Code::Cancelled));

    // Each of them once.
    twist.set(Twist::None);
    drop((greeter, twist));
    assert_eq!(ends.recv().await, None);
}

/// grpc-go: `TestPickerStatusCodes` (gRFC A54).
#[tokio::test]
async fn test_picker_status_codes() {
    let cluster = Cluster::start(["ada"]);
    let (twist, _servers, channel, greeter) = twisted(&cluster);
    ready(&channel).await;
    for number in 1..=16 {
        let given = Code::from_i32(number);
        let expected = match given {
            Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::DataLoss => Code::Internal,
            other => other,
        };
        let status = Status::new(given, "the picker says so");
        for twisting in [Twist::Fail(status.clone()), Twist::Drop(status.clone())] {
            let is_drop = matches!(twisting, Twist::Drop(_));
            twist.set(twisting);
            // Whoever waits for ready waits out a failure, but not a drop.
            let call = greeter.say_hello(hello("")).wait_for_ready(is_drop);
            let status = said(call).await.unwrap_err();
            assert_eq!(
                (status.code(), status.delivery()),
                (expected, Delivery::NotSent),
                "{given}"
            );
            assert!(status.message().contains("the picker says so"), "{status}");
        }
    }
    assert_eq!(cluster["ada"].counts().started, 0);
}

/// A picker's panic is the end of one call.
#[tokio::test]
async fn a_picker_that_panics() {
    let cluster = Cluster::start(["ada"]);
    let (twist, _servers, _channel, greeter) = twisted(&cluster);
    for _ in 0..3 {
        twist.set(Twist::PanicOnPick);
        let status = said(greeter.say_hello(hello(""))).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().contains("twisted on pick"), "{status}");
        twist.set(Twist::None);
        assert_eq!(spread(&greeter, 2).await.unwrap(), shares([("ada", 2)]));
    }
    assert_eq!(cluster["ada"].counts().connections, 1);
}

/// A policy's panic fails calls until there is another, which the channel makes after a pause.
#[tokio::test]
async fn a_policy_that_panics() {
    let mut cluster = Cluster::start(["ada"]);
    let (twist, servers, channel, greeter) = twisted(&cluster);
    for twisting in [Twist::PanicOnUpdate, Twist::PanicOnState] {
        twist.set(Twist::None);
        ready(&channel).await;
        let mut changes = channel.state_changes();
        expect(&mut changes, [Ready]).await;
        twist.set(twisting.clone());
        match twisting {
            Twist::PanicOnUpdate => servers.set_endpoints(cluster.endpoints()),
            _ => {
                cluster["ada"].kill();
                cluster["ada"].restart();
            }
        }
        let change = until(&mut changes, TransientFailure).await;
        assert_eq!(change.reason.unwrap().code(), Code::Internal);
        for waits in [false, true] {
            let call = greeter.say_hello(hello("")).wait_for_ready(waits);
            let status = said(call).await.unwrap_err();
            assert_eq!((status.code(), status.delivery()), (Code::Internal, Delivery::NotSent));
            assert!(status.message().contains("twisted on"), "{status}");
        }
        twist.set(Twist::None);
        until(&mut changes, Ready).await;
        assert_eq!(spread(&greeter, 2).await.unwrap(), shares([("ada", 2)]));
    }
}

/// A call that is picked a place which is gone waits for a better pick.
#[tokio::test]
async fn a_policy_that_clings_to_what_it_removed() {
    let cluster = Cluster::start(["ada"]);
    let (twist, servers, channel, greeter) = twisted(&cluster);
    ready(&channel).await;
    twist.set(Twist::Cling);
    servers.set_endpoints(cluster.endpoints());
    within("the update", servers.next_outcome()).await;
    cluster["ada"].counted("the connection to be closed", |counts| counts.open == 0).await;
    let call = greeter.say_hello(hello("")).timeout(Duration::from_millis(50));
    assert_eq!(said(call).await.unwrap_err().code(), Code::DeadlineExceeded);

    twist.set(Twist::None);
    let other = Cluster::start(["bob"]);
    let waiting = said(greeter.say_hello(hello("")));
    let moving = async { servers.set_endpoints(other.endpoints()) };
    assert_eq!(tokio::join!(biased; waiting, moving).0.unwrap(), "bob");
}

#[test]
fn a_policy_that_nobody_knows_is_found_when_the_channel_is_built() {
    let described = Channel::builder("http://127.0.0.1:1").load_balancing("twisted");
    let error = described.clone().build().unwrap_err();
    assert!(matches!(&error, ChannelError::LoadBalancing(name) if name == "twisted"), "{error:?}");
    assert!(error.to_string().contains("round_robin"), "{error}");
    described.load_balancing_policy(Twisted::default()).build().unwrap();
}
