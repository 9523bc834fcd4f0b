//! What `#[grpc_client]` makes of a trait, used as a program uses it, over implementations in this
//! process: no channel connects here, and no codec runs.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use grpc_runtime::{Idempotency, Method, MethodKind, Status, Stream, Streaming, grpc_client};

#[derive(Clone, PartialEq, prost::Message)]
struct HelloRequest {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct HelloReply {
    #[prost(string, tag = "1")]
    text: String,
}

const LIMIT: usize = 4096;

/// Greets.
#[grpc_client(service = "helloworld.Greeter")]
trait Greeter {
    /// Says hello once.
    #[rpc(idempotent, timeout = "500ms")]
    #[rpc(wait_for_ready, max_request_bytes = 65_536, max_response_bytes = 2 * LIMIT)]
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    #[rpc(no_side_effects, wait_for_ready = false, timeout = "1.000001s")]
    async fn list(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
    #[rpc(name = "collectAll")]
    async fn collect(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<HelloReply, Status>;
    async fn chat(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<Streaming<HelloReply>, Status>;
}

/// Answers with what it was asked, as often as the kind of the call lets it.
struct Fake;

impl Greeter for Fake {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        Ok(HelloReply { text: format!("hello {}", request.name) })
    }

    async fn list(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status> {
        let replies =
            [1, 2].map(|number| HelloReply { text: format!("{number} {}", request.name) });
        Ok(Streaming::from_iter(replies.map(Ok)))
    }

    async fn collect(
        &self,
        requests: impl Stream<Item = HelloRequest> + Send,
    ) -> Result<HelloReply, Status> {
        let names: Vec<String> = requests.map(|request| request.name).collect().await;
        Ok(HelloReply { text: names.join(" ") })
    }

    async fn chat(
        &self,
        requests: impl Stream<Item = HelloRequest> + Send + 'static,
    ) -> Result<Streaming<HelloReply>, Status> {
        Ok(Streaming::from_stream(requests.map(|request| match request.name.as_str() {
            "" => Err(Status::invalid_argument("nobody")),
            name => Ok(HelloReply { text: format!("hi {name}") }),
        })))
    }
}

fn ask(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}

/// What an application writes: generic over the trait, and able to move to another thread.
#[expect(clippy::manual_async_fn, reason = "an `async fn` would not promise `Send`")]
fn greet<G: Greeter>(
    greeter: G,
) -> impl Future<Output = Result<Vec<String>, Status>> + Send + 'static {
    async move {
        let mut texts = vec![greeter.say_hello(ask("ada")).await?.text];
        let mut list = greeter.list(ask("b")).await?;
        while let Some(reply) = list.message().await? {
            texts.push(reply.text);
        }
        texts.push(greeter.collect(stream::iter([ask("c"), ask("d")])).await?.text);
        let mut chat = greeter.chat(stream::iter([ask("e"), ask("")])).await?;
        let failure = loop {
            match chat.message().await {
                Ok(Some(reply)) => texts.push(reply.text),
                Ok(None) => break None,
                Err(status) => break Some(status),
            }
        };
        texts.extend(failure.map(|status| status.message().to_owned()));
        Ok(texts)
    }
}

const ANSWERS: [&str; 6] = ["hello ada", "1 b", "2 b", "c d", "hi e", "nobody"];

#[tokio::test]
async fn fakes_and_clients_are_interchangeable() {
    assert_eq!(greet(Fake).await.expect("a fake answers"), ANSWERS);
    let client = GreeterClient::in_process(Fake);
    assert_eq!(greet(client.clone()).await.expect("a client answers"), ANSWERS);
    let layer = tower::limit::ConcurrencyLimitLayer::new(1);
    assert_eq!(greet(client.layer(layer)).await.expect("a layered client answers"), ANSWERS);
}

#[tokio::test]
async fn an_erased_client_has_a_type_of_its_own_and_is_a_client_still() {
    struct Application {
        greeter: GreeterClient<greeter::Boxed>,
    }
    let layer = tower::limit::ConcurrencyLimitLayer::new(1);
    let application = Application { greeter: GreeterClient::in_process(Fake).layer(layer).boxed() };
    assert_eq!(greet(application.greeter.clone()).await.expect("it answers"), ANSWERS);
    assert_eq!(greet(application.greeter.boxed()).await.expect("it answers twice"), ANSWERS);
}

#[tokio::test]
async fn a_call_can_be_configured_before_it_is_awaited() {
    let client = GreeterClient::in_process(Fake);
    let reply = client.say_hello(ask("ada")).timeout(Duration::from_secs(5)).await;
    assert_eq!(reply.expect("it answers").text, "hello ada");
    let reply = client.collect(stream::iter([ask("a")])).timeout(Duration::from_secs(5)).await;
    assert_eq!(reply.expect("it answers").text, "a");
}

#[test]
fn descriptors_say_what_the_attributes_say() {
    assert_eq!(greeter::SERVICE, "helloworld.Greeter");
    let hello = greeter::SayHello::DESCRIPTOR;
    assert_eq!(hello.path(), "/helloworld.Greeter/SayHello");
    assert_eq!(hello.kind(), MethodKind::Unary);
    assert_eq!(hello.idempotency(), Idempotency::Idempotent);
    assert_eq!(hello.timeout(), Some(Duration::from_millis(500)));
    assert_eq!(hello.wait_for_ready(), Some(true));
    assert_eq!(hello.max_request_bytes(), Some(65_536));
    assert_eq!(hello.max_response_bytes(), Some(8_192));
    let list = greeter::List::DESCRIPTOR;
    assert_eq!(list.kind(), MethodKind::ServerStreaming);
    assert_eq!(list.idempotency(), Idempotency::NoSideEffects);
    assert_eq!(list.timeout(), Some(Duration::new(1, 1_000)));
    assert_eq!(list.wait_for_ready(), Some(false));
    let collect = greeter::Collect::DESCRIPTOR;
    assert_eq!(collect.path(), "/helloworld.Greeter/collectAll");
    assert_eq!(collect.kind(), MethodKind::ClientStreaming);
    assert_eq!(collect.idempotency(), Idempotency::Unknown);
    assert_eq!(collect.timeout(), None);
    assert_eq!(collect.wait_for_ready(), None);
    assert_eq!(collect.max_request_bytes(), None);
    assert_eq!(greeter::Chat::DESCRIPTOR.kind(), MethodKind::Bidi);
}

#[test]
fn a_trait_in_a_function_becomes_a_client_there() {
    #[derive(Clone, PartialEq, prost::Message)]
    struct Local {}

    #[grpc_client(package = "inner.most")]
    trait Deep {
        async fn down(&self, request: Local) -> Result<Local, Status>;
    }
    assert_eq!(deep::Down::DESCRIPTOR.path(), "/inner.most.Deep/Down");
    let _ = |channel| DeepClient::new(channel).down(Local {});
}
