//! Retry and hedging policies where a trait, a service config, a resolver and a call have them, against real servers:
//! whose word counts.
//!
//! What a policy does is tested in `retries.rs` and `hedging.rs`; what the attribute refuses, in grpc-macros.

use std::time::Duration;

use grpc_runtime::lb::Endpoint;
use grpc_runtime::resolver::{ManualResolver, ResolverUpdate, ServiceConfigUpdate};
use grpc_runtime::service_config::{
    CodeSet, HedgingPolicy, MethodConfig, RetryPolicy, ServiceConfig,
};
use grpc_runtime::{
    Address, Channel, ChannelBuilder, Code, Idempotency, Idempotent, MethodSettings, Status,
    Stream, Streaming, grpc_client,
};
use tests::client::{hello, hellos};
use tests::cluster::{Cluster, until_all_answer};
use tests::helloworld::{HelloReply, HelloRequest, greeter};
use tests::server::{Behaviour, Event, Server};
use tests::within;

/// The service of the suites, with policies: three attempts of each call but one.
#[grpc_client(service = "helloworld.Greeter")]
pub trait Patient {
    /// Greets one person.
    #[rpc(idempotent, retry(initial_backoff = "1ms", codes(UNAVAILABLE, ABORTED)))]
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    /// Greets one person several times.
    #[rpc(retry(initial_backoff = "1ms"))]
    async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
    /// Greets everyone at once.
    #[rpc(retry(initial_backoff = "1ms"))]
    async fn collect_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<HelloReply, Status>;
    /// Greets each as they come.
    #[rpc(hedge(delay = "0s", max_attempts = 3, allow_duplicates))]
    async fn chat_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<Streaming<HelloReply>, Status>;
}

/// The same service, hedged.
#[grpc_client(service = "helloworld.Greeter")]
pub trait Hasty {
    /// Greets one person.
    #[rpc(no_side_effects, hedge(delay = "1ms"))]
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
}

/// A server that fails so many calls, and a channel to it.
fn failing(times: usize, status: &tonic::Status) -> (Server, ChannelBuilder) {
    let server = Server::start();
    for _ in 0..times {
        server.fail_next(status.clone());
    }
    let channel = Channel::builder(server.target()).plaintext();
    (server, channel)
}

fn busy() -> tonic::Status {
    tonic::Status::unavailable("busy")
}

fn patient(channel: ChannelBuilder) -> PatientClient {
    PatientClient::new(channel.build().expect("the settings are right"))
}

/// So many attempts, with hardly a pause.
fn retry(max_attempts: u32, codes: &[Code]) -> RetryPolicy {
    let moment = Duration::from_millis(1);
    RetryPolicy::new(max_attempts, CodeSet::of(codes))
        .and_then(|policy| policy.with_backoff(moment, moment, 1.0))
        .expect("it is a policy")
}

/// How many attempts the server has seen since it was asked last.
fn attempts(server: &mut Server) -> usize {
    server.events().iter().filter(|event| matches!(event, Event::Started(_))).count()
}

/// How many attempts a greeting has that is always answered with this.
async fn tried(greeter: &PatientClient, server: &mut Server, status: tonic::Status) -> usize {
    server.behave(Behaviour::new().fail(status));
    server.events();
    let failed = within("all attempts", async { greeter.say_hello(hello("Ada")).await }).await;
    let count = attempts(server);
    assert_eq!(failed.expect_err("it is told to fail").attempts() as usize, count);
    count
}

#[tokio::test]
async fn calls_of_each_kind_are_made_as_the_trait_says() {
    let (mut server, channel) = failing(2, &busy());
    let greeter = patient(channel);
    within("unary", async { greeter.say_hello(hello("Ada")).await }).await.unwrap();
    assert_eq!(attempts(&mut server), 3);

    let fail_twice = || (0..2).for_each(|_| server.fail_next(busy()));
    fail_twice();
    let mut replies =
        within("a stream", async { greeter.list_hellos(hello("Ada")).await }).await.unwrap();
    assert!(within("its first reply", replies.message()).await.unwrap().is_some());
    assert_eq!(replies.attempts(), 3);

    fail_twice();
    let call = async { greeter.collect_hellos(hellos(["Ada", "Bob"])).await };
    let reply = within("requests", call).await.unwrap();
    assert!(reply.message.contains("Bob"), "{reply:?}");

    fail_twice();
    let call = async { greeter.chat_hellos(hellos(["Ada", "Bob"])).await };
    let mut replies = within("both", call).await.unwrap();
    assert!(within("the reply of one of three", replies.message()).await.unwrap().is_some());
    assert_eq!(replies.attempts(), 3);
}

#[tokio::test]
async fn the_codes_of_the_trait_are_those_retried_and_no_others() {
    let (mut server, channel) = failing(0, &busy());
    let greeter = patient(channel);
    assert_eq!(tried(&greeter, &mut server, tonic::Status::aborted("lost the race")).await, 3);
    assert_eq!(tried(&greeter, &mut server, tonic::Status::internal("broken")).await, 1);
}

