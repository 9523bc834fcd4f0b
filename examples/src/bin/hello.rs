//! Hello: every kind of call, through a client generated from a `.proto` file and through one made from a
//! trait written by hand.
//!
//! It starts the server that it calls, prints one line a call, and needs nothing else:
//! `cargo run -p examples --bin hello`.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;

use examples::LocalServer;
use examples::helloworld::{self, HelloReply, HelloRequest};
use futures_util::stream;
use grpc_runtime::{Channel, Status, Stream, Streaming, grpc_client};

/// The same service, as one would write it without a `.proto` file.
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
    // No I/O yet; `http://` asks for plaintext.
    let channel = Channel::builder(server.target()).build()?;

    let generated = helloworld::GreeterClient::new(channel.clone());
    let reply = generated.say_hello(hello("Ada")).await?;
    println!("generated     SayHello       {}", reply.message);
    let replies = generated.list_hellos(hello("Ada")).await?;
    println!("generated     ListHellos     {}", all(replies).await?);
    let reply = generated.collect_hellos(stream::iter([hello("Ada"), hello("Bob")])).await?;
    println!("generated     CollectHellos  {}", reply.message);
    let replies = generated.chat_hellos(stream::iter([hello("Ada"), hello("Bob")])).await?;
    println!("generated     ChatHellos     {}", all(replies).await?);

    let by_hand = GreeterClient::new(channel);
    let reply = by_hand.say_hello(hello("Eve")).await?;
    println!("hand-written  SayHello       {}", reply.message);
    let replies = by_hand.list_hellos(hello("Eve")).await?;
    println!("hand-written  ListHellos     {}", all(replies).await?);
    let reply = by_hand.collect_hellos(stream::iter([hello("Eve"), hello("Bob")])).await?;
    println!("hand-written  CollectHellos  {}", reply.message);
    let replies = by_hand.chat_hellos(stream::iter([hello("Eve"), hello("Bob")])).await?;
    println!("hand-written  ChatHellos     {}", all(replies).await?);

    server.stop().await?;
    Ok(())
}

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}

async fn all(mut replies: Streaming<HelloReply>) -> Result<String, Status> {
    let mut texts = Vec::new();
    while let Some(reply) = replies.message().await? {
        texts.push(reply.message);
    }
    Ok(texts.join(" "))
}
