//! Between a call and a policy's picker: codes, the word at the end, metadata, attributes, earlier attempts.

use std::sync::{Arc, Mutex};

use grpc_runtime::lb::{CallResult, Pick, PickArgs, Picked, SubchannelId};
use grpc_runtime::{Channel, Code, Delivery, Metadata, Status};
use tests::client::{GreeterClient, all, hello};
use tests::network::{Answer, Server};

use crate::lab::{Lab, call, ms, pass, patient_call, s, settle};
use crate::policies::wrapping;

const CODES: [Code; 17] = [
    Code::Ok,
    Code::Cancelled,
    Code::Unknown,
    Code::InvalidArgument,
    Code::DeadlineExceeded,
    Code::NotFound,
    Code::AlreadyExists,
    Code::PermissionDenied,
    Code::ResourceExhausted,
    Code::FailedPrecondition,
    Code::Aborted,
    Code::OutOfRange,
    Code::Unimplemented,
    Code::Internal,
    Code::Unavailable,
    Code::DataLoss,
    Code::Unauthenticated,
];

/// What only servers may say (gRFC A54).
const OF_SERVERS: [Code; 8] = [
    Code::Ok,
    Code::InvalidArgument,
    Code::NotFound,
    Code::AlreadyExists,
    Code::FailedPrecondition,
    Code::Aborted,
    Code::OutOfRange,
    Code::DataLoss,
];

fn wrapped(
    wrap: impl Fn(Pick, &PickArgs<'_>) -> Pick + Send + Sync + 'static,
) -> (Lab, Server, Channel) {
    let (lab, [one]) = Lab::of(["one"]);
    let channel = lab.builder().load_balancing_policy(wrapping(wrap)).load_balancing("wrapping");
    let channel = channel.build().unwrap();
    (lab, one, channel)
}

/// TestPickerStatusCodes
#[tokio::test(start_paused = true)]
async fn picker_status_codes() {
    for code in CODES {
        for drops in [true, false] {
            let (_lab, _one, channel) = wrapped(move |pick, _| match pick {
                Pick::Complete(_) if drops => Pick::Drop(Status::new(code, "a reason")),
                Pick::Complete(_) => Pick::Fail(Status::new(code, "a reason")),
                other => other,
            });
            let mut statuses = vec![call(&channel).await.unwrap_err()];
            if drops {
                // Not even a call that waits survives that.
                statuses.push(patient_call(&channel).await.unwrap_err());
            }
            for status in statuses {
                let is_of_servers = OF_SERVERS.contains(&code);
                let expected = if is_of_servers { Code::Internal } else { code };
                assert_eq!(status.code(), expected, "{status}");
                assert_eq!(status.delivery(), Delivery::NotSent);
                let text = status.to_string();
                assert!(text.contains("a reason"), "{text}");
                // OK is noted already where the status is made.
                let names_code = is_of_servers && code != Code::Ok;
                assert_eq!(names_code, text.contains(&format!("with {code}")), "{text}");
            }
        }
    }
}

/// A word that a picker was given.
#[derive(Debug, Clone, PartialEq)]
struct Word {
    code: Code,
    is_sent: bool,
    is_received: bool,
    has_trailers: bool,
}

type Words = Arc<Mutex<Vec<Word>>>;

fn told(words: &Words) -> Vec<Word> {
    std::mem::take(&mut *words.lock().unwrap())
}

fn listening() -> (Lab, Server, Channel, Words) {
    let words = Words::default();
    let heard = Arc::clone(&words);
    let (lab, one, channel) = wrapped(move |pick, _| match pick {
        Pick::Complete(picked) => {
            let heard = Arc::clone(&heard);
            Pick::Complete(picked.on_end(move |result: &CallResult<'_>| {
                heard.lock().unwrap().push(Word {
                    code: result.outcome.err().map_or(Code::Ok, Status::code),
                    is_sent: result.is_sent,
                    is_received: result.is_received,
                    has_trailers: result.trailers.is_some(),
                });
            }))
        }
        other => other,
    });
    (lab, one, channel, words)
}

