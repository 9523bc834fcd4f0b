//! Layers that a trait declares: which calls they see, in which order, and what their state is shared by.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use grpc_runtime::layer::{Cache, Next, StaticMetadata, from_fn};
use grpc_runtime::{
    AnyMethod, Code, ForMethod, InProcess, Intercept, Interceptor, Invoke, Method, Request,
    Response, Status, Stream, Streaming, grpc_client,
};
use tests::helloworld::{HelloReply, HelloRequest};
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;

use crate::greeter::{Ends, Fake, all, hello, hellos};

/// Says who saw a call of what.
#[derive(Clone)]
struct Note(&'static str);

impl<M: Method> Interceptor<M> for Note {
    async fn intercept<S: Invoke<M>>(
        &self,
        request: Request<M>,
        next: S,
    ) -> Result<Response<M>, Status> {
        SEEN.with(|seen| seen.push(format!("{} {}", self.0, request.method().method())));
        next.invoke(request).await
    }
}

fn note(name: &'static str) -> Intercept<Note> {
    MADE.with(|made| made.push(name));
    Intercept(Note(name))
}

// Each test has a thread, and tokio's current-thread runtime on it.
thread_local! {
    static SEEN: Ends = Ends::default();
    static MADE: Ends = Ends::default();
}

fn seen() -> Vec<String> {
    SEEN.with(Ends::take)
}

async fn polite(
    mut request: Request<greeter::SayHello>,
    next: Next<greeter::SayHello>,
) -> Result<Response<greeter::SayHello>, Status> {
    request.message_mut().name.insert_str(0, "dear ");
    next.invoke(request).await
}

/// Layers on the trait and on methods.
#[grpc_client(service = "helloworld.Greeter")]
#[layer(note("outermost"))]
#[layer(note("second"))]
trait Greeter {
    #[layer(note("third"))]
    #[layer(from_fn(polite))]
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
    #[layer(note("collecting"))]
    async fn collect_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<HelloReply, Status>;
    #[cfg(any())]
    #[layer(no_such_layer())]
    async fn never(&self, request: HelloRequest) -> Result<HelloReply, Status>;
}

impl Greeter for Fake {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        crate::greeter::Greeter::say_hello(self, request).await
    }

    async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status> {
        crate::greeter::Greeter::list_hellos(self, request).await
    }

    async fn collect_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest> + Send + 'static,
    ) -> Result<HelloReply, Status> {
        crate::greeter::Greeter::collect_hellos(self, requests).await
    }
}

#[tokio::test]
async fn the_first_is_the_outermost_and_those_of_the_trait_are_outside() {
    // Whatever carries its calls, the client is of one type.
    let clients: [GreeterClient; 3] = [
        GreeterClient::in_process(Fake::default()),
        GreeterClient::with_service(InProcess::new(Fake::default())),
        GreeterClient::in_process(Fake::default()).boxed(),
    ];
    for client in clients {
        let reply = client.say_hello(hello("Ada")).await.unwrap();
        assert_eq!(reply.message, "Hello, dear Ada!");
        assert_eq!(seen(), ["outermost SayHello", "second SayHello", "third SayHello"]);

        let replies = all(client.list_hellos(hello("Ada")).await.unwrap()).await.unwrap();
        assert_eq!(replies, ["Hello, Ada!", "Hello, Ada!"]);
        assert_eq!(seen(), ["outermost ListHellos", "second ListHellos"]);

        let reply = client.collect_hellos(hellos(&["Ada", "Bob"])).await.unwrap();
        assert_eq!(reply.message, "Hello, Ada, Bob!");
        let expected =
            ["outermost CollectHellos", "second CollectHellos", "collecting CollectHellos"];
        assert_eq!(seen(), expected);
    }
}