#[tokio::test]
async fn a_service_config_takes_the_place_of_the_trait_and_a_call_that_of_both() {
    let (mut server, channel) = failing(0, &busy());
    let config = ServiceConfig::new()
        .method::<patient::SayHello>(|m| m.retry(retry(2, &[Code::Unavailable])));
    let greeter = patient(channel.default_service_config(config));
    assert_eq!(tried(&greeter, &mut server, busy()).await, 2);
    // Nothing of the trait's is left, as its codes.
    assert_eq!(tried(&greeter, &mut server, tonic::Status::aborted("lost the race")).await, 1);

    let call = greeter.say_hello(hello("Ada")).retry(retry(4, &[Code::Aborted]));
    let status = within("four attempts", async { call.await }).await.unwrap_err();
    assert_eq!((status.code(), status.attempts()), (Code::Aborted, 4));

    let call = greeter.say_hello(hello("Ada")).disable_retry();
    let status = within("one attempt", async { call.await }).await.unwrap_err();
    assert_eq!((status.message(), status.attempts()), ("lost the race", 1));
}

#[tokio::test]
async fn a_service_config_without_a_policy_leaves_the_trait_its_own() {
    let (mut server, channel) = failing(0, &busy());
    let config = ServiceConfig::new().default_method(MethodConfig::new().with_wait_for_ready(true));
    let greeter = patient(channel.default_service_config(config));
    assert_eq!(tried(&greeter, &mut server, busy()).await, 3);
}

#[tokio::test]
async fn what_says_once_is_heard() {
    let (mut server, channel) = failing(0, &busy());
    let once = ServiceConfig::new().method::<patient::SayHello>(MethodSettings::disable_retry);
    let greeter = patient(channel.clone().default_service_config(once));
    assert_eq!(tried(&greeter, &mut server, busy()).await, 1);
    let call = greeter.say_hello(hello("Ada")).retry(retry(2, &[Code::Unavailable]));
    let status = within("two attempts", async { call.await }).await.unwrap_err();
    assert_eq!(status.attempts(), 2);
    // The channel's switch is for all, a call's own policy included.
    let greeter = patient(channel.disable_retry());
    assert_eq!(tried(&greeter, &mut server, busy()).await, 1);
    let call = greeter.say_hello(hello("Ada")).retry(retry(2, &[Code::Unavailable]));
    let status = within("one attempt", async { call.await }).await.unwrap_err();
    assert_eq!(status.attempts(), 1);
}

#[tokio::test]
async fn the_resolvers_config_goes_before_the_channels() {
    let mut server = Server::start();
    let found = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {
        "maxAttempts": 4, "initialBackoff": "0.001s", "maxBackoff": "0.001s", "backoffMultiplier": 1,
        "retryableStatusCodes": ["UNAVAILABLE"]
    }}]}"#;
    let resolver = ManualResolver::new("manual");
    let server_alone = [Endpoint::new(Address::Tcp(server.address()))];
    let found = ServiceConfigUpdate::Json(found.to_owned());
    resolver.push(ResolverUpdate::endpoints(server_alone).with_service_config(found));
    let of_the_channel = ServiceConfig::new()
        .method::<patient::SayHello>(|m| m.retry(retry(2, &[Code::Unavailable])));
    let channel = Channel::builder("manual:///greeter")
        .plaintext()
        .resolver(resolver)
        .default_service_config(of_the_channel);
    let greeter = patient(channel);
    assert_eq!(tried(&greeter, &mut server, busy()).await, 4);
}

/// Of two servers the first never answers.
async fn one_is_stuck(
    channel: impl FnOnce(ChannelBuilder) -> ChannelBuilder,
) -> (Cluster, Channel) {
    let cluster = Cluster::start(["stuck", "good"]);
    let described = Channel::builder(cluster.target()).plaintext().load_balancing("round_robin");
    let channel = channel(described).build().expect("the settings are right");
    let greeter = tests::client::GreeterClient::new(channel.clone());
    until_all_answer(&greeter, ["stuck", "good"]).await;
    cluster["stuck"].behave(Behaviour::new().never_answer());
    (cluster, channel)
}

#[tokio::test]
async fn a_trait_may_hedge() {
    let (_cluster, channel) = one_is_stuck(|channel| channel).await;
    let greeter = HastyClient::new(channel);
    for _ in 0..4 {
        let call = async { greeter.say_hello(hello("")).await };
        assert_eq!(within("an answer", call).await.unwrap().message, "good");
    }
}

#[tokio::test]
async fn a_service_config_and_a_call_may_hedge_what_a_trait_retries() {
    let both = HedgingPolicy::new(2).expect("two is enough");
    let config = ServiceConfig::new().method::<patient::SayHello>(|m| m.hedge(both));
    let (_cluster, channel) = one_is_stuck(|channel| channel.default_service_config(config)).await;
    let greeter = PatientClient::new(channel);
    for _ in 0..4 {
        let call = async { greeter.say_hello(hello("")).await };
        assert_eq!(within("an answer", call).await.unwrap().message, "good");
        let call =
            async { greeter.collect_hellos(hellos([""])).hedge_allowing_duplicates(both).await };
        assert_eq!(within("an answer", call).await.unwrap().message, "good");
    }
}

#[test]
fn a_method_that_its_proto_file_marks_may_be_hedged() {
    fn marked<M: Idempotent>() -> Idempotency {
        M::DESCRIPTOR.idempotency()
    }
    assert_eq!(marked::<greeter::SayHello>(), Idempotency::NoSideEffects);
    assert_eq!(marked::<greeter::ListHellos>(), Idempotency::Idempotent);
}
