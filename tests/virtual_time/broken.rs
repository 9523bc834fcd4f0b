//! Policies, pickers and resolvers of a program's own that panic: calls fail with INTERNAL or go on, the channel starts over
//! after a pause, and the program never notices more than that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll};

use grpc_runtime::lb::{
    Context, Pick, PickArgs, Picked, Picker, Policy, Rejected, Subchannel, SubchannelId,
    SubchannelState, TimerId, Update,
};
use grpc_runtime::resolver::{
    ManualResolver, Resolver, ResolverFactory, ResolverOptions, ResolverUpdate, TargetUri,
    UpdateOutcome,
};
use grpc_runtime::{Channel, Code, ConnectivityState, Delivery, InvalidTarget, Status};
use tests::client::{GreeterClient, hello};
use tests::network::{Door, Server};

use crate::lab::{
    Idle, Lab, Ready, TransientFailure, call, ms, pass, patient_call, s, settle, unread,
};
use crate::policies::{Made, Simple, Simply, Wrapper, wrapping};

/// Where to break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Build,
    Update,
    ResolverError,
    SubchannelState,
    Timeout,
    ExitIdle,
}

/// Breaks once it is armed, and disarms itself.
#[derive(Debug, Clone)]
struct Fuse {
    at: At,
    is_armed: Arc<AtomicBool>,
}

impl Fuse {
    fn pass(&self, at: At) {
        if self.at == at && self.is_armed.swap(false, Ordering::Relaxed) {
            panic!("oops in {at:?}");
        }
    }
}

struct Fused {
    inner: Wrapper,
    fuse: Fuse,
    timer: Option<TimerId>,
}

impl Policy for Fused {
    fn update(&mut self, update: Update, context: &mut Context<'_>) -> Result<(), Rejected> {
        let outcome = self.inner.update(update, context);
        self.timer = Some(context.start_timer(s(5)));
        self.fuse.pass(At::Update);
        outcome
    }

    fn on_resolver_error(&mut self, error: Status, context: &mut Context<'_>) {
        self.inner.on_resolver_error(error, context);
        self.fuse.pass(At::ResolverError);
    }

    fn on_subchannel_state(
        &mut self,
        subchannel: SubchannelId,
        state: SubchannelState,
        context: &mut Context<'_>,
    ) {
        self.inner.on_subchannel_state(subchannel, state, context);
        self.fuse.pass(At::SubchannelState);
    }

    fn on_timeout(&mut self, timer: TimerId, context: &mut Context<'_>) {
        if self.timer == Some(timer) {
            return self.fuse.pass(At::Timeout);
        }
        self.inner.on_timeout(timer, context);
    }

    fn exit_idle(&mut self, context: &mut Context<'_>) {
        self.inner.exit_idle(context);
        self.fuse.pass(At::ExitIdle);
    }
}

fn fused(lab: &Lab, fuse: &Fuse) -> Channel {
    let fuse = fuse.clone();
    let make = move || {
        fuse.pass(At::Build);
        Fused { inner: Wrapper::plain(), fuse: fuse.clone(), timer: None }
    };
    let builder = lab.builder().load_balancing_policy(Made { name: "fused", make });
    builder.load_balancing("fused").build().unwrap()
}

