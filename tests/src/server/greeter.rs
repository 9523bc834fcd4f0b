//! The greeter itself, over tonic's generated trait. What is not about messages is in `programmed`.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt as _, stream};
use tonic::{Request, Response, Status, Streaming};

use crate::helloworld::{HelloReply, HelloRequest};
use crate::server::behaviour::{Behaviour, End};
use crate::server::programmed::Program;
use crate::server::stubs::greeter_server::Greeter;

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

#[derive(Debug)]
pub(super) struct Host {
    pub(super) program: Arc<Program>,
}

#[tonic::async_trait]
impl Greeter for Host {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let behaviour = self.program.behaviour();
        Ok(Response::new(greeting("Hello", &request.into_inner().name, &behaviour)))
    }

    type ListHellosStream = Replies;

    async fn list_hellos(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Replies>, Status> {
        let behaviour = self.program.behaviour();
        let name = request.into_inner().name;
        let count = behaviour.replies;
        let end = ending(&behaviour);
        let words = ["Hello", "Bonjour", "Hallo"].into_iter().cycle().take(count);
        let replies = stream::iter(words).map(move |word| Ok(greeting(word, &name, &behaviour)));
        Ok(Response::new(Box::pin(replies.chain(end))))
    }

    async fn collect_hellos(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloReply>, Status> {
        let behaviour = self.program.behaviour();
        let mut requests = request.into_inner();
        let mut names = Vec::new();
        while let Some(request) = requests.message().await? {
            names.push(name_of(&request.name).to_owned());
        }
        Ok(Response::new(greeting("Hello", &names.join(", "), &behaviour)))
    }

    type ChatHellosStream = Replies;

    async fn chat_hellos(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Replies>, Status> {
        let behaviour = self.program.behaviour();
        let end = ending(&behaviour);
        let count = if matches!(behaviour.end, End::Ok) { usize::MAX } else { behaviour.replies };
        let replies = request
            .into_inner()
            .map(move |request| request.map(|request| greeting("Hello", &request.name, &behaviour)))
            .take(count);
        Ok(Response::new(Box::pin(replies.chain(end))))
    }
}

fn greeting(word: &str, name: &str, behaviour: &Behaviour) -> HelloReply {
    let mut message = match &behaviour.text {
        Some(text) => text.clone(),
        None => format!("{word}, {}!", name_of(name)),
    };
    while message.len() < behaviour.reply_bytes {
        message.push('!');
    }
    HelloReply { message }
}

fn name_of(name: &str) -> &str {
    if name.is_empty() { "stranger" } else { name }
}

fn ending(behaviour: &Behaviour) -> Replies {
    match &behaviour.end {
        End::Ok => Box::pin(stream::empty()),
        End::Fail(status) => Box::pin(stream::iter([Err(status.clone())])),
        End::Stall => Box::pin(stream::pending()),
    }
}
