//! A mock answers as it was told, and tells what did not come as it was told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use grpc_runtime::testing::Mock;
use grpc_runtime::{Code, Delivery, DynamicClient, Origin, Status, Streaming, outbound};
use tests::helloworld::HelloRequest;

use crate::{Greeter, GreeterClient, MockGreeter, greeter, hello, hellos, metadata, reply, texts};

#[tokio::test]
async fn the_first_expectation_that_fits_answers() {
    let mock = MockGreeter::new();
    mock.say_hello().with(|request| request.name == "Ada").returns(reply("Hello, Ada!"));
    mock.say_hello().with_message(hello("Bob")).fails(Status::not_found("no Bob"));
    mock.say_hello().times(..).returns(reply("Hello, whoever!"));
    let greeter = mock.client();
    let said = async |name| greeter.say_hello(hello(name)).await.map(|reply| reply.message);
    assert_eq!(said("Cy").await.unwrap(), "Hello, whoever!");
    assert_eq!(said("Bob").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(said("Ada").await.unwrap(), "Hello, Ada!");
    // Each was for one call.
    assert_eq!(said("Ada").await.unwrap(), "Hello, whoever!");
    assert_eq!(said("Bob").await.unwrap(), "Hello, whoever!");
    mock.verify();
}

#[tokio::test]
async fn answers_are_given_in_their_order() {
    let mock = MockGreeter::new();
    mock.say_hello().fails(Status::unavailable("not yet")).returns(reply("now"));
    mock.say_hello().returns(reply("again")).times(2);
    let greeter = mock.client();
    assert_eq!(greeter.say_hello(hello("")).await.unwrap_err().code(), Code::Unavailable);
    for text in ["now", "again", "again"] {
        assert_eq!(greeter.say_hello(hello("")).await.unwrap().message, text);
    }
}

#[tokio::test]
async fn streams_are_scripted_both_ways() {
    let mock = MockGreeter::new();
    mock.list_hellos()
        .streams([reply("one"), reply("two")])
        .with_headers(metadata("x-head", "h"))
        .with_trailers(metadata("x-tail", "t"))
        .streams([reply("one")])
        .then_fails(Status::aborted("half-way"));
    mock.collect_hellos()
        .with_all(|requests| requests.len() == 2)
        .returns(reply("both"))
        .with_trailers(metadata("x-tail", "t"));
    mock.chat_hellos().streams([reply("bye")]);
    let greeter = mock.client();

    let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    assert_eq!(replies.headers().await.unwrap().get("x-head"), Some("h"));
    assert_eq!(replies.message().await.unwrap().unwrap().message, "one");
    assert_eq!(replies.message().await.unwrap().unwrap().message, "two");
    assert!(replies.message().await.unwrap().is_none());
    assert_eq!(replies.trailers().unwrap().get("x-tail"), Some("t"));

    let mut replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    assert!(replies.message().await.unwrap().is_some());
    assert_eq!(replies.message().await.unwrap_err().message(), "half-way");

    let answer = greeter.collect_hellos(hellos(&["Ada", "Bob"])).send().await.unwrap();
    assert_eq!(answer.trailers().get("x-tail"), Some("t"));
    assert_eq!(answer.into_message().message, "both");

    let replies = greeter.chat_hellos(hellos(&["Ada"])).await.unwrap();
    assert_eq!(texts(replies.collect_messages().await.unwrap()), ["bye"]);
}

#[tokio::test]
async fn a_conversation_is_a_function_and_a_failure_is_learnt_by_the_sender() {
    let mock = MockGreeter::new();
    mock.chat_hellos().answers(|requests| async move { Ok(requests_echoed(requests)) });
    mock.chat_hellos().answers(|_requests| async move { Err(Status::permission_denied("no")) });
    let greeter = mock.client();

    let (sender, requests) = outbound(1);
    let mut replies = greeter.chat_hellos(requests).await.unwrap();
    for name in ["Ada", "Bob"] {
        sender.send(hello(name)).await.unwrap();
        assert_eq!(replies.message().await.unwrap().unwrap().message, name);
    }
    sender.finish();
    assert!(replies.message().await.unwrap().is_none());

    let (sender, requests) = outbound(1);
    let status = greeter.chat_hellos(requests).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(sender.send(hello("Cy")).await.unwrap_err(), status);
}

fn requests_echoed(
    mut requests: grpc_runtime::Outbound<HelloRequest>,
) -> Streaming<tests::helloworld::HelloReply> {
    Streaming::from_stream(futures_util::stream::poll_fn(move |context| {
        let next = std::pin::Pin::new(&mut requests);
        grpc_runtime::Stream::poll_next(next, context)
            .map(|request| request.map(|request| Ok(reply(&request.name))))
    }))
}

#[tokio::test]
async fn metadata_and_deadlines_are_seen() {
    let mock = MockGreeter::new();
    mock.say_hello().with_metadata("x-tenant", "a").returns(reply("for a"));
    mock.say_hello().answers(|_| std::future::pending());
    let greeter = mock.client();
    let call = greeter.say_hello(hello("")).metadata("x-tenant", "a").unwrap();
    assert_eq!(call.await.unwrap().message, "for a");
    let call = greeter.say_hello(hello("")).timeout(Duration::from_millis(1));
    assert_eq!(call.await.unwrap_err().code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn an_unexpected_call_says_what_came_and_what_was_expected() {
    let mock = MockGreeter::new();
    let line = line!() + 1;
    mock.say_hello().with_message(hello("Ada")).returns(reply("Hello, Ada!"));
    let greeter = mock.client();
    let status = greeter.say_hello(hello("Bob")).await.unwrap_err();
    let facts = (status.code(), status.origin(), status.delivery());
    assert_eq!(facts, (Code::Unimplemented, Origin::Local, Delivery::NotProcessed));
    let (path, place) = ("/helloworld.Greeter/SayHello", format!("mock.rs:{line}:"));
    for part in [
        format!("unexpected call of {path} with HelloRequest {{ name: \"Bob\" }}: "),
        format!("{path} with HelloRequest {{ name: \"Ada\" }} was expected once and came never"),
        place.clone(),
    ] {
        assert!(status.message().contains(&part), "{status} lacks {part}");
    }
    let status = greeter.list_hellos(hello("Bob")).await.unwrap_err();
    assert!(status.message().ends_with("no call of this method was expected"), "{status}");
    let status = greeter.chat_hellos(hellos(&["Bob"])).await.unwrap_err();
    assert!(status.message().contains("with messages not read yet"), "{status}");

    let unmet = mock.check().unwrap_err();
    assert_eq!((unmet.missing().len(), unmet.unexpected().len()), (1, 3));
    assert!(unmet.to_string().contains(&place), "{unmet}");
    is_told_on_drop(mock, "came never");
}

#[tokio::test]
async fn what_must_not_come_is_unexpected_whatever_comes_after() {
    let mock = MockGreeter::new();
    mock.say_hello().with(|request| request.name.is_empty()).never();
    mock.say_hello().times(..).returns(reply("fine"));
    let greeter = mock.client();
    greeter.say_hello(hello("Ada")).await.unwrap();
    mock.verify();
    let status = greeter.say_hello(hello("")).await.unwrap_err();
    assert!(status.message().contains("was expected never"), "{status}");
    is_told_on_drop(mock, "unexpected call");
}

#[tokio::test]
async fn the_order_counts_where_it_was_asked_for() {
    let ordered = || {
        let mock = MockGreeter::new();
        mock.in_order();
        mock.say_hello().returns(reply("first"));
        mock.list_hellos().streams([]);
        mock
    };
    let mock = ordered();
    mock.client().say_hello(hello("")).await.unwrap();
    mock.client().list_hellos(hello("")).await.unwrap();
    drop(mock);

    let mock = ordered();
    let status = mock.client().list_hellos(hello("")).await.unwrap_err();
    assert!(status.message().contains("out of order, since before it /helloworld"), "{status}");
    is_told_on_drop(mock, "out of order");
}

#[tokio::test]
async fn an_expectation_without_an_answer_is_a_mistake_that_is_explained() {
    let mock = MockGreeter::new();
    mock.say_hello();
    let status = mock.client().say_hello(hello("")).await.unwrap_err();
    assert!(status.message().contains("say what it is by `returns(..)`"), "{status}");
    is_told_on_drop(mock, "no answer is left");
}

#[test]
fn a_mock_that_is_dropped_in_a_panic_keeps_quiet() {
    let panic = catch_unwind(|| {
        let mock = MockGreeter::new();
        mock.say_hello().returns(reply("never asked"));
        panic!("the test's own");
    });
    assert_eq!(panic.unwrap_err().downcast_ref::<&str>(), Some(&"the test's own"));
    // And one that has told does not tell again.
    let mock = MockGreeter::new();
    mock.say_hello().returns(reply("never asked"));
    assert!(catch_unwind(AssertUnwindSafe(|| mock.verify())).is_err());
    drop(mock);
}

#[tokio::test]
async fn a_mock_is_an_implementation_too() {
    async fn ask(greeter: &impl Greeter) -> Result<String, Status> {
        let reply = greeter.collect_hellos(hellos(&["Ada"])).await?;
        Ok(greeter.say_hello(hello(&reply.message)).await?.message)
    }
    let mock = MockGreeter::new();
    mock.collect_hellos().returns(reply("all"));
    mock.say_hello().with_message(hello("all")).returns(reply("fine"));
    assert_eq!(ask(&mock).await.unwrap(), "fine");

    mock.collect_hellos().returns(reply("again"));
    mock.say_hello().answers(|request| async move { Ok(reply(&request.name)) });
    assert_eq!(ask(&GreeterClient::in_process(mock)).await.unwrap(), "again");
}

#[tokio::test]
async fn calls_are_answered_from_many_threads() {
    let mock = MockGreeter::new();
    mock.say_hello().returns(reply("one of many")).times(64);
    let greeter = mock.client().boxed();
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let greeter = greeter.clone();
            tokio::spawn(async move { greeter.say_hello(hello("")).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    mock.verify();
    greeter.say_hello(hello("")).await.unwrap_err();
    is_told_on_drop_by("expected 64 times and came 64 times", || drop(mock));
}

/// By markers, for several services at once, and for methods without types.
#[tokio::test]
async fn a_mock_without_a_trait() {
    let mock = Mock::new();
    mock.expect::<greeter::SayHello>().returns(reply("typed"));
    mock.expect::<grpc_runtime::DynamicMethod<grpc_runtime::Unary>>()
        .with(bytes::Bytes::is_empty)
        .returns(b"raw".as_slice().into());
    let greeter = GreeterClient::with_service(mock.service());
    assert_eq!(greeter.say_hello(hello("")).await.unwrap().message, "typed");
    let dynamic = DynamicClient::with_service(mock.service());
    let raw = dynamic.unary("/a.B/C", bytes::Bytes::new()).unwrap().await.unwrap();
    assert_eq!(raw, b"raw".as_slice());
}

#[track_caller]
fn is_told_on_drop(mock: MockGreeter, what: &str) {
    is_told_on_drop_by(what, || drop(mock));
}

#[track_caller]
fn is_told_on_drop_by(what: &str, drops: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(drops)).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains(what), "{text}");
}