/// Brings the policy to where it breaks.
async fn provoke(at: At, lab: &Lab, one: &Server, channel: &Channel) {
    match at {
        At::Build | At::Update | At::SubchannelState => channel.connect(),
        At::ResolverError => lab.resolver.set_error(Status::unavailable("no registry")),
        At::Timeout => pass(s(5)).await,
        At::ExitIdle => {
            one.cut();
            settle().await;
            channel.connect();
        }
    }
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_panics() {
    for at in
        [At::Build, At::Update, At::SubchannelState, At::ResolverError, At::Timeout, At::ExitIdle]
    {
        let (lab, [one]) = Lab::of(["one"]);
        let is_armed = Arc::new(AtomicBool::new(false));
        let channel = fused(&lab, &Fuse { at, is_armed: Arc::clone(&is_armed) });
        if !matches!(at, At::Build | At::Update | At::SubchannelState) {
            assert_eq!(call(&channel).await.unwrap(), "one");
        }
        is_armed.store(true, Ordering::Relaxed);
        provoke(at, &lab, &one, &channel).await;
        assert!(!is_armed.load(Ordering::Relaxed), "{at:?} did not come");
        assert_eq!(channel.state(), TransientFailure, "{at:?}");
        for status in [call(&channel).await, patient_call(&channel).await] {
            let status = status.unwrap_err();
            assert_eq!((status.code(), status.delivery()), (Code::Internal, Delivery::NotSent));
            assert!(status.to_string().contains(&format!("oops in {at:?}")), "{status}");
        }
        assert_eq!(lab.network.open(), 0, "{at:?}: what it asked for is withdrawn");
        lab.knows(std::slice::from_ref(&one));
        pass(s(1)).await;
        assert_eq!(call(&channel).await.unwrap(), "one", "{at:?}");
        settle().await;
        assert_eq!((channel.state(), lab.network.open()), (Ready, 1), "{at:?}");
    }
}

/// One that panics every time is made anew at growing distances, not in a loop.
#[tokio::test(start_paused = true)]
async fn a_policy_that_panics_every_time() {
    let (lab, _servers) = Lab::of(["one"]);
    let builds = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&builds);
    let make = move || -> Wrapper {
        counted.fetch_add(1, Ordering::Relaxed);
        panic!("oops");
    };
    let builder = lab.builder().load_balancing_policy(Made { name: "never", make });
    let channel = builder.load_balancing("never").build().unwrap();
    channel.connect();
    pass(s(120)).await;
    let count = builds.load(Ordering::Relaxed);
    assert!((2..=12).contains(&count), "{count}");
    assert_eq!(call(&channel).await.unwrap_err().code(), Code::Internal);
    channel.close();
    assert_eq!(call(&channel).await.unwrap_err().code(), Code::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_picker_that_panics() {
    let (lab, [one]) = Lab::of(["one"]);
    let wrap = |pick: Pick, call: &PickArgs<'_>| match pick {
        Pick::Complete(_) if call.metadata().contains_key("x-bad") => panic!("oops"),
        other => other,
    };
    let builder = lab.builder().load_balancing_policy(wrapping(wrap)).load_balancing("wrapping");
    let channel = builder.build().unwrap();
    let client = GreeterClient::new(channel.clone());
    for waits in [false, true] {
        let bad = client.say_hello(hello("Ada")).wait_for_ready(waits);
        let status = bad.metadata("x-bad", "1").unwrap().await.unwrap_err();
        assert_eq!((status.code(), status.delivery()), (Code::Internal, Delivery::NotSent));
        assert!(status.to_string().contains("picker panicked"), "{status}");
        assert_eq!(call(&channel).await.unwrap(), "one");
    }
    assert_eq!((one.opened(), one.calls().len()), (1, 2));
}

/// A picker whose other methods panic, in the channel's task and in the task of a call.
#[tokio::test(start_paused = true)]
async fn a_picker_that_panics_when_asked_for_the_last_failure() {
    let (lab, [one]) = Lab::of(["one"]);
    one.door(Door::Refuses);
    let make = || Simply(Publishes { picker: Arc::new(|| Arc::new(Touchy)) });
    let builder = lab.builder().load_balancing_policy(Made { name: "touchy", make });
    let channel = builder.load_balancing("touchy").build().unwrap();
    let client = GreeterClient::new(channel.clone());
    let mut changes = channel.state_changes();
    let status = client.say_hello(hello("Ada")).timeout(s(3)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    channel.wait_ready(s(3)).await.unwrap_err();
    let states = unread(&mut changes);
    assert!(!states[1..].contains(&Idle), "the task goes on: {states:?}");
}

/// Publishes one picker at every event.
struct Publishes {
    picker: Arc<dyn Fn() -> Arc<dyn Picker> + Send + Sync>,
}

impl Simple for Publishes {
    fn on_update(&mut self, _: Update, context: &mut Context<'_>) {
        context.publish(ConnectivityState::Connecting, (self.picker)());
    }

    fn on_state(&mut self, _: SubchannelId, _: ConnectivityState, _: &mut Context<'_>) {}
}

#[derive(Debug)]
struct Touchy;

impl Picker for Touchy {
    fn pick(&self, _: &PickArgs<'_>) -> Pick {
        Pick::Queue
    }

    fn last_failure(&self) -> Option<Status> {
        panic!("do not ask")
    }
}

/// A word at the end that panics is the end of nothing.
#[tokio::test(start_paused = true)]
async fn an_on_end_that_panics() {
    let (lab, [one]) = Lab::of(["one"]);
    let wrap = |pick: Pick, _: &PickArgs<'_>| match pick {
        Pick::Complete(picked) => Pick::Complete(picked.on_end(|_| panic!("oops"))),
        other => other,
    };
    let builder = lab.builder().load_balancing_policy(wrapping(wrap)).load_balancing("wrapping");
    let channel = builder.build().unwrap();
    assert_eq!(call(&channel).await.unwrap(), "one");
    tokio::select! {
        biased;
        reply = call(&channel) => panic!("{reply:?}"),
        () = std::future::ready(()) => {}
    }
    assert_eq!(call(&channel).await.unwrap(), "one");
    assert_eq!(one.opened(), 1);
}

/// A policy that asks for things with subchannels that are gone, and a picker that goes on naming one.
#[tokio::test(start_paused = true)]
async fn a_policy_that_names_a_subchannel_that_is_gone() {
    let (lab, [one]) = Lab::of(["one"]);
    let make = || Simply(Forgetful(None));
    let builder = lab.builder().load_balancing_policy(Made { name: "forgetful", make });
    let channel = builder.load_balancing("forgetful").build().unwrap();
    assert_eq!(call(&channel).await.unwrap(), "one");
    // The next update makes it let the subchannel go, and name it all the same.
    lab.knows(std::slice::from_ref(&one));
    settle().await;
    assert_eq!(one.open(), 0);
    let client = GreeterClient::new(channel.clone());
    let status = client.say_hello(hello("Ada")).timeout(s(2)).await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::DeadlineExceeded, Delivery::NotSent));
    // And the one after makes it begin anew.
    lab.knows(std::slice::from_ref(&one));
    assert_eq!(call(&channel).await.unwrap(), "one");
    assert_eq!(one.opened(), 2);
}

