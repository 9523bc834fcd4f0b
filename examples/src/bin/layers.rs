//! The layers that come with the runtime, on one client.
//!
//! It prints a line for each call at its end, by a closure for all methods; sends a token that is fetched for each
//! call; answers the same question from memory; and, when the server is gone, answers without it, until the circuit
//! lets a call through again.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;
use std::time::Duration;

use examples::LocalServer;
use examples::helloworld::{GreeterClient, HelloReply, HelloRequest, greeter};
use grpc_runtime::layer::{
    self, AsyncMetadata, Cache, CircuitBreaker, Faults, Next, SingleFlight, TimeLimit, only,
};
use grpc_runtime::{Channel, Metadata, MethodRef, Request, Response, Status};
use tower::ServiceBuilder;

/// What a program asks its identity provider for.
async fn token(_method: MethodRef) -> Result<Metadata, Status> {
    let mut metadata = Metadata::new();
    metadata.insert("authorization", "Bearer sesame")?;
    metadata.set_sensitive("authorization", true);
    Ok(metadata)
}

/// For one method, with its messages as themselves.
async fn refuse_nobody(
    request: Request<greeter::SayHello>,
    next: Next<greeter::SayHello>,
) -> Result<Response<greeter::SayHello>, Status> {
    match request.message().name.is_empty() {
        true => Err(Status::invalid_argument("do not greet nobody")),
        false => next.invoke(request).await,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = LocalServer::guarded_greeter("Bearer sesame").await?;
    let channel = Channel::builder(server.target()).build()?;

    let breaker = CircuitBreaker::per_method().minimum_calls(4).fallback(
        async |request: Request<greeter::SayHello>, _refused| {
            let message = format!("Hello, {}, from memory!", request.message().name);
            Ok(Response::new(HelloReply { message }))
        },
    );
    let cache = Cache::new(1_000).time_to_live(Duration::from_secs(60));
    // What stands first sees a call first. The cache is below the breaker, and keeps no fallbacks.
    let layers = ServiceBuilder::new()
        .layer(layer::on_end(|method, ended| println!("  {}: {}", method.method(), ended.code())))
        .layer(TimeLimit::by_default(Duration::from_secs(5)))
        .layer(layer::from_fn(refuse_nobody))
        .layer(breaker)
        .layer(AsyncMetadata::new(token))
        .layer(only::<greeter::SayHello, _>(cache.clone()))
        .layer(only::<greeter::SayHello, _>(SingleFlight::new()))
        .layer(layer::on_end(|method, _| println!("  {} was sent", method.method())));
    // A type that a struct can hold, whatever the layers.
    let greeter: GreeterClient<greeter::Boxed> = GreeterClient::new(channel).layer(layers).boxed();

    println!("== a server that wants a token");
    println!("{}", greeter.say_hello(hello("Ada")).await?.message);
    println!("again: {}", greeter.say_hello(hello("Ada")).await?.message);
    let mut greetings = greeter.list_hellos(hello("Ada")).await?;
    while let Some(greeting) = greetings.message().await? {
        println!("{}", greeting.message);
    }
    println!("nobody: {}", failure(greeter.say_hello(hello("")).await)?);

    println!("== no server");
    server.stop().await?;
    for name in ["Bob", "Cy"] {
        println!("{name}: {}", failure(greeter.say_hello(hello(name)).await)?.code());
    }
    println!("{}", greeter.say_hello(hello("Di")).await?.message);

    println!("== no network at all, and a fault in each call");
    let faults = Faults::new().abort(Status::aborted("on purpose"), 100.0);
    let faulty = greeter.layer(faults);
    println!("Ada: {}", failure(faulty.say_hello(hello("Ada")).await)?);
    Ok(())
}

fn failure<T>(outcome: Result<T, Status>) -> Result<Status, &'static str> {
    outcome.err().ok_or("the call was to fail")
}

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}
