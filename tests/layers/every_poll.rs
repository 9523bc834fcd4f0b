//! Calls that are ended at each poll that they can take: every hook hears of every end exactly once, over the wire in
//! memory and in process, for each kind of call and each way to end it.
//!
//! A call is one future here, from its start to the last message, so each of its await points is met.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use grpc_runtime::layer::{Next, from_fn, on_end};
use grpc_runtime::{
    AnyMethod, Call, CancelHandle, Channel, Code, Ended, Intercept, Interceptor, Invoke, Method,
    MethodDescriptor, Request, Response, Status,
};
use tests::network::{Answer, Network};

use crate::greeter::{Ends, Fake, GreeterClient, all, greeter, hello, hellos};

type Client = GreeterClient<greeter::Boxed>;
type Running = Pin<Box<dyn Future<Output = Result<(), Status>>>>;

/// How a call is ended before it ends by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Dropped,
    Cancelled,
    Late,
}

const KINDS: [&str; 4] = ["SayHello", "ListHellos", "CollectHellos", "ChatHellos"];

/// More than any of these calls takes.
const MOST_POLLS: usize = 500;
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn in_process_a_dropped_call() {
    in_process(Way::Dropped).await;
}

#[tokio::test(start_paused = true)]
async fn in_process_a_cancelled_call() {
    in_process(Way::Cancelled).await;
}

#[tokio::test(start_paused = true)]
async fn in_process_a_call_past_its_deadline() {
    in_process(Way::Late).await;
}

#[tokio::test(start_paused = true)]
async fn on_the_wire_a_dropped_call() {
    on_the_wire(Way::Dropped).await;
}

#[tokio::test(start_paused = true)]
async fn on_the_wire_a_cancelled_call() {
    on_the_wire(Way::Cancelled).await;
}

#[tokio::test(start_paused = true)]
async fn on_the_wire_a_call_past_its_deadline() {
    on_the_wire(Way::Late).await;
}

async fn in_process(way: Way) {
    every_poll(way, |log| {
        let client = Fake::default().client();
        watched(client.layer(on_end(log.hook("channel"))).boxed(), log)
    })
    .await;
}

/// The connection is not there when the call is made, and the answer takes a second.
async fn on_the_wire(way: Way) {
    every_poll(way, |log| {
        let network = Network::new();
        network.server("one").answer(Answer::After(Duration::from_secs(1)));
        let channel = Channel::builder("passthrough:///one").plaintext().connector(network);
        let channel = channel.layer(on_end(log.hook("channel"))).build().unwrap();
        watched(GreeterClient::new(channel).boxed(), log)
    })
    .await;
}

async fn every_poll(way: Way, client: impl Fn(&Log) -> Client) {
    for kind in KINDS {
        let mut ended_itself = false;
        for polls in 0..MOST_POLLS {
            let log = Log::default();
            let about = format!("{kind}, {way:?} after {polls} polls");
            ended_itself = one_call(&client(&log), kind, way, polls, &log, &about).await;
            if ended_itself {
                assert!(polls > 2, "{about}: there is something to interrupt");
                break;
            }
        }
        assert!(ended_itself, "{kind} ends within {MOST_POLLS} polls");
    }
}

/// Whether the call came to its own end within so many polls.
async fn one_call(
    client: &Client,
    kind: &str,
    way: Way,
    polls: usize,
    log: &Log,
    about: &str,
) -> bool {
    let handle = CancelHandle::new();
    let mut call = running(client, kind, &handle, log);
    let mut outcome = None;
    for poll in 0..polls {
        outcome = call.as_mut().now_or_never();
        if outcome.is_some() {
            break;
        }
        others_run(poll).await;
    }
    let ended_itself = outcome.is_some();
    match (outcome, way) {
        (Some(outcome), _) => outcome.unwrap(),
        (None, Way::Dropped) => drop(call),
        (None, Way::Cancelled) => {
            handle.cancel();
            let status = call.await.unwrap_err();
            assert_eq!(status.code(), Code::Cancelled, "{about}");
        }
        (None, Way::Late) => {
            tokio::time::advance(LIMIT * 2).await;
            // What has arrived by then may still be read.
            if let Err(status) = call.await {
                assert_eq!(status.code(), Code::DeadlineExceeded, "{about}");
            }
        }
    }
    // Tasks that belong to the call end in their own time.
    tokio::time::sleep(Duration::from_millis(1)).await;
    // One that was gone before its first poll was no call to a layer.
    log.check(polls > 0 || way == Way::Late, ended_itself, about);
    ended_itself
}

/// Whatever is ready runs once; from time to time a second passes as well.
async fn others_run(poll: usize) {
    match poll % 8 {
        7 => tokio::time::sleep(Duration::from_secs(1)).await,
        _ => tokio::task::yield_now().await,
    }
}