struct Forgetful(Option<Subchannel>);

impl Simple for Forgetful {
    fn on_update(&mut self, update: Update, context: &mut Context<'_>) {
        match self.0.take() {
            Some(gone) => {
                context.remove(gone.id());
                context.remove(gone.id());
                context.connect(gone.id());
                context.publish(Ready, Arc::new(Names(gone)));
            }
            None => {
                let endpoint = &update.endpoints[0];
                let address = endpoint.addresses()[0].clone();
                let subchannel =
                    context.create_subchannel(address, endpoint.connection_attributes().clone());
                context.connect(subchannel.id());
                self.0 = Some(subchannel);
            }
        }
    }

    fn on_state(&mut self, id: SubchannelId, state: ConnectivityState, context: &mut Context<'_>) {
        let Some(subchannel) = &self.0 else { panic!("nobody asked for news of {id}") };
        if state == Ready {
            context.publish(state, Arc::new(Names(subchannel.clone())));
        }
    }
}

#[derive(Debug)]
struct Names(Subchannel);

impl Picker for Names {
    fn pick(&self, _: &PickArgs<'_>) -> Pick {
        Pick::Complete(Picked::new(self.0.clone()))
    }
}

/// Which method of a resolver panics, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    FirstPoll,
    SecondPoll,
    ResolveNow,
    Outcome,
    Factory,
}

struct Fragile {
    inner: ManualResolver,
    method: Method,
    is_armed: Arc<AtomicBool>,
}

impl Fragile {
    fn break_at(&self, method: Method) {
        if self.method == method && self.is_armed.swap(false, Ordering::Relaxed) {
            panic!("oops in {method:?}");
        }
    }
}

impl ResolverFactory for Fragile {
    fn scheme(&self) -> &str {
        self.inner.scheme()
    }

    fn build(
        &self,
        target: &TargetUri,
        options: &ResolverOptions,
    ) -> Result<Box<dyn Resolver>, InvalidTarget> {
        self.break_at(Method::Factory);
        let inner = self.inner.build(target, options)?;
        let fragile = Fragile {
            inner: self.inner.clone(),
            method: self.method,
            is_armed: Arc::clone(&self.is_armed),
        };
        Ok(Box::new(FragileResolver { inner, fragile, polls: 0 }))
    }
}

struct FragileResolver {
    inner: Box<dyn Resolver>,
    fragile: Fragile,
    polls: usize,
}

impl Resolver for FragileResolver {
    fn poll_update(&mut self, context: &mut TaskContext<'_>) -> Poll<ResolverUpdate> {
        self.polls += 1;
        let method = if self.polls == 1 { Method::FirstPoll } else { Method::SecondPoll };
        self.fragile.break_at(method);
        self.inner.poll_update(context)
    }

    fn resolve_now(&mut self) {
        self.fragile.break_at(Method::ResolveNow);
        self.inner.resolve_now();
    }

    fn on_outcome(&mut self, outcome: UpdateOutcome) {
        self.fragile.break_at(Method::Outcome);
        self.inner.on_outcome(outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_panics() {
    for method in [
        Method::FirstPoll,
        Method::SecondPoll,
        Method::Outcome,
        Method::ResolveNow,
        Method::Factory,
    ] {
        let (lab, [one, two]) = Lab::of(["one", "two"]);
        let is_armed = Arc::new(AtomicBool::new(false));
        let inner = lab.resolver.clone();
        let resolver = Fragile { inner, method, is_armed: Arc::clone(&is_armed) };
        let channel = lab.builder().resolver(resolver).build().unwrap();
        is_armed.store(true, Ordering::Relaxed);
        channel.connect();
        settle().await;
        if method == Method::ResolveNow {
            assert_eq!(call(&channel).await.unwrap(), "one");
            channel.reset_connect_backoff();
            settle().await;
        }
        assert!(!is_armed.load(Ordering::Relaxed), "{method:?} did not come");
        let first = call(&channel).await;
        match method {
            // Nothing was found before it broke.
            Method::FirstPoll | Method::Factory => {
                let status = first.unwrap_err();
                assert_eq!(status.code(), Code::Internal, "{method:?}: {status}");
                assert!(status.to_string().contains(&format!("oops in {method:?}")), "{status}");
            }
            // What it found stays in use.
            Method::SecondPoll | Method::Outcome | Method::ResolveNow => {
                assert_eq!(first.unwrap(), "one", "{method:?}");
            }
        }
        lab.knows(std::slice::from_ref(&two));
        pass(ms(1_100)).await;
        assert_eq!(call(&channel).await.unwrap(), "two", "{method:?}: the next one is heard");
        settle().await;
        assert_eq!((one.open(), two.open()), (0, 1), "{method:?}");
    }
}
