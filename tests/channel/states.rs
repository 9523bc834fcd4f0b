//! What `state_changes` tells, with reasons, and how a program hurries or waits.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use grpc_runtime::ConnectivityState::{self, Connecting, Idle, Ready, TransientFailure};
use grpc_runtime::{BackoffConfig, Channel, Code, Delivery, Origin};
use tests::client::{hello, impatient, open, said};
use tests::cluster::Cluster;
use tests::peer::{Peer, Script};
use tests::within;

use crate::{expect, next, ready, until};

/// A pause that no test waits for, and attempts that end soon.
fn one_attempt() -> BackoffConfig {
    BackoffConfig::new()
        .with_base_delay(Duration::from_secs(60))
        .with_min_connect_timeout(Duration::from_millis(100))
}

/// The states up to the first that is no CONNECTING.
async fn outcome(described: grpc_runtime::ChannelBuilder) -> (ConnectivityState, String) {
    let (channel, _greeter) = open(described);
    let mut changes = channel.state_changes();
    channel.connect();
    expect(&mut changes, [Idle, Connecting]).await;
    let change = next(&mut changes).await;
    (change.state, change.to_string())
}

/// grpc-go: `TestStateTransitions_SingleAddress`.
#[tokio::test]
async fn test_state_transitions_single_address() {
    let honest = Peer::script().accept().preface().settings([]).stall();
    let closes = Peer::script().accept().close();
    let accept = Peer::script().accept();
    let (state, _) = play(honest).await;
    assert_eq!(state, Ready);
    let (state, text) = play(closes).await;
    assert_eq!(state, TransientFailure);
    assert!(text.contains("did not speak HTTP/2"), "{text}");
    // SETTINGS, and gone without having read a byte: over a real socket the client may have seen a server for a moment.
    let (state, _) = play(accept.settings([]).close()).await;
    assert!(matches!(state, TransientFailure | Ready), "{state}");
}

async fn play(script: Script) -> (ConnectivityState, String) {
    let peer = script.play();
    outcome(impatient(peer.target())).await
}

/// The fourth row of it: one that accepts, reads and never writes has as long as an attempt may take.
#[tokio::test]
async fn test_state_transitions_single_address_silent() {
    let mut cluster = Cluster::start(["ada"]);
    cluster["ada"].black_hole();
    let before = Instant::now();
    let backoff = BackoffConfig::new()
        .with_base_delay(Duration::from_millis(100))
        .with_min_connect_timeout(Duration::from_millis(100));
    let (state, text) =
        outcome(impatient(cluster["ada"].target()).connection_backoff(backoff)).await;
    assert_eq!(state, TransientFailure);
    assert!(before.elapsed() >= Duration::from_millis(100));
    assert!(text.contains("no connection to") && text.contains("within"), "{text}");
}

/// grpc-go: `TestStateTransitions_ReadyToConnecting`.
#[tokio::test]
async fn test_state_transitions_ready_to_connecting() {
    let mut cluster = Cluster::start(["ada"]);
    let (channel, _greeter) = open(impatient(cluster["ada"].target()));
    let mut changes = channel.state_changes();
    ready(&channel).await;
    expect(&mut changes, [Idle, Connecting, Ready]).await;
    cluster["ada"].kill();
    let change = next(&mut changes).await;
    assert_eq!(change.state, Idle);
    let reason = change.reason.unwrap();
    assert_eq!((reason.code(), reason.origin()), (Code::Unavailable, Origin::Transport));
    let text = reason.to_string();
    assert!(
        text.contains("was lost") && text.contains(&cluster.addresses()[0].to_string()),
        "{text}"
    );
    cluster["ada"].restart();
    channel.connect();
    expect(&mut changes, [Connecting, Ready]).await;
}

/// grpc-go: `TestStateTransitions_TriesAllAddrsBeforeTransientFailure`.
#[tokio::test]
async fn test_state_transitions_tries_all_addrs_before_transient_failure() {
    let cluster = Cluster::start(["bob"]);
    let bad = Peer::script().accept().close().play();
    let target = format!("ipv4:{},{}", bad.address(), cluster["bob"].address());
    let (channel, greeter) = open(impatient(target));
    let mut changes = channel.state_changes();
    assert_eq!(said(greeter.say_hello(hello(""))).await.unwrap(), "bob");
    expect(&mut changes, [Idle, Connecting, Ready]).await;
}

/// grpc-go: `TestStateTransitions_MultipleAddrsEntersReady`, after the loss of the first of two.
#[tokio::test]
async fn test_state_transitions_multiple_addrs_enters_ready() {
    let mut cluster = Cluster::start(["ada", "bob"]);
    let (channel, _greeter) = open(impatient(cluster.target()));
    let mut changes = channel.state_changes();
    ready(&channel).await;
    expect(&mut changes, [Idle, Connecting, Ready]).await;
    cluster["ada"].kill();
    expect(&mut changes, [Idle]).await;
    ready(&channel).await;
    expect(&mut changes, [Connecting, Ready]).await;
    assert_eq!(cluster["bob"].counts().connections, 1);
}

