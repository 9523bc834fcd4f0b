//! What grpc-build makes of files whose names are against it: it compiles, under every lint, and calls
//! go out under the names of the `.proto` files.
#![deny(
    warnings,
    clippy::all,
    clippy::nursery,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    missing_docs,
    missing_debug_implementations,
    rustdoc::all,
    unnameable_types,
    unreachable_pub,
    unused_qualifications
)]

/// Everything in one file, below a module of ours.
pub mod generated {
    include!(concat!(env!("OUT_DIR"), "/awkward.rs"));
}

use futures_util::{StreamExt, stream};
use generated::collisions::{
    self, GreeterServiceClient, RouterServiceClient, greeter_service, router_service,
};
use generated::r#type::{self as keywords, ResultClient, SelfServiceClient};
use grpc_runtime::{Channel, Idempotency, Method, MethodKind, Status, Stream, Streaming};
use tests::helloworld::{GreeterClient, HelloRequest};
use tests::server::Server;
use tests::within;

fn path<M: Method>() -> &'static str {
    M::DESCRIPTOR.path()
}

#[test]
fn names_on_the_wire_are_those_of_the_files() {
    assert_eq!(path::<keywords::result::New>(), "/type.Result/New");
    assert_eq!(path::<keywords::result::Clone>(), "/type.Result/Clone");
    assert_eq!(path::<keywords::result::Type>(), "/type.Result/Type");
    assert_eq!(path::<keywords::result::SelfMethod>(), "/type.Result/Self");
    assert_eq!(path::<keywords::self_service::Await>(), "/type.Self_/Await");
    assert_eq!(path::<greeter_service::SayHello>(), "/collisions.Greeter/SayHello");
    assert_eq!(path::<greeter_service::SayHello3>(), "/collisions.Greeter/say_hello");
    assert_eq!(path::<greeter_service::SayHello4>(), "/collisions.Greeter/sayHello");
    assert_eq!(path::<router_service::Route>(), "/collisions.Router/Route");
    assert_eq!(path::<collisions::router_client::Route>(), "/collisions.RouterClient/Route");
    assert_eq!(path::<generated::rootlessness::Nothing>(), "/Rootlessness/Nothing");
    assert_eq!(path::<generated::old::v1::forest::HttpGet>(), "/old.v1.Forest/HTTPGet");
}

#[test]
fn kinds_and_idempotency_are_those_of_the_files() {
    use generated::old::v1::forest;

    assert_eq!(<router_service::Route as Method>::DESCRIPTOR.kind(), MethodKind::ServerStreaming);
    assert_eq!(
        <keywords::result::InProcess as Method>::DESCRIPTOR.kind(),
        MethodKind::ClientStreaming
    );
    assert_eq!(<keywords::result::Type as Method>::DESCRIPTOR.kind(), MethodKind::Bidi);
    assert_eq!(<forest::PlantTree as Method>::DESCRIPTOR.idempotency(), Idempotency::Idempotent);
    assert_eq!(<forest::HttpGet as Method>::DESCRIPTOR.idempotency(), Idempotency::NoSideEffects);
    assert_eq!(<forest::Comment as Method>::DESCRIPTOR.idempotency(), Idempotency::Unknown);
}

#[test]
fn clients_have_the_names_that_are_free() {
    let channel = Channel::builder("dns:///127.0.0.1:1").plaintext().build().expect("a target");
    let _ = ResultClient::new(channel.clone()).new_(keywords::Option::default());
    let _ = ResultClient::new(channel.clone()).r#match(keywords::Some::default());
    let _ = SelfServiceClient::new(channel.clone()).r#await(<keywords::Send as Default>::default());
    let _ = GreeterServiceClient::new(channel.clone()).say_hello2(collisions::Greeter::default());
    let _ = RouterServiceClient::new(channel).route(collisions::router::Hop::default());
}

/// Routes to the next hop, and tells the way.
struct Router;

impl collisions::Router for Router {
    async fn route(
        &self,
        _: collisions::router::Hop,
    ) -> Result<Streaming<collisions::router::Hop>, Status> {
        Err(Status::unimplemented("no way"))
    }
}

/// Sends on what it gets.
struct Rootless;

impl generated::Rootlessness for Rootless {
    async fn nothing(&self, (): ()) -> Result<(), Status> {
        Ok(())
    }

    async fn clock(
        &self,
        _: impl Stream<Item = ()> + Send,
    ) -> Result<Streaming<prost_types::Timestamp>, Status> {
        Err(Status::unimplemented("no clock"))
    }

    async fn text(&self, text: String) -> Result<Vec<u8>, Status> {
        Ok(text.into_bytes())
    }

    async fn part(
        &self,
        part: generated::rootless::Part,
    ) -> Result<keywords::self_::Inner, Status> {
        let value = format!("{:?}", part.part.is_some());
        Ok(keywords::self_::Inner { option: Some(keywords::Option { value }) })
    }
}

#[tokio::test]
async fn calls_in_process() {
    let router = RouterServiceClient::in_process(Router);
    let status = router.route(collisions::router::Hop::default()).await.expect_err("unimplemented");
    assert_eq!(status.message(), "no way");

    let rootless = generated::RootlessnessClient::in_process(Rootless);
    rootless.nothing(()).await.expect("nothing");
    assert_eq!(rootless.text("text".to_owned()).await.expect("bytes"), b"text");
    let inner = rootless.part(generated::rootless::Part::default()).await.expect("a part");
    assert_eq!(inner.option.expect("set").value, "false");
}

#[tokio::test]
async fn the_four_shapes_over_the_wire() {
    let server = Server::start();
    let channel = Channel::builder(server.target()).plaintext().build().expect("a target");
    let greeter = GreeterClient::new(channel);
    let hello = |name: &str| HelloRequest { name: name.to_owned() };

    let reply = within("unary", async { greeter.say_hello(hello("you")).await }).await;
    assert!(reply.expect("a greeting").message.contains("you"));
    let mut replies =
        within("list", async { greeter.list_hellos(hello("you")).await }).await.expect("begun");
    let first = within("first", replies.message()).await.expect("no error");
    assert!(first.is_some());
    let requests = stream::iter(["one", "two"].map(hello));
    let reply = within("collect", async { greeter.collect_hellos(requests).await }).await;
    assert!(!reply.expect("a greeting").message.is_empty());
    let requests = stream::iter(["one", "two"].map(hello));
    let replies =
        within("chat", async { greeter.chat_hellos(requests).await }).await.expect("begun");
    let replies: Vec<_> = within("chat's end", replies.collect()).await;
    assert!(replies.len() == 2 && replies.iter().all(Result::is_ok));
}
