//! A greeter that is in no hurry, and tells what becomes of the calls that it has begun.

use std::pin::Pin;

use examples::helloworld::{HelloReply, HelloRequest};
use examples::stubs::helloworld::greeter_server::Greeter;
use futures_util::{Stream, StreamExt as _, future, stream};
use tokio::sync::mpsc::UnboundedSender;
use tonic::{Request, Response, Status, Streaming};

/// Never finishes anything.
pub(crate) struct Dawdler {
    /// What it saw, a line each.
    pub(crate) diary: UnboundedSender<String>,
}

#[tonic::async_trait]
impl Greeter for Dawdler {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let _witness = self.begin("SayHello", &request);
        future::pending().await
    }

    type ListHellosStream = Replies;

    async fn list_hellos(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Self::ListHellosStream>, Status> {
        let witness = self.begin("ListHellos", &request);
        let first = HelloReply { message: format!("Hello, {}!", request.into_inner().name) };
        let replies = stream::iter([Ok(first)]).chain(stream::pending());
        Ok(Response::new(Box::pin(replies.inspect(move |_| witness.stays()))))
    }

    async fn collect_hellos(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloReply>, Status> {
        let _witness = self.begin("CollectHellos", &request);
        let mut requests = request.into_inner();
        while let Some(request) = requests.message().await? {
            self.note(format!("CollectHellos heard of {}", request.name));
        }
        future::pending().await
    }

    type ChatHellosStream = Replies;

    async fn chat_hellos(
        &self,
        _: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Self::ChatHellosStream>, Status> {
        Err(Status::unimplemented("this greeter does not chat"))
    }
}

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

impl Dawdler {
    fn begin<T>(&self, method: &'static str, request: &Request<T>) -> Witness {
        let limit = match request.metadata().get("grpc-timeout").map(|limit| limit.to_str()) {
            Some(Ok(limit)) => format!("with grpc-timeout {limit}"),
            Some(Err(_)) | None => "without a limit".to_owned(),
        };
        self.note(format!("{method} began {limit}"));
        Witness { method, diary: self.diary.clone() }
    }

    fn note(&self, line: String) {
        // Nobody reads the diary any more once the program is over.
        drop(self.diary.send(line));
    }
}

/// Lives as long as a call does in the server.
struct Witness {
    method: &'static str,
    diary: UnboundedSender<String>,
}

impl Witness {
    /// Called by what has to keep it alive.
    fn stays(&self) {}
}

impl Drop for Witness {
    fn drop(&mut self) {
        drop(self.diary.send(format!("{} was told to stop", self.method)));
    }
}
