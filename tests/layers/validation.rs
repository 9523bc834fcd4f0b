//! Requests that are not valid are not sent.

use futures_util::{StreamExt as _, stream};
use grpc_runtime::layer::{Validate, Validation, Violations};
use grpc_runtime::{Code, Delivery, Origin, Status, Stream, Streaming, grpc_client, outbound};
use tests::within;

#[derive(Clone, PartialEq, prost::Message)]
struct Person {
    #[prost(string, tag = "1")]
    name: String,
}

impl Validate for Person {
    fn validate(&self) -> Result<(), Violations> {
        Violations::new().unless(!self.name.is_empty(), "name", "must not be empty").into_result()
    }
}

#[grpc_client(service = "helloworld.Register")]
trait Register {
    async fn add(&self, person: Person) -> Result<Person, Status>;
    async fn add_all(
        &self,
        people: impl Stream<Item = Person>,
    ) -> Result<Streaming<Person>, Status>;
}

struct Echo;

impl Register for Echo {
    async fn add(&self, person: Person) -> Result<Person, Status> {
        Ok(person)
    }

    async fn add_all(
        &self,
        people: impl Stream<Item = Person> + Send + 'static,
    ) -> Result<Streaming<Person>, Status> {
        Ok(Streaming::from_stream(people.map(Ok)))
    }
}

fn person(name: &str) -> Person {
    Person { name: name.to_owned() }
}

#[tokio::test]
async fn a_request_that_is_not_valid_fails_here() {
    let register = RegisterClient::in_process(Echo).layer(Validation);
    assert_eq!(register.add(person("Ada")).await.unwrap(), person("Ada"));
    let status = register.add(person("")).await.unwrap_err();
    let facts = (status.code(), status.origin(), status.delivery());
    assert_eq!(facts, (Code::InvalidArgument, Origin::Local, Delivery::NotSent));
    assert_eq!(status.message(), "the request is not valid: name must not be empty");
}

#[tokio::test]
async fn a_stream_is_given_up_at_the_first() {
    let register = RegisterClient::in_process(Echo).layer(Validation);
    let people = stream::iter(["Ada", "Bob", "", "Cy"].map(person));
    let mut added = register.add_all(people).await.unwrap();
    assert_eq!(added.message().await.unwrap(), Some(person("Ada")));
    assert_eq!(added.message().await.unwrap(), Some(person("Bob")));
    // This fake takes the end for one without looking at `aborted()`.
    assert_eq!(added.message().await.unwrap(), None);
}

/// On the wire it ends the call with the same status, whatever the server says.
#[tokio::test]
async fn a_stream_on_the_wire_ends_with_what_is_wrong() {
    let server = tests::server::Server::start();
    let channel = grpc_runtime::Channel::builder(server.target()).build().unwrap();
    let chat = ChatClient::new(channel).layer(Validation);
    let (sender, people) = outbound(4);
    let mut replies = chat.chat_hellos(people).await.unwrap();
    sender.send(person("Ada")).await.unwrap();
    assert_eq!(within("a reply", replies.message()).await.unwrap(), Some(person("Hello, Ada!")));
    sender.send(person("")).await.unwrap();
    let status = within("the end", replies.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    within("the end", sender.closed()).await;
    assert_eq!(sender.send(person("Bob")).await.unwrap_err().code(), Code::InvalidArgument);
}

/// The same field is the name that is asked for and the text of the answer.
#[grpc_client(service = "helloworld.Greeter")]
trait Chat {
    async fn chat_hellos(
        &self,
        people: impl Stream<Item = Person>,
    ) -> Result<Streaming<Person>, Status>;
}