#[tokio::test]
async fn they_are_made_once_for_each_client_that_is_made() {
    let client = GreeterClient::in_process(Fake::default());
    let mut made = MADE.with(Ends::take);
    made.sort_unstable();
    assert_eq!(made, ["collecting", "outermost", "second", "third"]);
    client.clone().say_hello(hello("Ada")).await.unwrap();
    client.layer(note("later")).boxed().say_hello(hello("Ada")).await.unwrap();
    assert_eq!(MADE.with(Ends::take), ["later"]);
    assert_eq!(seen().len(), 3 + 4);
}

#[tokio::test]
async fn a_client_may_do_without_and_others_may_be_added() {
    let client = GreeterClient::without_layers(InProcess::new(Fake::default()));
    assert_eq!(client.say_hello(hello("Ada")).await.unwrap().message, "Hello, Ada!");
    assert_eq!(seen(), [""; 0]);

    let client = GreeterClient::in_process(Fake::default())
        .layer(ForMethod::<greeter::SayHello, _>::new(note("for the method")))
        .layer(note("added"));
    client.say_hello(hello("Ada")).await.unwrap();
    assert_eq!(seen()[..3], ["added SayHello", "for the method SayHello", "outermost SayHello"]);
    client.list_hellos(hello("Ada")).await.unwrap();
    assert_eq!(seen()[..2], ["added ListHellos", "outermost ListHellos"]);
}

/// The calls that a function for all methods saw.
static COUNT: AtomicUsize = AtomicUsize::new(0);

async fn count(
    request: Request<AnyMethod>,
    next: Next<AnyMethod>,
) -> Result<Response<AnyMethod>, Status> {
    COUNT.fetch_add(1, Ordering::Relaxed);
    next.invoke(request).await
}

/// One cache for all clients.
static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::new(100));

/// Layers of tower's and of ours, some with state.
#[grpc_client(service = "helloworld.Greeter")]
#[layer(from_fn(count))]
#[layer(StaticMetadata::default())]
#[layer(ConcurrencyLimitLayer::new(2))]
trait Limited {
    #[rpc(no_side_effects)]
    #[layer(CACHE.clone())]
    async fn read(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    async fn one(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    #[layer(TimeoutLayer::new(Duration::from_millis(10)))]
    async fn two(&self, request: HelloRequest) -> Result<HelloReply, Status>;
}

impl Limited for Fake {
    async fn read(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        crate::greeter::Greeter::say_hello(self, request).await
    }

    async fn one(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        crate::greeter::Greeter::say_hello(self, request).await
    }

    async fn two(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        crate::greeter::Greeter::say_hello(self, request).await
    }
}

#[tokio::test(start_paused = true)]
async fn state_is_of_the_client_or_of_whoever_the_expression_says() {
    let fake = Fake::default();
    let client = LimitedClient::in_process(fake.clone());
    let other = LimitedClient::in_process(fake.clone());

    // The cache is a static: of both clients.
    client.read(hello("Ada")).await.unwrap();
    other.read(hello("Ada")).await.unwrap();
    assert_eq!(fake.seen(), ["Ada"]);

    // The limit is of the client, and of all its methods and clones.
    let clone = client.clone();
    let calls = (0..3).map(|_| client.one(hello("slow")).send());
    let more = (0..3).map(|_| clone.one(hello("slow")).send());
    for outcome in join_all(calls.chain(more)).await {
        outcome.unwrap();
    }
    assert_eq!(fake.most_active(), 2);
    let both = [client.one(hello("slow")).send(), other.one(hello("slow")).send()];
    let more = [client.one(hello("slow")).send(), other.one(hello("slow")).send()];
    for outcome in join_all(both.into_iter().chain(more)).await {
        outcome.unwrap();
    }
    assert_eq!(fake.most_active(), 4);

    // What is on a method leaves the others alone.
    let status = client.two(hello("slow")).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    client.one(hello("slow")).await.unwrap();
    assert_eq!(COUNT.load(Ordering::Relaxed), 2 + 6 + 4 + 2);
}
