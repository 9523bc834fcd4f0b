//! What travels beside the messages, and all that a failed call can tell.
//!
//! It prints the metadata that went out and came back, headers apart from trailers; what metadata cannot be
//! sent and why; two refusals by a server, with their details; and what a server that is not there looks like.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

mod details;
mod server;

use std::error::Error;
use std::net::TcpListener;

use examples::LocalServer;
use examples::helloworld::{GreeterClient, HelloRequest};
use examples::stubs::helloworld::greeter_server::GreeterServer;
use grpc_runtime::{Channel, InvalidMetadata, Status};

use crate::details::{BadRequest, ErrorInfo, RetryInfo};
use crate::server::{Strict, WithCost};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = LocalServer::plaintext(WithCost(GreeterServer::new(Strict))).await?;
    let greeter = GreeterClient::new(Channel::builder(server.target()).build()?);

    both_ways(&greeter).await?;
    what_cannot_be_sent(&greeter);
    refusals(&greeter).await?;
    server.stop().await?;
    nobody_there().await
}

async fn both_ways(greeter: &GreeterClient) -> Result<(), Status> {
    println!("== metadata, both ways");
    // Text goes under any key, bytes under keys that end in `-bin`. A key or value that cannot be sent is an
    // error here, so it is `?` that makes the call from the `Result`.
    let call = greeter
        .say_hello(hello("Ada"))
        .metadata("x-request-id", "42")?
        .metadata_bin("signature-bin", [0, 159, 146, 150])?;
    // Awaiting the call would give the message alone; `send` gives all that came back.
    let response = call.send().await?;
    println!("message:  {}", response.message().message);
    println!("header    x-request-id: {:?}", response.headers().get("x-request-id"));
    println!(
        "header    signature-bin: {:?}",
        response.headers().get_bin("signature-bin").as_deref()
    );
    println!("header    x-cost: {:?}", response.headers().get("x-cost"));
    println!("trailer   x-cost: {:?}", response.trailers().get("x-cost"));
    Ok(())
}

fn what_cannot_be_sent(greeter: &GreeterClient) {
    println!("== what cannot be sent");
    let attempt = |key: &'static str, value: &'static str| {
        let refused: Option<InvalidMetadata> =
            greeter.say_hello(hello("Ada")).metadata(key, value).err();
        match refused {
            Some(error) => println!("{key}: {error}"),
            None => println!("{key}: can be sent"),
        }
    };
    attempt("X Name", "spaces");
    attempt("x-note-bin", "text under a key for bytes");
    attempt("grpc-timeout", "1S");
    attempt("x-crab", "🦀");
}

async fn refusals(greeter: &GreeterClient) -> Result<(), Box<dyn Error>> {
    println!("== a server that explains");
    let call = greeter.say_hello(hello("")).metadata("x-request-id", "43")?;
    let status = refused(call.await)?;
    println!("trailer   x-request-id: {:?}", status.metadata().get("x-request-id"));
    // `google.rpc.Status`, where the server sent one. Details of types that nobody asks for are passed over.
    let details = status.rpc_status()?.unwrap_or_default();
    for bad_request in details.details_of::<BadRequest>() {
        for violation in bad_request?.field_violations {
            println!("field     {}: {}", violation.field, violation.description);
        }
    }
    for info in details.details_of::<ErrorInfo>() {
        let ErrorInfo { reason, domain, metadata } = info?;
        println!("reason    {reason} of {domain}, {metadata:?}");
    }

    println!("== a server that is busy");
    let status = refused(greeter.say_hello(hello("Rush")).await)?;
    let details = status.rpc_status()?.unwrap_or_default();
    for info in details.details_of::<RetryInfo>() {
        let delay = info?.retry_delay.unwrap_or_default();
        println!("try again in {} ms", delay.seconds * 1000 + i64::from(delay.nanos) / 1_000_000);
    }
    Ok(())
}

async fn nobody_there() -> Result<(), Box<dyn Error>> {
    println!("== a server that is not there");
    // A port that was free a moment ago.
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let channel = Channel::builder(format!("http://127.0.0.1:{port}")).build()?;
    let status = refused(GreeterClient::new(channel).say_hello(hello("Ada")).await)?;
    println!("cause     {:?}", status.source().map(ToString::to_string));
    Ok(())
}

/// Prints what every failure tells: all of it in a line, whoever said it, and whether saying the same again
/// could have an effect twice.
fn refused<T>(outcome: Result<T, Status>) -> Result<Status, &'static str> {
    let status = outcome.err().ok_or("the call was to fail")?;
    println!("status:   {status}");
    println!("code      {} ({})", status.code().as_str(), status.code() as i32);
    println!("origin    {:?}", status.origin());
    println!(
        "delivery  {:?}; safe to repeat: {}",
        status.delivery(),
        status.delivery().is_safe_to_repeat()
    );
    Ok(status)
}

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}