/// The whole of a call of that kind, as one future.
fn running(client: &Client, kind: &str, handle: &CancelHandle, log: &Log) -> Running {
    fn described<M: Method>(
        call: Call<greeter::Boxed, M>,
        handle: &CancelHandle,
        log: &Log,
    ) -> Call<greeter::Boxed, M> {
        let ends = log.0.clone();
        call.timeout(LIMIT).cancel_on(handle).on_end(move |_| ends.push("call"))
    }
    match kind {
        "SayHello" => {
            let call = described(client.say_hello(hello("slow")), handle, log);
            Box::pin(async move { call.await.map(drop) })
        }
        "ListHellos" => {
            let call = described(client.list_hellos(hello("slow")), handle, log);
            Box::pin(async move { all(call.await?).await.map(drop) })
        }
        "CollectHellos" => {
            let call = described(client.collect_hellos(hellos(&["Ada", "Bob"])), handle, log);
            Box::pin(async move { call.await.map(drop) })
        }
        _ => {
            let call = described(client.chat_hellos(hellos(&["Ada", "slow"])), handle, log);
            Box::pin(async move { all(call.await?).await.map(drop) })
        }
    }
}

/// From the outside in: a hook, a layer that takes its time, a function that hooks into the response, a hook.
fn watched(client: Client, log: &Log) -> Client {
    let (began, got, seen) = (log.0.clone(), log.0.clone(), log.0.clone());
    client
        .layer(on_end(log.hook("inner")))
        .layer(from_fn(move |request: Request<AnyMethod>, next: Next<AnyMethod>| {
            let (began, got, seen) = (began.clone(), got.clone(), seen.clone());
            async move {
                began.push("inner began");
                let response = next.invoke(request).await?;
                got.push("response began");
                Ok(response.on_end(move |_| seen.push("response")))
            }
        }))
        .layer(Intercept(Dawdle))
        .layer(on_end(log.hook("outer")))
        .boxed()
}

/// Waits before the call and after it.
#[derive(Clone)]
struct Dawdle;

impl<M: Method> Interceptor<M> for Dawdle {
    async fn intercept<S: Invoke<M>>(
        &self,
        request: Request<M>,
        next: S,
    ) -> Result<Response<M>, Status> {
        tokio::task::yield_now().await;
        let response = next.invoke(request).await;
        tokio::task::yield_now().await;
        response
    }
}

/// Who has told what.
#[derive(Clone, Default)]
struct Log(Ends);

impl Log {
    fn hook(
        &self,
        name: &'static str,
    ) -> impl Fn(&MethodDescriptor, Ended<'_>) + Clone + Send + Sync + use<> {
        let ends = self.0.clone();
        move |_, _| ends.push(name)
    }

    /// Each hook has heard once of what it was there for.
    fn check(&self, was_polled: bool, ended_itself: bool, about: &str) {
        let told = self.0.take();
        let count = |name: &str| told.iter().filter(|told| *told == name).count();
        let facts = format!("{about}: {told:?}");
        assert_eq!(count("call"), 1, "{facts}");
        assert_eq!(count("outer"), usize::from(was_polled), "{facts}");
        assert_eq!(count("inner"), count("inner began"), "{facts}");
        assert_eq!(count("channel"), count("inner began"), "{facts}");
        assert_eq!(count("response"), count("response began"), "{facts}");
        if ended_itself {
            assert_eq!((count("inner"), count("response")), (1, 1), "{facts}");
        }
    }
}

/// A layer that panics, before the call or after it.
#[tokio::test(start_paused = true)]
async fn a_panic_is_one_end_for_every_hook() {
    for (name, outer, inner) in [("before", "INTERNAL", None), ("after", "INTERNAL", Some("OK"))] {
        let (outside, inside) = (Ends::default(), Ends::default());
        let (first, last) = (outside.clone(), inside.clone());
        let client = Fake::default()
            .client()
            .layer(on_end(move |_, ended| last.push(ended.code().to_string())))
            .layer(Intercept(Panics(name)))
            .layer(on_end(move |_, ended| first.push(ended.code().to_string())));
        let of_call = outside.clone();
        let call = client.say_hello(hello("Ada"));
        let call = call.on_end(move |ended| of_call.push(ended.code().to_string()));
        assert_eq!(call.await.unwrap_err().code(), Code::Internal);
        assert_eq!(outside.take(), [outer, outer], "{name}");
        assert_eq!(inside.take(), Vec::from_iter(inner), "{name}");

        // A stream that has begun is let go with the layer that had it.
        let call = client.list_hellos(hello("Ada"));
        assert_eq!(call.await.unwrap_err().code(), Code::Internal);
        assert_eq!(outside.take(), [outer], "{name}");
        assert_eq!(inside.take(), Vec::from_iter(inner.map(|_| "CANCELLED")), "{name}");
    }
}

#[derive(Clone)]
struct Panics(&'static str);

impl<M: Method> Interceptor<M> for Panics {
    async fn intercept<S: Invoke<M>>(
        &self,
        request: Request<M>,
        next: S,
    ) -> Result<Response<M>, Status> {
        assert!(self.0 != "before", "before the call");
        let response = next.invoke(request).await?;
        assert!(self.0 != "after", "after the call");
        Ok(response)
    }
}