#[tokio::test]
async fn a_refused_port_is_told_with_its_reason() {
    let mut cluster = Cluster::start(["ada"]);
    cluster["ada"].kill();
    let (channel, _greeter) = open(impatient(cluster["ada"].target()));
    let mut changes = channel.state_changes();
    channel.connect();
    expect(&mut changes, [Idle, Connecting]).await;
    let change = next(&mut changes).await;
    assert_eq!(change.state, TransientFailure);
    assert!(change.to_string().starts_with("TRANSIENT_FAILURE: "), "{change}");
    let reason = change.reason.unwrap();
    assert_eq!((reason.code(), reason.delivery()), (Code::Unavailable, Delivery::NotSent));
    let text = reason.to_string();
    assert!(text.contains(&cluster.addresses()[0].to_string()), "{text}");
    assert!(text.to_lowercase().contains("refused"), "{text}");

    // Who comes later begins with how things stand now.
    let mut late = channel.state_changes();
    let first = next(&mut late).await;
    assert_eq!(first.state, TransientFailure);
    assert!(first.reason.is_some());
    cluster["ada"].restart();
    for changes in [&mut changes, &mut late] {
        let change = next(changes).await;
        assert_eq!((change.state, change.reason), (Ready, None));
    }
}

#[tokio::test]
async fn a_farewell_is_told_with_its_reason() {
    let mut cluster = Cluster::start(["ada"]);
    let (channel, _greeter) = open(impatient(cluster["ada"].target()));
    ready(&channel).await;
    let mut changes = channel.state_changes();
    cluster["ada"].shut_down().await;
    let change = until(&mut changes, Idle).await;
    let text = change.to_string();
    assert!(text.contains("GOAWAY"), "{text}");
}

// ===== pauses between attempts =====

/// grpc-go: `TestBackoffWhenNoServerPrefaceReceived`.
#[tokio::test]
async fn test_backoff_when_no_server_preface_received() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let accepting = tokio::task::spawn_blocking(move || {
        let accepted = || (listener.accept().unwrap(), Instant::now());
        std::iter::repeat_with(accepted).take(4).collect::<Vec<_>>()
    });
    let base = Duration::from_millis(100);
    let backoff = BackoffConfig::new()
        .with_base_delay(base)
        .with_multiplier(2.0)
        .with_jitter(0.0)
        .with_min_connect_timeout(Duration::from_millis(20));
    let (channel, _greeter) =
        open(Channel::builder(target).plaintext().connection_backoff(backoff));
    channel.connect();
    let times = within("four attempts", accepting).await.unwrap();
    let gaps = times.windows(2).map(|pair| pair[1].1.saturating_duration_since(pair[0].1));
    for (gap, expected) in gaps.zip([base, 2 * base, 4 * base]) {
        // A connection may be seen late; a pause is never shorter than it should be.
        assert!(gap >= expected / 2, "{gap:?} for {expected:?}");
    }
}

/// grpc-go: `TestResetConnectBackoff`.
#[tokio::test]
async fn test_reset_connect_backoff() {
    let mut cluster = Cluster::start(["ada", "bob"]);
    cluster.iter_mut().for_each(tests::cluster::Backend::kill);
    for target in [cluster["ada"].target(), cluster.target()] {
        let described = Channel::builder(target).plaintext().connection_backoff(one_attempt());
        for policy in ["pick_first", "round_robin"] {
            let (channel, _greeter) = open(described.clone().load_balancing(policy));
            let mut changes = channel.state_changes();
            channel.connect();
            until(&mut changes, TransientFailure).await;
            cluster.iter_mut().for_each(tests::cluster::Backend::restart);
            // The pause would be a minute.
            channel.reset_connect_backoff();
            until(&mut changes, Ready).await;
            cluster.iter_mut().for_each(tests::cluster::Backend::kill);
        }
    }
}

/// grpc-go: `TestWaitForReady`.
#[tokio::test]
async fn test_wait_for_ready() {
    let mut cluster = Cluster::start(["ada"]);
    cluster["ada"].kill();
    let (channel, greeter) = open(impatient(cluster["ada"].target()));
    let status = said(greeter.say_hello(hello(""))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(channel.state(), TransientFailure);
    let waiting = said(greeter.say_hello(hello("")).wait_for_ready(true));
    let restart = async { cluster["ada"].restart() };
    assert_eq!(tokio::join!(biased; waiting, restart).0.unwrap(), "ada");
}

/// grpc-go: `TestContextDeadlineNotIgnored`: what the last attempt failed for is not lost.
#[tokio::test]
async fn a_deadline_that_passes_while_waiting_tells_of_the_last_failure() {
    let mut cluster = Cluster::start(["ada"]);
    cluster["ada"].kill();
    let (_channel, greeter) = open(impatient(cluster["ada"].target()));
    let call = greeter.say_hello(hello("")).wait_for_ready(true);
    let status = said(call.timeout(Duration::from_millis(200))).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let text = status.to_string();
    assert!(text.to_lowercase().contains("refused"), "{text}");
    assert!(text.contains(&cluster.addresses()[0].to_string()), "{text}");
}
