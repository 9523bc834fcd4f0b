//! Closures and functions as layers: for one method, for all of them, of every kind.

use grpc_runtime::layer::{Next, from_fn, only};
use grpc_runtime::{AnyMethod, Code, Outbound, Request, Response, Status, Streaming};
use tests::helloworld::{HelloReply, HelloRequest};
use tower::ServiceBuilder;

use crate::greeter::{Fake, Greeter, GreeterClient, all, greeter, hello, hellos, said};

/// Every call of whatever kind, as texts.
async fn tour(greeter: &impl Greeter) -> Vec<String> {
    let mut texts = vec![said(greeter, "Ada").await.unwrap()];
    texts.extend(all(greeter.list_hellos(hello("Bob")).await.unwrap()).await.unwrap());
    texts.push(greeter.collect_hellos(hellos(&["Cy", "Di"])).await.unwrap().message);
    texts.extend(all(greeter.chat_hellos(hellos(&["Ed"])).await.unwrap()).await.unwrap());
    texts
}

const TOUR: [&str; 5] =
    ["Hello, Ada!", "Hello, Bob!", "Hello, Bob!", "Hello, Cy, Di!", "Hello, Ed!"];

#[tokio::test]
async fn a_closure_for_one_method_sees_its_messages_and_no_other_calls() {
    let greeter = Fake::default().client().layer(from_fn(
        async |mut request: Request<greeter::SayHello>, next: Next<greeter::SayHello>| {
            request.message_mut().name.insert_str(0, "dear ");
            let mut response = next.invoke(request).await?;
            response.message_mut().message.push('!');
            Ok(response)
        },
    ));
    let mut expected = TOUR;
    expected[0] = "Hello, dear Ada!!";
    assert_eq!(tour(&greeter).await, expected);
}

async fn refuse_bob(
    request: Request<AnyMethod>,
    next: Next<AnyMethod>,
) -> Result<Response<AnyMethod>, Status> {
    match request.message().downcast_ref::<HelloRequest>() {
        Some(HelloRequest { name }) if name == "Bob" => Err(Status::permission_denied("not Bob")),
        _ => next.invoke(request).await,
    }
}

#[tokio::test]
async fn a_function_for_all_methods_sees_every_kind() {
    let calls = crate::greeter::Ends::default();
    let log = calls.clone();
    let greeter = Fake::default().client().layer(from_fn(
        move |mut request: Request<AnyMethod>, next: Next<AnyMethod>| {
            let log = log.clone();
            async move {
                log.push(format!("{} {:?}", request.method().method(), request.method().kind()));
                request.metadata_mut().insert("x-tenant", "blue")?;
                next.invoke(request).await
            }
        },
    ));
    assert_eq!(tour(&greeter).await, TOUR);
    assert_eq!(
        calls.take(),
        [
            "SayHello Unary",
            "ListHellos ServerStreaming",
            "CollectHellos ClientStreaming",
            "ChatHellos Bidi"
        ]
    );

    let greeter = greeter.layer(from_fn(refuse_bob));
    assert_eq!(said(&greeter, "Ada").await.unwrap(), "Hello, Ada!");
    let status = greeter.list_hellos(hello("Bob")).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_function_may_call_again_or_not_at_all() {
    let fake = Fake::default();
    let greeter = fake.client().layer(from_fn(
        async |request: Request<greeter::SayHello>, next: Next<greeter::SayHello>| {
            if request.message().name == "local" {
                return Ok(Response::new(HelloReply { message: "from here".to_owned() }));
            }
            match next.clone().invoke(request.clone()).await {
                Err(status) if status.code() == Code::Unavailable => next.invoke(request).await,
                outcome => outcome,
            }
        },
    ));
    assert_eq!(said(&greeter, "local").await.unwrap(), "from here");
    assert_eq!(said(&greeter, "fail").await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(fake.seen(), ["fail", "fail"]);
}

#[tokio::test]
async fn both_directions_of_a_stream_are_mapped() {
    let greeter = Fake::default().client().layer(from_fn(
        async |request: Request<greeter::ChatHellos>, next: Next<greeter::ChatHellos>| {
            let request = in_capitals(request);
            let replies = next.invoke(request).await?.into_message();
            let mut number = 0;
            Ok(Response::new(replies.map_messages(move |mut reply: HelloReply| {
                number += 1;
                reply.message.insert_str(0, &format!("{number} "));
                Ok(reply)
            })))
        },
    ));
    let replies = greeter.chat_hellos(hellos(&["Ada", "Bob"])).await.unwrap();
    assert_eq!(all(replies).await.unwrap(), ["1 Hello, ADA!", "2 Hello, BOB!"]);

    // An error of the mapping gives the call up, and is its end.
    let (sender, requests) = grpc_runtime::outbound(1);
    let requests = requests.map_messages(|_: HelloRequest| -> Result<HelloRequest, Status> {
        Err(Status::data_loss("unreadable"))
    });
    sender.send(hello("Ada")).await.unwrap();
    let mut requests = std::pin::pin!(requests);
    assert!(futures_util::StreamExt::next(&mut requests).await.is_none());
    assert_eq!(requests.aborted().unwrap().code(), Code::DataLoss);
}

fn in_capitals(request: Request<greeter::ChatHellos>) -> Request<greeter::ChatHellos> {
    request.map_message(|names: Outbound<HelloRequest>| {
        names.map_messages(|request| Ok(HelloRequest { name: request.name.to_uppercase() }))
    })
}

#[tokio::test]
async fn a_mapped_stream_keeps_headers_trailers_and_its_end() {
    let fake = Fake::default();
    let replies = fake.client().list_hellos(hello("Ada")).await.unwrap();
    let mut lengths: Streaming<usize> = replies.map_messages(|reply| Ok(reply.message.len()));
    assert!(lengths.headers().await.unwrap().is_empty());
    assert_eq!(lengths.message().await.unwrap(), Some(11));
    assert_eq!(lengths.message().await.unwrap(), Some(11));
    assert_eq!(lengths.message().await.unwrap(), None);
    assert_eq!(lengths.trailers().unwrap().get("x-count"), Some("2"));

    let replies = fake.client().list_hellos(hello("fail")).await.unwrap();
    let mut refused: Streaming<()> = replies.map_messages(|_| Err(Status::data_loss("unreadable")));
    assert_eq!(refused.message().await.unwrap_err().code(), Code::DataLoss);
    assert_eq!(refused.message().await.unwrap_err().code(), Code::DataLoss, "and it stays");
}

#[tokio::test]
async fn stacks_compose_and_boxes_take_them() {
    let stack = ServiceBuilder::new()
        .layer(from_fn(refuse_bob))
        .layer(only::<greeter::SayHello, _>(tower::limit::ConcurrencyLimitLayer::new(1)));
    let layered = Fake::default().client().layer(stack);
    let boxed: GreeterClient<greeter::Boxed> = layered.boxed();
    let task = tokio::spawn(async move { said(&boxed, "Ada").await });
    assert_eq!(task.await.unwrap().unwrap(), "Hello, Ada!");
}
