//! What a client can stand on, and what can stand around it: layers of ours and of tower, implementations in this
//! process, boxes; and calls without types, or with other codecs.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use grpc_runtime::codec::{Json, Raw};
use grpc_runtime::{
    Channel, Code, DynamicClient, ForMethod, Intercept, Interceptor, Invoke, Method, Request,
    Response, Status, Stream, Streaming, grpc_client, outbound,
};
use prost::Message as _;
use tests::helloworld::{HelloReply, HelloRequest};
use tests::peer::{Peer, Script, message};
use tests::server::{Behaviour, Server};
use tests::within;
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;

#[grpc_client(service = "helloworld.Greeter")]
trait Greeter {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
    async fn collect_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest>,
    ) -> Result<HelloReply, Status>;
}

fn channel(server: &Server) -> Channel {
    Channel::builder(server.target()).build().unwrap()
}

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}

/// What an application writes: generic over the trait.
async fn greet(greeter: &impl Greeter) -> Result<Vec<String>, Status> {
    let one = within("hello", greeter.say_hello(hello("Ada"))).await?.message;
    let mut texts = vec![one];
    let mut list = within("a list", greeter.list_hellos(hello("Ada"))).await?;
    while let Some(reply) = within("a reply", list.message()).await? {
        texts.push(reply.message);
    }
    let requests = stream::iter([hello("Ada"), hello("Bob")]);
    texts.push(within("hello", greeter.collect_hellos(requests)).await?.message);
    Ok(texts)
}

const GREETINGS: [&str; 5] =
    ["Hello, Ada!", "Hello, Ada!", "Bonjour, Ada!", "Hallo, Ada!", "Hello, Ada, Bob!"];

// ===== layers =====

/// Marks and counts every call.
#[derive(Clone)]
struct Tenant(&'static str, Arc<AtomicUsize>);

impl<M: Method> Interceptor<M> for Tenant {
    async fn intercept<S: Invoke<M>>(
        &self,
        mut request: Request<M>,
        next: S,
    ) -> Result<Response<M>, Status> {
        self.1.fetch_add(1, Ordering::Relaxed);
        request.metadata_mut().append("x-tenant", self.0)?;
        next.invoke(request).await
    }
}

/// Sees the messages of one method as themselves.
#[derive(Clone)]
struct Shout;

impl Interceptor<greeter::SayHello> for Shout {
    async fn intercept<S: Invoke<greeter::SayHello>>(
        &self,
        mut request: Request<greeter::SayHello>,
        next: S,
    ) -> Result<Response<greeter::SayHello>, Status> {
        if request.message().name.is_empty() {
            return Err(Status::invalid_argument("whom?"));
        }
        request.message_mut().name.make_ascii_uppercase();
        let mut response = next.invoke(request).await?;
        response.message_mut().message.push('!');
        Ok(response)
    }
}

#[tokio::test]
async fn an_interceptor_for_every_method() {
    let mut server = Server::start();
    let count = Arc::new(AtomicUsize::new(0));
    let greeter = GreeterClient::new(channel(&server))
        .layer(Intercept(Tenant("inner", Arc::clone(&count))))
        .layer(Intercept(Tenant("outer", Arc::clone(&count))));
    assert_eq!(greet(&greeter).await.unwrap(), GREETINGS);
    assert_eq!(count.load(Ordering::Relaxed), 6);
    let sent = server.started().await.headers;
    let tenants: Vec<_> = sent.get_all("x-tenant").iter().collect();
    assert_eq!(tenants, ["outer", "inner"], "the last layer added is the first to see a call");
}

#[tokio::test]
async fn an_interceptor_for_one_method_of_a_boxed_client() {
    let server = Server::start();
    let greeter = GreeterClient::new(channel(&server))
        .boxed()
        .layer(ForMethod::<greeter::SayHello, _>::new(Intercept(Shout)));
    let greeter: GreeterClient<greeter::Boxed> = greeter;
    let mut greetings = GREETINGS;
    greetings[0] = "Hello, ADA!!";
    assert_eq!(greet(&greeter).await.unwrap(), greetings);
    let status = within("hello", greeter.say_hello(hello("")).into_future()).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "whom?"));
}

