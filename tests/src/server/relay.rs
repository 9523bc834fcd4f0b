//! A tonic server whose handlers call another one, with our client, on behalf of the request at hand.
//!
//! It shows what a [`CallContext`] is for; what it relays to is a [`Server`](super::Server).

use std::net::SocketAddr;
use std::pin::Pin;

use futures_util::{Stream, StreamExt as _};
use grpc_runtime::CallContext;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, Streaming};

use crate::client::GreeterClient;
use crate::helloworld::{HelloReply, HelloRequest};
use crate::server::stubs::greeter_server::{Greeter, GreeterServer};

/// A running relay on a free port; dropping it stops it from listening.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Relay {
    /// Answers `SayHello` and `ListHellos` by what `next` says, and passes on `x-tenant`.
    ///
    /// # Panics
    ///
    /// When the machine has no loopback interface.
    pub async fn start(next: GreeterClient) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let service = GreeterServer::new(Handler { next });
        let server = tonic::transport::Server::builder()
            .serve_with_incoming(service, TcpListenerStream::new(listener));
        let task = tokio::spawn(async move { server.await.expect("the relay serves") });
        Self { address, task }
    }

    /// Where to connect.
    pub fn target(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Handler {
    next: GreeterClient,
}

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

#[tonic::async_trait]
impl Greeter for Handler {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let context = context_of(&request);
        let reply = context.scope(async { self.next.say_hello(request.into_inner()).await });
        reply.await.map(Response::new).map_err(as_tonic)
    }

    type ListHellosStream = Replies;

    async fn list_hellos(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Replies>, Status> {
        let context = context_of(&request);
        let replies = context.scope(async { self.next.list_hellos(request.into_inner()).await });
        let replies = replies.await.map_err(as_tonic)?;
        Ok(Response::new(Box::pin(replies.map(|reply| reply.map_err(as_tonic)))))
    }

    async fn collect_hellos(
        &self,
        _: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloReply>, Status> {
        Err(Status::unimplemented("nothing to relay here"))
    }

    type ChatHellosStream = Replies;

    async fn chat_hellos(
        &self,
        _: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Replies>, Status> {
        Err(Status::unimplemented("nothing to relay here"))
    }
}

fn context_of<T>(request: &Request<T>) -> CallContext {
    let headers = request.metadata().as_ref();
    let context = CallContext::from_headers(headers);
    context.with_headers(headers, ["x-tenant"]).expect("a key that can be set")
}

fn as_tonic(status: grpc_runtime::Status) -> Status {
    Status::new(tonic::Code::from_i32(status.code().into()), status.message())
}
