//! Hello: all four kinds of call, through a client generated from a `.proto` file, and through one made
//! from a trait written by hand.
//!
//! It starts the server that it calls, and prints one line a call: which client, which kind, and what came
//! back. Run it with `cargo run -p examples --bin hello`.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;

use examples::LocalServer;
use examples::helloworld::{self, HelloReply, HelloRequest};
use futures_util::stream;
use grpc_runtime::{Channel, Status, Stream, Streaming, grpc_client};

/// The service of `helloworld.proto` once more, as one would write it without that file.
#[grpc_client(service = "helloworld.Greeter")]
trait Greeter {
    #[rpc(no_side_effects, timeout = "5s")]
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
    async fn collect_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<HelloReply, Status>;
    async fn chat_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<Streaming<HelloReply>, Status>;
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = LocalServer::greeter().await?;
    // Connects on the first call. `http://` asks for plaintext; TLS is the default.
    let channel = Channel::builder(server.target()).build()?;

    let generated = helloworld::GreeterClient::new(channel.clone());
    let reply = generated.say_hello(hello("Ada")).await?;
    println!("generated     unary             -> {}", reply.message);
    let replies = generated.list_hellos(hello("Ada")).await?;
    println!("generated     server streaming  -> {}", all(replies).await?);
    let reply = generated.collect_hellos(stream::iter([hello("Ada"), hello("Alan")])).await?;
    println!("generated     client streaming  -> {}", reply.message);
    let replies = generated.chat_hellos(stream::iter([hello("Ada"), hello("Alan")])).await?;
    println!("generated     bidirectional     -> {}", all(replies).await?);

    let by_hand = GreeterClient::new(channel);
    let reply = by_hand.say_hello(hello("Grace")).await?;
    println!("hand-written  unary             -> {}", reply.message);
    let replies = by_hand.list_hellos(hello("Grace")).await?;
    println!("hand-written  server streaming  -> {}", all(replies).await?);
    let reply = by_hand.collect_hellos(stream::iter([hello("Grace"), hello("Edsger")])).await?;
    println!("hand-written  client streaming  -> {}", reply.message);
    let replies = by_hand.chat_hellos(stream::iter([hello("Grace"), hello("Edsger")])).await?;
    println!("hand-written  bidirectional     -> {}", all(replies).await?);

    server.stop().await?;
    Ok(())
}

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}

/// Reads a stream of replies to its end.
async fn all(mut replies: Streaming<HelloReply>) -> Result<String, Status> {
    let mut messages = Vec::new();
    while let Some(reply) = replies.message().await? {
        messages.push(reply.message);
    }
    Ok(messages.join(" "))
}
