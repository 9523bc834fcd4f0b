//! The greeter of `helloworld.proto`, in four shapes, over tonic's generated trait.

use std::pin::Pin;

use futures_util::{Stream, StreamExt as _, stream};
use tonic::{Request, Response, Status, Streaming};

use crate::helloworld::{HelloReply, HelloRequest};
use crate::stubs::helloworld::greeter_server::Greeter;

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

/// Greets everyone, and refuses the name `nobody`.
#[derive(Debug)]
pub struct Greeting;

#[tonic::async_trait]
impl Greeter for Greeting {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        Ok(Response::new(greet("Hello", &request.into_inner().name)?))
    }

    type ListHellosStream = Replies;

    async fn list_hellos(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Replies>, Status> {
        let name = request.into_inner().name;
        let words = stream::iter(["Hello", "Bonjour", "Hallo"]);
        Ok(Response::new(Box::pin(words.map(move |word| greet(word, &name)))))
    }

    async fn collect_hellos(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloReply>, Status> {
        let mut requests = request.into_inner();
        let mut names = Vec::new();
        while let Some(request) = requests.message().await? {
            names.push(request.name);
        }
        Ok(Response::new(greet("Hello", &names.join(" and "))?))
    }

    type ChatHellosStream = Replies;

    async fn chat_hellos(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Replies>, Status> {
        let requests = request.into_inner();
        Ok(Response::new(Box::pin(requests.map(|request| greet("Hello", &request?.name)))))
    }
}

fn greet(word: &str, name: &str) -> Result<HelloReply, Status> {
    match name {
        "nobody" => Err(Status::not_found("nobody is not there to be greeted")),
        "" => Ok(HelloReply { message: format!("{word}, stranger!") }),
        name => Ok(HelloReply { message: format!("{word}, {name}!") }),
    }
}
