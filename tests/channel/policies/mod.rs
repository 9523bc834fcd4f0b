//! Load-balancing policies of the program's own, good and bad.

mod twisted;

use std::time::Duration;

use grpc_runtime::ConnectivityState::{Ready, TransientFailure};
use grpc_runtime::resolver::ManualResolver;
use grpc_runtime::{Channel, ChannelError, Code, Delivery, Status};
use tests::client::{GreeterClient, hello, impatient, open, said};
use tests::cluster::{Cluster, shares, spread};
use tests::server::Behaviour;
use tests::within;
use tokio::sync::mpsc;

use crate::{expect, ready, until};

use twisted::{Twist, Twisted};

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
