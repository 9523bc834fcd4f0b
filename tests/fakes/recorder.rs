//! A recorder keeps the calls that were made, in order, whatever carries them.

use futures_util::FutureExt as _;
use grpc_runtime::testing::{RecordedEnd, Recorder};
use grpc_runtime::{Channel, Code, Status};
use tests::network::Network;

use crate::{GreeterClient, MockGreeter, greeter, hello, hellos, metadata, reply, texts};

#[tokio::test]
async fn calls_are_kept_in_order_with_their_messages_and_ends() {
    let mock = MockGreeter::new();
    mock.say_hello().returns(reply("Hello, Ada!")).fails(Status::not_found("no Bob"));
    mock.list_hellos().streams([reply("one"), reply("two")]).with_trailers(metadata("x-n", "2"));
    mock.collect_hellos().returns(reply("both"));
    mock.chat_hellos().streams([reply("hi")]).then_fails(Status::aborted("enough"));
    let recorder = Recorder::new();
    let greeter = mock.client().layer(recorder.clone());

    greeter.say_hello(hello("Ada")).metadata("x-tenant", "a").unwrap().await.unwrap();
    let replies = greeter.list_hellos(hello("Cy")).await.unwrap();
    let streaming = &recorder.calls::<greeter::ListHellos>()[0];
    assert!(streaming.end().is_none() && streaming.replies().is_empty(), "{streaming:?}");
    replies.collect_messages().await.unwrap();
    greeter.say_hello(hello("Bob")).await.unwrap_err();
    greeter.collect_hellos(hellos(&["Ada", "Bob"])).await.unwrap();
    let chat = greeter.chat_hellos(hellos(&["Di"])).await.unwrap();
    chat.collect_messages().await.unwrap_err();

    let methods = ["SayHello", "ListHellos", "SayHello", "CollectHellos", "ChatHellos"];
    assert_eq!(recorder.paths(), methods.map(|method| format!("/helloworld.Greeter/{method}")));
    let codes = recorder.ends().into_iter().map(|(_, end)| end.unwrap().code());
    let codes: Vec<Code> = codes.collect();
    assert_eq!(codes, [Code::Ok, Code::Ok, Code::NotFound, Code::Ok, Code::Aborted]);

    let said = recorder.calls::<greeter::SayHello>();
    assert_eq!(said.len(), 2);
    assert_eq!((&*said[0].request().name, &*said[1].request().name), ("Ada", "Bob"));
    assert_eq!(said[0].metadata().get("x-tenant"), Some("a"));
    assert_eq!(said[0].reply().unwrap().message, "Hello, Ada!");
    assert!(said[1].reply().is_none());
    assert_eq!(said[1].end().unwrap().status().unwrap().message(), "no Bob");

    let listed = &recorder.calls::<greeter::ListHellos>()[0];
    assert_eq!(texts(listed.replies().to_vec()), ["one", "two"]);
    let Some(RecordedEnd::Ok { trailers, .. }) = listed.end() else { panic!("{listed:?}") };
    assert_eq!(trailers.get("x-n"), Some("2"));
    let collected = &recorder.calls::<greeter::CollectHellos>()[0];
    assert_eq!(collected.requests(), [hello("Ada"), hello("Bob")]);
    let chatted = &recorder.calls::<greeter::ChatHellos>()[0];
    assert_eq!((chatted.requests().len(), chatted.replies().len()), (1, 1));

    recorder.clear();
    assert!(recorder.paths().is_empty());
}

#[tokio::test]
async fn a_call_that_is_dropped_has_ended() {
    let mock = MockGreeter::new();
    mock.say_hello().answers(|_| std::future::pending());
    mock.list_hellos().streams([reply("one")]);
    let recorder = Recorder::new();
    let greeter = mock.client().layer(recorder.clone());
    let mut call = std::pin::pin!(greeter.say_hello(hello("Ada")).send());
    assert!(call.as_mut().now_or_never().is_none());
    assert_eq!(recorder.calls::<greeter::SayHello>()[0].code(), None);
    let call = Box::pin(greeter.list_hellos(hello("Ada")).send()).await.unwrap();
    drop(call);
    assert_eq!(recorder.calls::<greeter::ListHellos>()[0].code(), Some(Code::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_a_client_of_a_channel() {
    let network = Network::new();
    network.server("one");
    let channel = Channel::builder("passthrough:///one").connector(network).plaintext();
    let recorder = Recorder::new();
    let greeter = GreeterClient::new(channel.build().unwrap()).layer(recorder.clone()).boxed();
    let answer = greeter.say_hello(hello("Ada")).await.unwrap();
    let calls = recorder.calls::<greeter::SayHello>();
    assert_eq!(calls[0].reply(), Some(&answer));
    assert_eq!(calls[0].code(), Some(Code::Ok));
}
