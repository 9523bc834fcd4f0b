//! How calls end before they are done: by their deadline, or because nobody wants the answer any more.
//!
//! The server of this program never finishes anything. It prints what the caller saw, after how long, and
//! what the server saw: every call that ends early is cancelled there too, whichever way it ended here.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

mod server;

use std::error::Error;
use std::future::IntoFuture as _;
use std::time::{Duration, Instant};

use examples::LocalServer;
use examples::helloworld::{GreeterClient, HelloRequest};
use examples::stubs::helloworld::greeter_server::GreeterServer;
use grpc_runtime::{Channel, Status, outbound};
use tokio::sync::mpsc;

use crate::server::Dawdler;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (diary, pages) = mpsc::unbounded_channel();
    let server = LocalServer::plaintext(GreeterServer::new(Dawdler { diary })).await?;
    let greeter = GreeterClient::new(Channel::builder(server.target()).build()?);
    let mut server_side = Diary { pages };

    println!("== a timeout: how long the call may take, all in all");
    let start = Instant::now();
    let outcome = greeter.say_hello(hello("Ada")).timeout(A_MOMENT).await;
    println!("caller: {} after {}", failure(outcome)?, since(start));
    server_side.until("SayHello was told to stop").await?;

    println!("== a stream is inside its timeout to its last message");
    let start = Instant::now();
    let mut replies = greeter.list_hellos(hello("Ada")).timeout(A_MOMENT).await?;
    if let Some(reply) = replies.message().await? {
        println!("caller: {}", reply.message);
    }
    println!("caller: {} after {}", failure(replies.message().await)?, since(start));
    server_side.until("ListHellos was told to stop").await?;

    println!("== a deadline: one point in time for several calls");
    let start = Instant::now();
    let deadline = start + A_MOMENT;
    let one = greeter.say_hello(hello("Ada")).deadline(deadline);
    let other = greeter.say_hello(hello("Alan")).deadline(deadline);
    let (one, other) = tokio::join!(one.into_future(), other.into_future());
    println!("caller: {} and {} after {}", failure(one)?, failure(other)?, since(start));
    server_side.until("SayHello was told to stop").await?;
    server_side.until("SayHello was told to stop").await?;

    println!("== a deadline that has passed already: nothing is sent");
    let outcome = greeter.say_hello(hello("Ada")).deadline(Instant::now()).await;
    println!("caller: {}", failure(outcome)?);

    println!("== dropping a call cancels it");
    let call = tokio::spawn(greeter.say_hello(hello("Ada")).into_future());
    server_side.until("SayHello began").await?;
    call.abort();
    server_side.until("SayHello was told to stop").await?;

    println!("== and so does dropping a stream");
    let mut replies = greeter.list_hellos(hello("Ada")).await?;
    if let Some(reply) = replies.message().await? {
        println!("caller: {} That will do.", reply.message);
    }
    drop(replies);
    server_side.until("ListHellos was told to stop").await?;

    println!("== giving up half-way through a stream of requests");
    let (sender, requests) = outbound(8);
    let call = tokio::spawn(greeter.collect_hellos(requests).into_future());
    sender.send(hello("Ada")).await?;
    server_side.until("CollectHellos heard of Ada").await?;
    sender.abort(Status::aborted("Alan is not coming after all"));
    println!("caller: {}", failure(call.await?)?);
    server_side.until("CollectHellos was told to stop").await?;

    server.stop().await?;
    Ok(())
}

/// What the server saw.
struct Diary {
    pages: mpsc::UnboundedReceiver<String>,
}

impl Diary {
    /// Prints the lines of the diary up to one that begins so.
    async fn until(&mut self, beginning: &str) -> Result<(), Box<dyn Error>> {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.pages.recv()).await?;
            let line = line.ok_or("the server is gone")?;
            println!("server: {line}");
            if line.starts_with(beginning) {
                return Ok(());
            }
        }
    }
}

fn failure<T>(outcome: Result<T, Status>) -> Result<Status, &'static str> {
    outcome.err().ok_or("the call was to fail")
}

fn since(start: Instant) -> String {
    format!("{:.1} s", start.elapsed().as_secs_f32())
}

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}

const A_MOMENT: Duration = Duration::from_millis(200);
/// For what happens at once unless something is broken.
const PATIENCE: Duration = Duration::from_secs(5);
