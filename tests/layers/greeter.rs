//! A greeter in this process, to be told how to behave, and what it saw.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use grpc_runtime::{
    InProcess, Intercept, Interceptor, Invoke, Metadata, Method, Request, Response, Status, Stream,
    Streaming, grpc_client,
};
use tests::helloworld::{HelloReply, HelloRequest};

/// One method of each kind.
#[grpc_client(service = "helloworld.Greeter")]
pub(crate) trait Greeter {
    #[rpc(no_side_effects)]
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

/// Answers by the name that it is asked to greet: `fail` fails, `hang` never comes, `slow` takes a second, and
/// everyone else is greeted.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    seen: Arc<Mutex<Vec<String>>>,
    active: Arc<AtomicUsize>,
    most_active: Arc<AtomicUsize>,
}

impl Fake {
    /// A client of it.
    pub(crate) fn client(&self) -> GreeterClient<InProcess<Fake>> {
        GreeterClient::in_process(self.clone())
    }

    /// The names that came, in their order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// How many calls of `say_hello` were at work at the same time.
    pub(crate) fn most_active(&self) -> usize {
        self.most_active.load(Ordering::Relaxed)
    }

    /// How many calls of `say_hello` are at work.
    pub(crate) fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    async fn greet(&self, name: &str) -> Result<HelloReply, Status> {
        self.seen.lock().unwrap().push(name.to_owned());
        let active = self.active.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_active.fetch_max(active, Ordering::Relaxed);
        let _leaving = Leaving(&self.active);
        match name {
            "fail" => Err(Status::unavailable("told to fail")),
            "missing" => Err(Status::not_found("nobody of that name")),
            "hang" => pending().await,
            "slow" => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(reply(name))
            }
            _ => Ok(reply(name)),
        }
    }
}

struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Greeter for Fake {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        self.greet(&request.name).await
    }

    /// Two greetings; `fail` fails after the first, `hang` hangs after it.
    async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status> {
        let name = request.name;
        if name == "missing" {
            return Err(self.greet(&name).await.unwrap_err());
        }
        let first = reply(&name);
        let fake = self.clone();
        let second = stream::once(async move { fake.greet(&name).await });
        let replies = stream::once(async { Ok(first) }).chain(second);
        let mut trailers = Metadata::new();
        trailers.insert("x-count", "2")?;
        Ok(Streaming::from_stream(replies).with_trailers(trailers))
    }

    async fn collect_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest> + Send,
    ) -> Result<HelloReply, Status> {
        let names: Vec<String> = requests.map(|request| request.name).collect().await;
        self.greet(&names.join(", ")).await
    }

    async fn chat_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest> + Send + 'static,
    ) -> Result<Streaming<HelloReply>, Status> {
        let fake = self.clone();
        Ok(Streaming::from_stream(requests.then(move |request| {
            let fake = fake.clone();
            async move { fake.greet(&request.name).await }
        })))
    }
}

pub(crate) fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}

pub(crate) fn hellos(names: &[&str]) -> impl Stream<Item = HelloRequest> + Send + use<> {
    stream::iter(names.iter().map(|name| hello(name)).collect::<Vec<_>>())
}

fn reply(name: &str) -> HelloReply {
    HelloReply { message: format!("Hello, {name}!") }
}

/// What `say_hello` says.
pub(crate) async fn said(greeter: &impl Greeter, name: &str) -> Result<String, Status> {
    greeter.say_hello(hello(name)).await.map(|reply| reply.message)
}

/// Everything that a stream says.
pub(crate) async fn all(mut replies: Streaming<HelloReply>) -> Result<Vec<String>, Status> {
    let mut texts = Vec::new();
    while let Some(reply) = replies.message().await? {
        texts.push(reply.message);
    }
    Ok(texts)
}

/// Ends of calls, as texts.
#[derive(Clone, Default)]
pub(crate) struct Ends(Arc<Mutex<Vec<String>>>);

impl Ends {
    /// Adds one.
    pub(crate) fn push(&self, end: impl Into<String>) {
        self.0.lock().unwrap().push(end.into());
    }

    /// Those so far; they are not told again.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Keeps what a layer below sees of each call: metadata `x-*` and timeout.
#[derive(Clone)]
pub(crate) struct Spy(Ends);

/// A layer that is a spy.
pub(crate) fn spy(seen: &Ends) -> Intercept<Spy> {
    Intercept(Spy(seen.clone()))
}

impl<M: Method> Interceptor<M> for Spy {
    async fn intercept<S: Invoke<M>>(
        &self,
        request: Request<M>,
        next: S,
    ) -> Result<Response<M>, Status> {
        let keys = ["x-tenant", "x-token"];
        let metadata: Vec<&str> =
            keys.iter().flat_map(|key| request.metadata().get_all(key)).collect();
        self.0.push(format!("{metadata:?} {:?}", request.options().timeout()));
        next.invoke(request).await
    }
}
