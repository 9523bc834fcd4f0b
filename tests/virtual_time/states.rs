//! The states that a channel goes through, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use grpc_runtime::resolver::{
    ManualResolver, Resolver, ResolverFactory, ResolverOptions, TargetUri,
};
use grpc_runtime::{BackoffConfig, Code, InvalidTarget};
use tests::network::Door;

use crate::lab::{
    Connecting, Idle, Lab, Ready, TransientFailure, call, ms, pass, s, settle, unread,
};

/// TestStateTransitions_SingleAddress: four kinds of server, and what a channel makes of them.
#[tokio::test(start_paused = true)]
async fn state_transitions_single_address() {
    let backoff = BackoffConfig::new().with_min_connect_timeout(ms(100)).with_base_delay(ms(50));
    for (door, expected, after) in [
        (Door::Opens, Ready, ms(0)),
        (Door::Closes, TransientFailure, ms(0)),
        (Door::Refuses, TransientFailure, ms(0)),
        (Door::Mute, TransientFailure, ms(100)),
        (Door::Silent, TransientFailure, ms(100)),
        (Door::SettingsAfter(ms(90)), Ready, ms(90)),
        (Door::OpensAfter(ms(90)), Ready, ms(90)),
    ] {
        let (lab, [one]) = Lab::of(["one"]);
        one.door(door);
        let channel = lab.builder().connection_backoff(backoff).build().unwrap();
        let mut changes = channel.state_changes();
        channel.connect();
        if !after.is_zero() {
            pass(after - ms(1)).await;
            assert_eq!(unread(&mut changes), [Idle, Connecting], "{door:?}");
            pass(ms(2)).await;
            assert_eq!(unread(&mut changes), [expected], "{door:?}");
        } else {
            settle().await;
            assert_eq!(unread(&mut changes), [Idle, Connecting, expected], "{door:?}");
        }
    }
}

/// TestStateTransitions_ReadyToConnecting: a lost connection makes a channel IDLE, and CONNECTING when it is wanted.
#[tokio::test(start_paused = true)]
async fn state_transitions_ready_to_connecting() {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = lab.channel();
    let mut changes = channel.state_changes();
    channel.connect();
    settle().await;
    one.cut();
    settle().await;
    assert_eq!(unread(&mut changes), [Idle, Connecting, Ready, Idle]);
    pass(s(60)).await;
    assert_eq!(one.opened(), 1, "nobody wants it");
    channel.connect();
    settle().await;
    assert_eq!(unread(&mut changes), [Connecting, Ready]);
}

/// TestStateTransitions_TriesAllAddrsBeforeTransientFailure
#[tokio::test(start_paused = true)]
async fn state_transitions_tries_all_addrs_before_transient_failure() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    one.door(Door::Closes);
    let channel = lab.channel();
    let mut changes = channel.state_changes();
    assert_eq!(call(&channel).await.unwrap(), "two");
    assert_eq!(unread(&mut changes), [Idle, Connecting, Ready]);
    two.down();
    settle().await;
    call(&channel).await.unwrap_err();
    assert_eq!(unread(&mut changes), [Idle, Connecting, TransientFailure]);
}

/// TestStateTransitions_MultipleAddrsEntersReady
#[tokio::test(start_paused = true)]
async fn state_transitions_multiple_addrs_enters_ready() {
    let (lab, _servers) = Lab::of(["one", "two", "three"]);
    for channel in [lab.channel(), lab.round_robin()] {
        let mut changes = channel.state_changes();
        channel.connect();
        settle().await;
        assert_eq!(unread(&mut changes), [Idle, Connecting, Ready]);
    }
}

/// TestStateTransitions_ResolverBuildFailure: a factory that fails when the channel leaves idleness, and later does not.
#[tokio::test(start_paused = true)]
async fn state_transitions_resolver_build_failure() {
    let (lab, _servers) = Lab::of(["one"]);
    let builds = Arc::new(AtomicUsize::new(0));
    let factory = Moody { inner: lab.resolver.clone(), builds: Arc::clone(&builds) };
    let channel = lab.builder().resolver(factory).build().unwrap();
    let mut changes = channel.state_changes();
    for round in 0..2 {
        let status = call(&channel).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        let text = status.to_string();
        assert!(text.contains("lab:///greeter") && text.contains("out of order"), "{text}");
        assert_eq!(unread(&mut changes)[1..], [Connecting, TransientFailure][..], "{round}");
        pass(ms(900)).await;
        assert_eq!(unread(&mut changes), []);
        pass(ms(200)).await;
        assert_eq!(call(&channel).await.unwrap(), "one");
        assert_eq!(unread(&mut changes), [Connecting, Ready]);
        pass(s(30 * 60 + 1)).await;
        builds.store(1, Ordering::Relaxed);
    }
}

/// Fails the second time it is asked, which is when the channel leaves idleness.
struct Moody {
    inner: ManualResolver,
    builds: Arc<AtomicUsize>,
}

impl ResolverFactory for Moody {
    fn scheme(&self) -> &str {
        self.inner.scheme()
    }

    fn build(
        &self,
        target: &TargetUri,
        options: &ResolverOptions,
    ) -> Result<Box<dyn Resolver>, InvalidTarget> {
        if self.builds.fetch_add(1, Ordering::Relaxed) == 1 {
            return Err(target.invalid("the factory is out of order", "lab:///greeter"));
        }
        self.inner.build(target, options)
    }
}