/// TestDoneInfo: once for each attempt, and what became of it.
#[tokio::test(start_paused = true)]
async fn on_end_exactly_once() {
    let (_lab, one, channel, words) = listening();
    let client = GreeterClient::new(channel.clone());
    let answered = |code| Word { code, is_sent: true, is_received: true, has_trailers: true };
    let alone = |code| Word { code, is_sent: true, is_received: false, has_trailers: false };

    call(&channel).await.unwrap();
    assert_eq!(told(&words), [answered(Code::Ok)]);

    one.answer(Answer::Fails(Code::NotFound));
    call(&channel).await.unwrap_err();
    assert_eq!(told(&words), [answered(Code::NotFound)]);

    one.answer(Answer::Never);
    let timely = client.say_hello(hello("Ada")).timeout(s(2));
    assert_eq!(timely.await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(told(&words), [alone(Code::DeadlineExceeded)]);

    tokio::select! {
        reply = call(&channel) => panic!("{reply:?}"),
        () = pass(s(2)) => {}
    }
    assert_eq!(told(&words), [alone(Code::Cancelled)], "it was dropped");

    let (status, ()) = tokio::join!(call(&channel), async {
        pass(s(1)).await;
        one.cut();
    });
    assert_eq!(status.unwrap_err().code(), Code::Unavailable);
    assert_eq!(told(&words), [alone(Code::Unavailable)]);

    // The second start of a call that nobody looked at is an attempt of its own.
    one.answer(Answer::Refuses);
    call(&channel).await.unwrap_err();
    assert_eq!(told(&words).len(), 2);

    one.answer(Answer::Address);
    call(&channel).await.unwrap();
    assert_eq!(told(&words), [answered(Code::Ok)]);
    drop(channel);
    settle().await;
    assert_eq!(told(&words), []);
}

/// The same for a stream, whose end may come long after its beginning.
#[tokio::test(start_paused = true)]
async fn on_end_of_a_stream() {
    let (_lab, one, channel, words) = listening();
    let client = GreeterClient::new(channel.clone());
    all(client.list_hellos(hello("Ada")).await.unwrap()).await.unwrap();
    let expected = Word { code: Code::Ok, is_sent: true, is_received: true, has_trailers: true };
    assert_eq!(told(&words), [expected]);

    one.answer(Answer::AddressAndOn);
    for is_cut in [false, true] {
        let mut replies = client.list_hellos(hello("Ada")).await.unwrap();
        replies.message().await.unwrap().unwrap();
        pass(s(100)).await;
        assert_eq!(told(&words), []);
        if is_cut {
            one.cut();
            assert_eq!(replies.message().await.unwrap_err().code(), Code::Unavailable);
        }
        drop(replies);
        let code = if is_cut { Code::Unavailable } else { Code::Cancelled };
        let word = Word { code, is_sent: true, is_received: true, has_trailers: false };
        assert_eq!(told(&words), [word]);
    }
}

/// A call that queues for a stream slot, and gives up there.
#[tokio::test(start_paused = true)]
async fn on_end_of_a_call_that_found_no_room() {
    let (_lab, one, channel, words) = listening();
    one.most_calls(1).answer(Answer::AddressAndOn);
    let client = GreeterClient::new(channel.clone());
    let mut replies = client.list_hellos(hello("Ada")).await.unwrap();
    replies.message().await.unwrap().unwrap();
    let late = client.say_hello(hello("Ada")).timeout(s(2));
    let status = late.await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.to_string().contains("a free stream on the connection to one"), "{status}");
    let picks = told(&words);
    assert!(picks.iter().all(|word| !word.is_sent && word.code == Code::Cancelled), "{picks:?}");
    drop(replies);
    assert_eq!(told(&words).len(), 1);
}

