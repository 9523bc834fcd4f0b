//! Hedging against real servers: that calls of each kind come through it whole, whichever attempt wins.
//!
//! When attempts leave and what becomes of them is tested in virtual time (`virtual_time/hedging.rs`).

use std::time::Duration;

use grpc_runtime::service_config::{CodeSet, HedgingPolicy, MethodConfig, ServiceConfig};
use grpc_runtime::{Channel, ChannelBuilder, Code, outbound};
use tests::client::{GreeterClient, hello, said};
use tests::cluster::{Cluster, until_all_answer};
use tests::server::Behaviour;
use tests::within;

/// Two attempts at once, of which the first answer counts.
fn both_at_once() -> HedgingPolicy {
    HedgingPolicy::new(2)
        .expect("two is enough")
        .with_non_fatal_status_codes(CodeSet::of(&[Code::Unavailable]))
}

fn hedged(cluster: &Cluster, policy: HedgingPolicy) -> ChannelBuilder {
    let config = MethodConfig::new().with_hedging(policy);
    Channel::builder(cluster.target())
        .plaintext()
        .load_balancing("round_robin")
        .default_service_config(ServiceConfig::new().default_method(config))
}

/// Of two servers the first never answers.
async fn one_is_stuck(policy: HedgingPolicy) -> (Cluster, GreeterClient) {
    let cluster = Cluster::start(["stuck", "good"]);
    let channel = hedged(&cluster, policy).build().expect("the settings are right");
    let greeter = GreeterClient::new(channel);
    until_all_answer(&greeter, ["stuck", "good"]).await;
    cluster["stuck"].behave(Behaviour::new().never_answer());
    (cluster, greeter)
}

#[tokio::test]
async fn a_server_that_is_stuck_is_not_noticed() {
    let (cluster, greeter) = one_is_stuck(both_at_once()).await;
    for _ in 0..20 {
        let call = async { greeter.say_hello(hello("")).send().await };
        let reply = within("an answer", call).await.unwrap();
        assert_eq!(reply.message().message, "good");
        assert_eq!(reply.attempts(), 2);
        assert_eq!(reply.peer(), Some(&*cluster["good"].address().to_string()));
    }
    // The losers are cancelled on the wire.
    cluster["stuck"].counted("20 calls to be cancelled", |counts| counts.cancelled >= 20).await;
}

#[tokio::test]
async fn a_server_that_is_away_is_not_noticed() {
    let mut cluster = Cluster::start(["away", "good"]);
    let channel = hedged(&cluster, both_at_once()).build().expect("the settings are right");
    let greeter = GreeterClient::new(channel);
    until_all_answer(&greeter, ["away", "good"]).await;
    cluster["away"].kill();
    for _ in 0..50 {
        let call = said(greeter.say_hello(hello("")));
        assert_eq!(within("an answer", call).await.unwrap(), "good");
    }
}

#[tokio::test]
async fn a_stream_of_requests_reaches_both() {
    let (_cluster, greeter) = one_is_stuck(both_at_once()).await;
    let (requests, outgoing) = outbound(1);
    let sending = async {
        for name in 0..200 {
            requests.send(hello(&name.to_string())).await.expect("somebody reads");
        }
        requests.finish();
    };
    let call = async { greeter.collect_hellos(outgoing).await };
    let (reply, ()) = within("the reply", async { tokio::join!(call, sending) }).await;
    assert_eq!(reply.unwrap().message, "good");
}

#[tokio::test]
async fn a_conversation_goes_on_with_the_one_that_answers() {
    let (_cluster, greeter) = one_is_stuck(both_at_once()).await;
    let (requests, outgoing) = outbound(1);
    let mut replies = within("start", async { greeter.chat_hellos(outgoing).await }).await.unwrap();
    for name in 0..50 {
        let sending = requests.send(hello(&name.to_string()));
        let (sent, reply) =
            within("an echo", async { tokio::join!(sending, replies.message()) }).await;
        sent.expect("somebody reads");
        assert_eq!(reply.unwrap().unwrap().message, "good");
    }
    requests.finish();
    assert!(within("the end", replies.message()).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_too_much_to_keep_binds_the_call_to_one() {
    // Nobody answers, so that all is kept, until it is too much; then one attempt is left, whichever it is.
    let cluster = Cluster::start(["one", "two"]);
    let builder = hedged(&cluster, both_at_once()).retry_buffer_bytes(10_000);
    let greeter = GreeterClient::new(builder.build().expect("the settings are right"));
    until_all_answer(&greeter, ["one", "two"]).await;
    let before = cluster["one"].counts().cancelled + cluster["two"].counts().cancelled;
    let (requests, outgoing) = outbound(1);
    let call = tokio::spawn(async move { greeter.collect_hellos(outgoing).await });
    within("sending far more than is kept", async {
        for _ in 0..1000 {
            requests.send(hello(&"x".repeat(100))).await.expect("somebody reads");
        }
    })
    .await;
    let cancelled = async {
        loop {
            let counts = [cluster["one"].counts(), cluster["two"].counts()];
            if counts.iter().map(|counts| counts.cancelled).sum::<usize>() > before {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    within("the other attempt to be cancelled", cancelled).await;
    requests.finish();
    within("the reply", call).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_delay_is_all_that_a_slow_server_costs() {
    let policy = both_at_once().with_delay(Duration::from_millis(30));
    let (cluster, greeter) = one_is_stuck(policy).await;
    for _ in 0..10 {
        let call = async { greeter.say_hello(hello("")).send().await };
        let reply = within("an answer", call).await.unwrap();
        assert_eq!(reply.message().message, "good");
    }
    let counts = cluster["good"].counts();
    assert_eq!(counts.cancelled, 0, "{counts:?}");
}
