//! Application code that does not know whether it talks to a server or to a fake.
//!
//! `invite` is generic over the trait. It runs three times here: over the network, over a fake, and over a
//! client that stands on the fake, so that layers, timeouts and call builders work as usual. The unit tests
//! below it use the fake alone and need no network.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;
use std::time::Duration;

use examples::LocalServer;
use examples::helloworld::{Greeter, GreeterClient, HelloReply, HelloRequest};
use grpc_runtime::{
    Channel, Code, Intercept, Interceptor, Invoke, Method, Request, Response, Status, Stream,
    Streaming,
};

/// The application: greets all guests, and leaves out those whom the greeter does not find.
async fn invite(greeter: &impl Greeter, guests: &[&str]) -> Result<Vec<String>, Status> {
    let mut greetings = Vec::new();
    for guest in guests {
        match greeter.say_hello(HelloRequest { name: (*guest).to_owned() }).await {
            Ok(reply) => greetings.push(reply.message),
            Err(status) if status.code() == Code::NotFound => {}
            Err(status) => return Err(status.context(format!("greeting {guest}"))),
        }
    }
    Ok(greetings)
}

/// A fake implements the trait with plain `async fn`s, as far as it needs to.
struct Fake;

impl Greeter for Fake {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        match request.name.as_str() {
            "nobody" => Err(Status::not_found("nobody")),
            "slow" => std::future::pending().await,
            "broken" => Err(Status::internal("a gasket leaks")),
            name => Ok(HelloReply { message: format!("fake hello, {name}") }),
        }
    }

    async fn list_hellos(&self, _: HelloRequest) -> Result<Streaming<HelloReply>, Status> {
        let replies = ["one", "two"].map(|text| Ok(HelloReply { message: text.to_owned() }));
        Ok(Streaming::from_iter(replies))
    }

    async fn collect_hellos(
        &self,
        _: impl Stream<Item = HelloRequest> + Send,
    ) -> Result<HelloReply, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn chat_hellos(
        &self,
        _: impl Stream<Item = HelloRequest> + Send,
    ) -> Result<Streaming<HelloReply>, Status> {
        Err(Status::unimplemented("not needed here"))
    }
}

/// A layer, to show that it runs around the fake as it would around a channel.
#[derive(Clone)]
struct Log;

impl<M: Method> Interceptor<M> for Log {
    async fn intercept<S: Invoke<M>>(
        &self,
        request: Request<M>,
        next: S,
    ) -> Result<Response<M>, Status> {
        let path = request.method().path().to_owned();
        let outcome = next.invoke(request).await;
        match &outcome {
            Ok(_) => println!("  {path}: OK"),
            Err(status) => println!("  {path}: {status}"),
        }
        outcome
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let guests = ["Ada", "nobody", "Grace"];

    let server = LocalServer::greeter().await?;
    let over_network = GreeterClient::new(Channel::builder(server.target()).build()?);
    println!("over the network: {}", invite(&over_network, &guests).await?.join("; "));

    println!("over the fake: {}", invite(&Fake, &guests).await?.join("; "));

    println!("over a client that stands on the fake:");
    let in_process = GreeterClient::in_process(Fake).layer(Intercept(Log));
    println!("all in all: {}", invite(&in_process, &guests).await?.join("; "));

    println!("deadlines hold there too:");
    let slow = HelloRequest { name: "slow".to_owned() };
    match in_process.say_hello(slow).timeout(Duration::from_millis(50)).await {
        Ok(reply) => return Err(format!("unexpected reply: {}", reply.message).into()),
        Err(status) => println!("the caller saw {}", status.code()),
    }

    server.stop().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn guests_who_are_not_found_are_left_out() {
        let greetings = invite(&Fake, &["Ada", "nobody"]).await.unwrap();
        assert_eq!(greetings, ["fake hello, Ada"]);
    }

    #[tokio::test]
    async fn other_failures_say_whom_they_hit() {
        let status = invite(&Fake, &["Ada", "broken", "Grace"]).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        assert_eq!(status.message(), "greeting broken: a gasket leaks");
    }

    #[tokio::test]
    async fn a_client_on_a_fake_streams() {
        let client = GreeterClient::in_process(Fake);
        let mut replies = client.list_hellos(HelloRequest::default()).await.unwrap();
        let mut texts = Vec::new();
        while let Some(reply) = replies.message().await.unwrap() {
            texts.push(reply.message);
        }
        assert_eq!(texts, ["one", "two"]);
    }
}