#[tokio::test]
async fn layers_of_tower() {
    let server = Server::start();
    let greeter = GreeterClient::new(channel(&server))
        .layer(ConcurrencyLimitLayer::new(1))
        .layer(TimeoutLayer::new(Duration::from_millis(500)));
    assert_eq!(greet(&greeter).await.unwrap(), GREETINGS);

    server.behave(Behaviour::new().stall_after_headers());
    let status = within("hello", greeter.say_hello(hello("Ada")).into_future()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "tower's own error, as a status");

    server.behave(Behaviour::new());
    assert_eq!(greet(&greeter.boxed()).await.unwrap(), GREETINGS);
}

#[tokio::test]
async fn a_limit_of_tower_holds_calls_back() {
    let mut server = Server::start();
    server.behave(Behaviour::new().stall_after_headers());
    let greeter = GreeterClient::new(channel(&server)).layer(ConcurrencyLimitLayer::new(1));
    let first = greeter.say_hello(hello("Ada")).into_future();
    let second = greeter.say_hello(hello("Bob")).metadata("x-second", "1").unwrap().into_future();
    tokio::pin!(second);
    tokio::select! {
        // In this order, so that the first is the first.
        biased;
        _ = first => panic!("nobody answers"),
        _ = &mut second => panic!("it has to wait"),
        start = server.started() => assert_eq!(start.header("x-second"), None),
    }
    // The first is dropped, so the second may go.
    server.behave(Behaviour::new());
    assert_eq!(within("hello", second).await.unwrap().message, "Hello, Bob!");
    assert_eq!(server.started().await.header("x-second"), Some("1"));
}

// ===== in this process =====

struct Local;

impl Greeter for Local {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status> {
        match &*request.name {
            "" => Err(Status::not_found("nobody")),
            name => Ok(HelloReply { message: format!("Hello, {name}!") }),
        }
    }

    async fn list_hellos(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status> {
        let replies = ["Hello", "Bonjour", "Hallo"]
            .map(|word| Ok(HelloReply { message: format!("{word}, {}!", request.name) }));
        Ok(Streaming::from_iter(replies))
    }

    async fn collect_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest> + Send,
    ) -> Result<HelloReply, Status> {
        let names: Vec<String> = requests.map(|request| request.name).collect().await;
        Ok(HelloReply { message: format!("Hello, {}!", names.join(", ")) })
    }
}

#[tokio::test]
async fn an_implementation_in_this_process_is_a_client() {
    let greeter = GreeterClient::in_process(Local);
    assert_eq!(greet(&greeter).await.unwrap(), GREETINGS);
    assert_eq!(greet(&greeter.clone().boxed()).await.unwrap(), GREETINGS);
    let count = Arc::new(AtomicUsize::new(0));
    let layered = greeter.clone().layer(Intercept(Tenant("a", Arc::clone(&count))));
    assert_eq!(greet(&layered).await.unwrap(), GREETINGS);
    assert_eq!(count.load(Ordering::Relaxed), 3, "layers run");
    let status = greeter.say_hello(hello("")).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "nobody"));
}

#[tokio::test]
async fn one_type_for_clients_of_every_make() {
    let server = Server::start();
    let clients: Vec<GreeterClient<greeter::Boxed>> = vec![
        GreeterClient::new(channel(&server)).boxed(),
        GreeterClient::in_process(Local).boxed(),
        GreeterClient::new(channel(&server)).layer(ConcurrencyLimitLayer::new(8)).boxed(),
    ];
    for greeter in clients {
        let task = tokio::spawn(async move { greet(&greeter).await });
        assert_eq!(task.await.unwrap().unwrap(), GREETINGS);
    }
}

// ===== calls by path and bytes =====

fn text(bytes: Bytes) -> String {
    HelloReply::decode(bytes).unwrap().message
}

