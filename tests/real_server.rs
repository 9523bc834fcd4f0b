//! The four kinds of call, by a hand-written trait, against a real server of another make.

use futures_util::StreamExt;
use grpc_runtime::{Channel, Code, Status, Stream, Streaming, grpc_client, outbound};
use tests::helloworld::{HelloReply, HelloRequest};
use tests::server::{Behaviour, Server};
use tests::within;

#[grpc_client(service = "helloworld.Greeter")]
trait Greeter {
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

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned(), ..HelloRequest::default() }
}

#[tokio::test]
async fn unary() {
    let server = Server::start();
    let channel = Channel::builder(server.target()).plaintext().build().unwrap();
    let greeter = GreeterClient::new(channel);
    let reply = within("hello", async { greeter.say_hello(hello("you")).await }).await.unwrap();
    println!("{reply:?}");
}
