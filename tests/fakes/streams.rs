//! Streams in fakes and layers: headers, trailers and ends survive what is done with them, and both sides keep pace.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{SinkExt as _, StreamExt as _, stream};
use grpc_runtime::layer::{Next, from_fn};
use grpc_runtime::{Code, IntoOutbound as _, Request, Status, Stream, Streaming, outbound};
use tests::helloworld::{HelloReply, HelloRequest};
use tests::within;

use crate::{Greeter, GreeterClient, greeter, hello, metadata, reply, texts};

/// Reads its requests in the ways that there are.
struct Reader;

impl Greeter for Reader {
    async fn say_hello(&self, _: HelloRequest) -> Result<HelloReply, Status> {
        Err(Status::unimplemented("not needed"))
    }

    async fn list_hellos(&self, _: HelloRequest) -> Result<Streaming<HelloReply>, Status> {
        let replies = Streaming::from_messages(["one", "two", "three"].map(reply));
        Ok(replies.with_headers(metadata("x-head", "h")).with_trailers(metadata("x-tail", "t")))
    }

    /// All at once, and only if the sender meant the end.
    async fn collect_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest> + Send + 'static,
    ) -> Result<HelloReply, Status> {
        let requests = requests.into_outbound().collect_messages().await?;
        Ok(reply(&format!("{} came", requests.len())))
    }

    /// One by one.
    async fn chat_hellos(
        &self,
        requests: impl Stream<Item = HelloRequest> + Send + 'static,
    ) -> Result<Streaming<HelloReply>, Status> {
        let replies = stream::unfold(requests.into_outbound(), |mut requests| async {
            let next = requests.message().await.transpose()?;
            Some((next.map(|request| reply(&request.name)), requests))
        });
        Ok(Streaming::from_stream(replies))
    }
}

#[tokio::test]
async fn a_fake_tells_an_end_from_a_sender_that_gave_up() {
    let client = GreeterClient::in_process(Reader);
    let (sender, requests) = outbound(4);
    sender.send(hello("Ada")).await.unwrap();
    sender.finish();
    assert_eq!(client.collect_hellos(requests).await.unwrap().message, "1 came");

    let (sender, requests) = outbound(4);
    sender.send(hello("Ada")).await.unwrap();
    sender.abort(Status::data_loss("the disk broke"));
    assert_eq!(client.collect_hellos(requests).await.unwrap_err().message(), "the disk broke");

    let (sender, requests) = outbound(4);
    let mut replies = client.chat_hellos(requests).await.unwrap();
    sender.send(hello("Ada")).await.unwrap();
    assert_eq!(replies.message().await.unwrap().unwrap().message, "Ada");
    drop(sender);
    assert_eq!(replies.message().await.unwrap_err().code(), Code::Cancelled);
}

#[tokio::test]
async fn layers_change_streams_and_keep_the_rest() {
    let client = GreeterClient::in_process(Reader)
        .layer(from_fn(
            |request: Request<greeter::ListHellos>, next: Next<greeter::ListHellos>| async move {
                let response = next.invoke(request).await?;
                Ok(response.map(|replies| {
                    replies
                        .filter_messages(|reply| reply.message != "two")
                        .then_messages(|reply| async move { Ok(reply) })
                }))
            },
        ))
        .layer(from_fn(
            |request: Request<greeter::ChatHellos>, next: Next<greeter::ChatHellos>| async move {
                let request = request.map_message(|requests| {
                    requests.filter_messages(|request| !request.name.is_empty())
                });
                next.invoke(request).await
            },
        ));
    let mut replies = client.list_hellos(hello("")).await.unwrap();
    assert_eq!(replies.headers().await.unwrap().get("x-head"), Some("h"));
    assert_eq!(replies.message().await.unwrap().unwrap().message, "one");
    assert_eq!(replies.message().await.unwrap().unwrap().message, "three");
    assert!(replies.message().await.unwrap().is_none());
    assert_eq!(replies.trailers().unwrap().get("x-tail"), Some("t"));

    // A sender behind a layer is no other: it finishes, and learns of the end.
    let (sender, requests) = outbound(4);
    let replies = client.chat_hellos(requests).await.unwrap();
    for name in ["", "Ada", ""] {
        sender.send(hello(name)).await.unwrap();
    }
    sender.finish();
    assert_eq!(texts(replies.collect_messages().await.unwrap()), ["Ada"]);
}

#[tokio::test]
async fn halves_go_to_tasks_of_their_own_and_a_sink_is_one() {
    let client = GreeterClient::in_process(Reader);
    let (sender, requests) = outbound(1);
    let replies = client.chat_hellos(requests).await.unwrap();
    let names = stream::iter(["Ada", "Bob", "Cy"].map(|name| Ok(hello(name))));
    let sends = tokio::spawn(names.forward(sender.into_sink()));
    let reads = tokio::spawn(replies.collect_messages());
    within("the sender", sends).await.unwrap().unwrap();
    assert_eq!(texts(within("the replies", reads).await.unwrap().unwrap()), ["Ada", "Bob", "Cy"]);
}

#[tokio::test]
async fn a_sink_learns_of_the_end() {
    let client = GreeterClient::in_process(Reader).layer(from_fn(
        |_: Request<greeter::ChatHellos>, _: Next<greeter::ChatHellos>| async {
            Err(Status::resource_exhausted("too much talk"))
        },
    ));
    let (sender, requests) = outbound(1);
    let mut sink = sender.into_sink();
    client.chat_hellos(requests).await.unwrap_err();
    sink.send(hello("Ada")).await.unwrap_err();
}

/// Nobody reads: so many messages as fit are sent, and no more are asked for.
#[tokio::test]
async fn a_slow_reader_slows_the_sender_down() {
    let client = GreeterClient::in_process(Reader);
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let requests = stream::repeat_with(move || {
        count.fetch_add(1, Ordering::Relaxed);
        hello("Ada")
    });
    let mut replies = client.chat_hellos(requests.take(1_000)).await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(made.load(Ordering::Relaxed), 0, "nothing is read ahead");
    replies.message().await.unwrap().unwrap();
    assert_eq!(made.load(Ordering::Relaxed), 1);
}