#[tokio::test]
async fn dynamic_calls_of_every_kind() {
    let server = Server::start();
    let client = DynamicClient::new(channel(&server));
    let ada = Bytes::from(hello("Ada").encode_to_vec());
    let path = |method: &str| format!("/helloworld.Greeter/{method}");

    let call = client.unary(path("SayHello"), ada.clone()).unwrap();
    let call = call.timeout(Duration::from_secs(10)).metadata("x-a", "b").unwrap();
    assert_eq!(text(within("hello", call.into_future()).await.unwrap()), "Hello, Ada!");

    let call = client.server_streaming(path("ListHellos"), ada.clone()).unwrap();
    let replies = call.await.unwrap().map(|reply| text(reply.unwrap())).collect::<Vec<_>>();
    assert_eq!(within("replies", replies).await, &GREETINGS[1..4]);

    let requests = stream::iter([ada.clone(), ada.clone()]);
    let call = client.client_streaming(path("CollectHellos"), requests).unwrap();
    assert_eq!(text(within("hello", call.into_future()).await.unwrap()), "Hello, Ada, Ada!");

    let (requests, outgoing) = outbound(1);
    let mut replies = client.bidi(path("ChatHellos"), outgoing).unwrap().await.unwrap();
    requests.send(ada.clone()).await.unwrap();
    let reply = within("a reply", replies.message()).await.unwrap().unwrap();
    assert_eq!(text(reply), "Hello, Ada!");

    let call = client.unary(path("Nothing"), ada.clone()).unwrap();
    let status = within("an answer", call.into_future()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    for path in ["", "helloworld.Greeter/SayHello", "/helloworld.Greeter", "//x", "/a b/c", "/a/"] {
        assert!(client.unary(path, ada.clone()).is_err(), "{path:?}");
    }
}

// ===== codecs =====

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Note {
    text: String,
    stars: u32,
}

#[grpc_client(service = "notes.Notes", codec = Json)]
trait Notes {
    async fn improve(&self, note: Note) -> Result<Note, Status>;
    async fn list(&self, about: String) -> Result<Streaming<Note>, Status>;
}

#[grpc_client(service = "notes.Notes", codec = Raw)]
trait RawNotes {
    async fn improve(&self, note: Bytes) -> Result<Bytes, Status>;
}

const END: [(&str, &str); 1] = [("grpc-status", "0")];

fn better() -> Script {
    Peer::script()
        .read_headers()
        .read_end_stream()
        .headers([(":status", "200"), ("content-type", "application/grpc+json")])
        .data(&message(br#"{"stars": 5, "text": "better"}"#))
}

#[tokio::test]
async fn messages_as_json() {
    let script = Peer::script().accept().preface().settings([]).then(better()).trailers(END);
    let broken = message(b"{\"stars\": ");
    let peer = script.then(better()).data(&broken).trailers(END).stall().play();
    let notes = NotesClient::new(Channel::builder(peer.target()).build().unwrap());
    let better = Note { text: "better".to_owned(), stars: 5 };
    let note = Note { text: "good".to_owned(), stars: 4 };
    let call = notes.improve(note).into_future();
    assert_eq!(within("a note", call).await.unwrap(), better);
    let mut list = notes.list("everything".to_owned()).await.unwrap();
    assert_eq!(within("a note", list.message()).await.unwrap(), Some(better));
    let status = within("the end", list.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.to_string().contains("EOF"), "serde's own words are kept: {status}");
    assert_eq!(list.message().await.unwrap_err(), status);

    let record = peer.finish().await;
    let heads = record.requests().await;
    assert_eq!(heads[0].path, "/notes.Notes/Improve");
    assert_eq!(heads[0].headers["content-type"], "application/grpc+json");
    let sent: Note = serde_json::from_slice(&record.data(1)[5..]).unwrap();
    assert_eq!(sent, Note { text: "good".to_owned(), stars: 4 });
    assert_eq!(&record.data(3)[5..], br#""everything""#);
}

#[tokio::test]
async fn messages_as_bytes() {
    let script = Peer::script().accept().preface().settings([]).then(better()).trailers(END);
    let peer = script.stall().play();
    let notes = RawNotesClient::new(Channel::builder(peer.target()).build().unwrap());
    let reply = within("a note", notes.improve(Bytes::from_static(b"any")).into_future()).await;
    assert_eq!(reply.unwrap(), &br#"{"stars": 5, "text": "better"}"#[..]);
    assert_eq!(peer.finish().await.data(1), message(b"any"));
}
