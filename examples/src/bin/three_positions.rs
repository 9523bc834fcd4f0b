//! Three places for what runs around calls, and the credentials that go with them.
//!
//! A server is busy for two attempts and answers the third. One call of it is seen by a function on its client, with its
//! messages as themselves; by a function on its channel, in bytes; and three times by one at its attempts, who knows the
//! server and how each of them ended. The token that goes with all three is fetched once.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use examples::helloworld::{GreeterClient, HelloRequest, greeter};
use examples::stubs::helloworld::greeter_server::GreeterServer;
use examples::{Greeting, LocalServer};
use grpc_runtime::credentials::{BearerToken, Token};
use grpc_runtime::layer::{Next, from_fn};
use grpc_runtime::{Attempt, Channel, Code, DynamicMethod, Request, Response, Status, Unary};
use tonic::body::Body;
use tonic::codegen::http;
use tonic::service::interceptor::ResponseBody;
use tower::util::MapResponse;

/// On a client: messages as themselves, once a call.
async fn per_call(
    request: Request<greeter::SayHello>,
    next: Next<greeter::SayHello>,
) -> Result<Response<greeter::SayHello>, Status> {
    println!("per call:    greet {:?}", request.message().name);
    let response = next.invoke(request).await?;
    println!("per call:    {:?}", response.message().message);
    Ok(response)
}

/// On a channel: every client's calls as bytes, once each.
async fn per_channel(
    request: Request<DynamicMethod<Unary>>,
    next: Next<DynamicMethod<Unary>>,
) -> Result<Response<DynamicMethod<Unary>>, Status> {
    println!("per channel: {}, {} bytes", request.method().path(), request.message().len());
    let response = next.invoke(request).await?;
    println!("per channel: {} bytes back", response.message().len());
    Ok(response)
}

/// At each attempt: the server it goes to, and how it ended.
fn per_attempt(attempt: &mut Attempt<'_>) -> Result<(), Status> {
    let number = attempt.number();
    println!(
        "per attempt: {number}, with a token: {}",
        attempt.metadata().contains_key("authorization")
    );
    attempt.on_end(move |end| {
        println!("per attempt: {number} is {}", end.outcome.err().map_or(Code::Ok, Status::code));
    });
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = busy_for_two().await?;
    let fetched = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&fetched);
    let token = BearerToken::fetched(move || {
        let number = counting.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            let token = Token::new(format!("token-{number}"));
            Ok::<_, Status>(token.expires_in(Duration::from_secs(3600)))
        }
    });
    let channel = || Channel::builder(server.target()).default_service_config(POLICY);

    println!("== one call, three positions");
    let seen = channel()
        // This server has no TLS. A token must not be read on the way, so that has to be said.
        .call_credentials(token.clone().allow_plaintext())
        .layer(from_fn(per_channel))
        .attempt_interceptor(per_attempt)
        .build()?;
    let greeter = GreeterClient::new(seen).layer(from_fn(per_call));
    greeter.say_hello(hello("Ada")).await?;
    println!("tokens fetched: {}", fetched.load(Ordering::Relaxed));

    println!("== a token on a connection that anyone can read");
    let careful = GreeterClient::new(channel().call_credentials(token).build()?);
    match careful.say_hello(hello("Ada")).await {
        Ok(_) => return Err("the token was sent".into()),
        Err(status) => println!("{}: {}", status.code(), status.message()),
    }
    server.stop().await?;
    Ok(())
}

async fn busy_for_two() -> std::io::Result<LocalServer> {
    let calls = Arc::new(AtomicU32::new(0));
    let busy = move |request: tonic::Request<()>| match calls.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => Err(tonic::Status::unavailable("busy")),
        _ => Ok(request),
    };
    let greeter = GreeterServer::with_interceptor(Greeting, busy);
    let rebody = |answer: http::Response<ResponseBody<Body>>| answer.map(Body::new);
    LocalServer::plaintext(MapResponse::new(greeter, rebody)).await
}

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}

const POLICY: &str = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {
    "maxAttempts": 4, "initialBackoff": "0.01s", "maxBackoff": "0.01s", "backoffMultiplier": 1,
    "retryableStatusCodes": ["UNAVAILABLE"]
}}]}"#;
