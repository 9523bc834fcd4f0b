//! A conversation with a fake begins as one with a server does: before the fake has answered, so that what it answers
//! can depend on what is sent then.

use std::time::Duration;

use grpc_runtime::{Code, Ended, IntoOutbound as _, Status, Stream, Streaming, outbound};
use tests::helloworld::{HelloReply, HelloRequest};
use tests::within;

use crate::{Greeter, GreeterClient, MockGreeter, hello, metadata, reply, texts};

/// Hears all of what is said before it says anything.
struct Listener;

impl Greeter for Listener {
    async fn say_hello(&self, _: HelloRequest) -> Result<HelloReply, Status> {
        Err(Status::unimplemented("not needed"))
    }

    async fn list_hellos(&self, _: HelloRequest) -> Result<Streaming<HelloReply>, Status> {
        Err(Status::unimplemented("not needed"))
    }

    async fn collect_hellos(
        &self,
        _: impl Stream<Item = HelloRequest>,
    ) -> Result<HelloReply, Status> {
        Err(Status::unimplemented("not needed"))
    }

    async fn chat_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest> + Send + 'static,
    ) -> Result<Streaming<HelloReply>, Status> {
        let heard = requests.into_outbound().collect_messages().await?;
        if heard.is_empty() {
            return Err(Status::invalid_argument("say something"));
        }
        let replies = Streaming::from_messages(heard.into_iter().map(|one| reply(&one.name)));
        Ok(replies.with_headers(metadata("x-head", "h")).with_trailers(metadata("x-tail", "t")))
    }
}

#[tokio::test]
async fn what_is_sent_after_the_start_is_answered() {
    let client = GreeterClient::in_process(Listener);
    let (sender, requests) = outbound(1);
    let call = client.chat_hellos(requests).into_future();
    let mut replies = within("the start", call).await.unwrap();
    // More than fits: a task sends, and goes on as the replies are read.
    let sends = tokio::spawn(async move {
        for name in ["Ada", "Bob", "Cy"] {
            sender.send(hello(name)).await?;
        }
        sender.finish();
        Ok::<_, Status>(())
    });
    let headers = within("the headers", replies.headers()).await.unwrap();
    assert_eq!(headers.get("x-head"), Some("h"));
    assert_eq!(replies.message().await.unwrap(), Some(reply("Ada")));
    assert_eq!(replies.message().await.unwrap(), Some(reply("Bob")));
    assert_eq!(replies.message().await.unwrap(), Some(reply("Cy")));
    assert_eq!(replies.message().await.unwrap(), None);
    assert_eq!(replies.trailers().unwrap().get("x-tail"), Some("t"));
    sends.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_fake_fails_with_is_how_the_conversation_ends() {
    let client = GreeterClient::in_process(Listener);
    let (sender, requests) = outbound(1);
    let mut replies = client.chat_hellos(requests).await.unwrap();
    sender.finish();
    for _ in 0..2 {
        assert_eq!(replies.message().await.unwrap_err().message(), "say something");
    }
    assert_eq!(replies.headers().await.unwrap_err().message(), "say something");

    // Headers alone are asked for, and then the end.
    let (sender, requests) = outbound(1);
    let mut replies = client.chat_hellos(requests).await.unwrap();
    sender.abort(Status::data_loss("the disk broke"));
    assert_eq!(replies.headers().await.unwrap_err().code(), Code::DataLoss);
    assert_eq!(replies.message().await.unwrap_err().code(), Code::DataLoss);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_while_a_fake_listens() {
    let client = GreeterClient::in_process(Listener);
    let (sender, requests) = outbound(1);
    let (tell, told) = tokio::sync::oneshot::channel();
    let call = client.chat_hellos(requests).timeout(Duration::from_millis(50));
    let call = call.on_end(|ended: Ended<'_>| tell.send(ended.code()).unwrap());
    let mut replies = call.await.unwrap();
    sender.send(hello("Ada")).await.unwrap();
    assert_eq!(replies.message().await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(told.await.unwrap(), Code::DeadlineExceeded);
    assert_eq!(sender.send(hello("Bob")).await.unwrap_err().code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn dropping_a_conversation_ends_it_for_the_sender() {
    let client = GreeterClient::in_process(Listener);
    let (sender, requests) = outbound(1);
    drop(client.chat_hellos(requests).await.unwrap());
    assert_eq!(sender.send(hello("Ada")).await.unwrap_err().code(), Code::Cancelled);
}

#[tokio::test]
async fn a_mock_listens_as_well() {
    let mock = MockGreeter::new();
    mock.chat_hellos().with_all(|all| all.len() == 2).streams([reply("bye")]);
    let client = mock.client();
    let (sender, requests) = outbound(1);
    let call = client.chat_hellos(requests).into_future();
    let replies = within("the start", call).await.unwrap();
    let replies = tokio::spawn(replies.collect_messages());
    for name in ["Ada", "Bob"] {
        sender.send(hello(name)).await.unwrap();
    }
    sender.finish();
    assert_eq!(texts(within("the replies", replies).await.unwrap().unwrap()), ["bye"]);
    mock.verify();
}