/// TestMetadataInPickResult: what the picker adds is sent after the call's own.
#[tokio::test(start_paused = true)]
async fn metadata_in_pick_result() {
    let (_lab, one, channel) = wrapped(|pick, call| {
        let mut metadata = Metadata::new();
        metadata.append("x-picked", "of the picker").unwrap();
        metadata.append("x-both", "of the picker").unwrap();
        metadata.append("x-seen", call.metadata().get("x-both").unwrap_or("nothing")).unwrap();
        match pick {
            Pick::Complete(picked) => Pick::Complete(picked.with_metadata(metadata)),
            other => other,
        }
    });
    let client = GreeterClient::new(channel);
    client.say_hello(hello("Ada")).metadata("x-both", "of the call").unwrap().await.unwrap();
    let headers = &one.calls()[0].headers;
    assert_eq!(headers["x-picked"], "of the picker");
    assert_eq!(headers["x-seen"], "of the call");
    let both: Vec<_> = headers.get_all("x-both").iter().collect();
    assert_eq!(both, ["of the call", "of the picker"]);
}

#[derive(Debug, PartialEq)]
struct Tenant(&'static str);

#[tokio::test(start_paused = true)]
async fn a_picker_sees_attributes_and_method() {
    let (_lab, one, channel) = wrapped(|pick, call| {
        assert_eq!(call.method().path(), "/helloworld.Greeter/SayHello");
        match (pick, call.attributes().get::<Tenant>()) {
            (Pick::Complete(_), Some(Tenant("banned"))) => {
                Pick::Drop(Status::permission_denied("banned"))
            }
            (pick, _) => pick,
        }
    });
    let client = GreeterClient::new(channel);
    for (tenant, expected) in [("good", Code::Ok), ("banned", Code::PermissionDenied)] {
        let reply = client.say_hello(hello("Ada")).attribute(Tenant(tenant)).await;
        assert_eq!(reply.err().map_or(Code::Ok, |status| status.code()), expected);
    }
    assert_eq!(one.calls().len(), 1);
    assert!(!format!("{:?}", one.calls()).contains("good"), "attributes are not sent");
}

/// Where each pick went, and where the call had been before.
type Picks = Arc<Mutex<Vec<(SubchannelId, Vec<SubchannelId>)>>>;

/// The second start of a call tells the picker where the first went.
#[tokio::test(start_paused = true)]
async fn a_picker_sees_where_the_call_was() {
    let picks = Picks::default();
    let seen = Arc::clone(&picks);
    let (_lab, one, channel) = wrapped(move |pick, call| {
        if let Pick::Complete(picked) = &pick {
            let to = Picked::subchannel(picked).id();
            seen.lock().unwrap().push((to, call.tried().to_vec()));
        }
        pick
    });
    one.answer(Answer::Refuses);
    let status = call(&channel).await.unwrap_err();
    assert_eq!((status.code(), status.delivery()), (Code::Unavailable, Delivery::NotProcessed));
    assert_eq!(one.calls().len(), 2);
    let picks = picks.lock().unwrap();
    let (first, second) = (&picks[picks.len() - 2], &picks[picks.len() - 1]);
    assert_eq!((first.1.as_slice(), second.1.as_slice()), (&[][..], &[first.0][..]));
}

/// TestBlockingPickSCNotReady and the like: a call waits for the next picker for as long as it has to.
#[tokio::test(start_paused = true)]
async fn a_queued_call_waits_for_the_next_picker() {
    let lab = Lab::new();
    let channel = lab.channel();
    let waiting = tokio::join!(call(&channel), async {
        pass(s(600)).await;
        lab.knows(&[lab.network.server("one")]);
        lab.now()
    });
    assert_eq!((waiting.0.unwrap(), waiting.1), ("one".to_owned(), s(600)));
    assert!(lab.now() - waiting.1 < ms(5));
}
