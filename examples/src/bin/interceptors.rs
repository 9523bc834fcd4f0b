//! Code around calls: for every method, for one method, and tower's own layers.
//!
//! It prints what a server that wants a token answers without one and with one; what an interceptor for one
//! method sees, which has the messages as themselves; and what tower's limits do to calls.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;
use std::future::IntoFuture as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use examples::LocalServer;
use examples::helloworld::{GreeterClient, HelloRequest, greeter};
use futures_util::future::try_join_all;
use grpc_runtime::{
    Channel, ForMethod, Intercept, Interceptor, Invoke, Method, Request, Response, Status,
    grpc_client,
};
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;

/// Sends a token with every call, whatever its method.
#[derive(Clone)]
struct Auth(Arc<str>);

impl<M: Method> Interceptor<M> for Auth {
    async fn intercept<S: Invoke<M>>(
        &self,
        mut request: Request<M>,
        next: S,
    ) -> Result<Response<M>, Status> {
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.0))?;
        next.invoke(request).await
    }
}

/// Prints every call and how it went. For a stream, that is how it began.
#[derive(Clone)]
struct Log;

impl<M: Method> Interceptor<M> for Log {
    async fn intercept<S: Invoke<M>>(
        &self,
        request: Request<M>,
        next: S,
    ) -> Result<Response<M>, Status> {
        let (method, kind) = (request.method().method().to_owned(), request.method().kind());
        let outcome = next.invoke(request).await;
        let code = outcome.as_ref().err().map_or("OK", |status| status.code().as_str());
        println!("  log: {method}, {kind:?}: {code}");
        outcome
    }
}

/// For one method, whose messages it sees as themselves: no casts, no bytes.
#[derive(Clone)]
struct Manners;

impl Interceptor<greeter::SayHello> for Manners {
    async fn intercept<S: Invoke<greeter::SayHello>>(
        &self,
        mut request: Request<greeter::SayHello>,
        next: S,
    ) -> Result<Response<greeter::SayHello>, Status> {
        if request.message().name.is_empty() {
            // Never reaches the server.
            return Err(Status::invalid_argument("do not greet nobody"));
        }
        request.message_mut().name.insert_str(0, "dear ");
        let mut response = next.invoke(request).await?;
        response.message_mut().message.push_str(" How do you do?");
        Ok(response)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = LocalServer::guarded_greeter("Bearer sesame").await?;
    let channel = Channel::builder(server.target()).build()?;

    println!("== every method");
    let stranger = GreeterClient::new(channel.clone());
    println!("without a token: {}", failure(stranger.say_hello(hello("Ada")).await)?);

    // The layer that is added last is the first to see a call.
    let greeter = GreeterClient::new(channel).layer(Intercept(Auth("sesame".into())));
    let greeter = greeter.layer(Intercept(Log));
    println!("with one: {}", greeter.say_hello(hello("Ada")).await?.message);
    let mut greetings = greeter.list_hellos(hello("Ada")).await?;
    let mut count = 0;
    while greetings.message().await?.is_some() {
        count += 1;
    }
    println!("with one: {count} greetings");

    println!("== one method");
    // A boxed client has a service for each method, and a type to write in a struct's field.
    let polite: GreeterClient<greeter::Boxed> =
        greeter.boxed().layer(ForMethod::<greeter::SayHello, _>::new(Intercept(Manners)));
    println!("SayHello: {}", polite.say_hello(hello("Ada")).await?.message);
    println!("SayHello: {}", failure(polite.say_hello(hello("")).await)?);
    let mut others = polite.list_hellos(hello("Ada")).await?;
    println!("ListHellos: {}", others.message().await?.unwrap_or_default().message);

    server.stop().await?;
    println!("== tower's layers");
    limits().await
}

/// A service of one method, to count how many calls are in it at a time.
#[grpc_client(package = "examples")]
trait Kitchen {
    async fn cook(&self, minutes: u64) -> Result<u64, Status>;
}

/// A cook in this process; a minute is a millisecond here.
#[derive(Default)]
struct Cook {
    pots: AtomicUsize,
    most_pots: Arc<AtomicUsize>,
}

impl Kitchen for Cook {
    async fn cook(&self, minutes: u64) -> Result<u64, Status> {
        let pots = self.pots.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_pots.fetch_max(pots, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(minutes)).await;
        self.pots.fetch_sub(1, Ordering::Relaxed);
        Ok(minutes)
    }
}

async fn limits() -> Result<(), Box<dyn Error>> {
    let cook = Cook::default();
    let most_pots = Arc::clone(&cook.most_pots);
    let kitchen = KitchenClient::in_process(cook).layer(ConcurrencyLimitLayer::new(2));
    let meals = try_join_all((0..6).map(|_| kitchen.cook(10).into_future())).await?;
    let most_pots = most_pots.load(Ordering::Relaxed);
    println!("{} meals at once, {most_pots} pots on the stove at a time", meals.len());

    // `.timeout(..)` on a call is better where there is a server, which it tells. This one bounds the layers below
    // it too, as the queue for a pot.
    let hurried = kitchen.layer(TimeoutLayer::new(Duration::from_millis(50)));
    println!("a slow meal: {}", failure(hurried.cook(10_000).await)?);
    Ok(())
}

fn failure<T>(outcome: Result<T, Status>) -> Result<Status, &'static str> {
    outcome.err().ok_or("the call was to fail")
}

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}
