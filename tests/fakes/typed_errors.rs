//! Errors of a program's own type, all the way: out of a fake, through the layers, and to the caller.

use std::time::Duration;

use grpc_runtime::error_details::{ErrorInfo, RetryInfo};
use grpc_runtime::layer::on_end;
use grpc_runtime::{Code, Status, Streaming, grpc_client};
use tests::helloworld::{HelloReply, HelloRequest};

use crate::{hello, reply};

#[derive(Debug, PartialEq)]
enum GreetError {
    Unknown { name: String },
    Busy { wait: Duration, status: Status },
    Other(Status),
}

impl From<Status> for GreetError {
    fn from(status: Status) -> Self {
        if let Some(info) = status.error_info()
            && info.reason == "UNKNOWN_NAME"
        {
            let name = info.metadata.get("name").cloned();
            return Self::Unknown { name: name.unwrap_or_default() };
        }
        match status.retry_delay() {
            Some(wait) => Self::Busy { wait, status },
            None => Self::Other(status),
        }
    }
}

impl From<GreetError> for Status {
    fn from(error: GreetError) -> Status {
        match error {
            GreetError::Unknown { name } => {
                let mut info =
                    ErrorInfo { reason: "UNKNOWN_NAME".to_owned(), ..ErrorInfo::default() };
                info.metadata.insert("name".to_owned(), name);
                Status::not_found("unknown name").with_detail(&info)
            }
            GreetError::Busy { status, .. } | GreetError::Other(status) => status,
        }
    }
}

#[grpc_client(service = "helloworld.Greeter", error = GreetError, mock)]
trait Typed {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, GreetError>;
    async fn list_hellos(&self, request: HelloRequest)
    -> Result<Streaming<HelloReply>, GreetError>;
}

struct Fake;

impl Typed for Fake {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, GreetError> {
        Err(GreetError::Unknown { name: request.name })
    }

    async fn list_hellos(&self, _: HelloRequest) -> Result<Streaming<HelloReply>, GreetError> {
        let status = GreetError::Unknown { name: "Bob".to_owned() }.into();
        Ok(Streaming::from_messages([reply("one")]).with_end(status))
    }
}

#[tokio::test]
async fn an_error_of_a_fake_comes_out_as_it_went_in() {
    let (codes, seen) = std::sync::mpsc::channel();
    let client = TypedClient::in_process(Fake)
        .layer(on_end(move |_, ended| codes.send(ended.code()).unwrap()));
    let error = client.say_hello(hello("Ada")).await.unwrap_err();
    assert_eq!(error, GreetError::Unknown { name: "Ada".to_owned() });
    assert_eq!(seen.recv().unwrap(), Code::NotFound, "layers see the status");
    // The whole response comes with the status itself.
    let status = client.say_hello(hello("Ada")).send().await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "unknown name"));
}

#[tokio::test]
async fn the_end_of_a_stream_is_made_the_error_by_a_question_mark() {
    async fn read(client: &impl Typed) -> Result<usize, GreetError> {
        let mut replies = client.list_hellos(hello("")).await?;
        let mut count = 0;
        while replies.message().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }
    let error = read(&TypedClient::in_process(Fake).boxed()).await.unwrap_err();
    assert_eq!(error, GreetError::Unknown { name: "Bob".to_owned() });
}

#[tokio::test]
async fn details_are_typed_and_the_status_stays_in_reach() {
    let mock = MockTyped::new();
    let retry_delay = Some(Duration::from_millis(250).try_into().unwrap());
    let busy = Status::unavailable("later").with_detail(&RetryInfo { retry_delay });
    mock.say_hello()
        .fails(busy.clone())
        .fails(Status::internal("x").with_details([0xff].as_slice().to_vec()));
    let client = mock.client();
    let GreetError::Busy { wait, status } = client.say_hello(hello("")).await.unwrap_err() else {
        panic!("it is busy");
    };
    assert_eq!((wait, status), (Duration::from_millis(250), busy));
    // Details that are garbage are no details.
    let GreetError::Other(status) = client.say_hello(hello("")).await.unwrap_err() else {
        panic!("it is something else");
    };
    assert_eq!(status.details().as_ref(), [0xff]);
    status.rpc_status().unwrap_err();
}
