//! Contexts through a service of the test's own, which tells what options arrive; in virtual time.

use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::oneshot;
use tower::service_fn;

use super::*;
use crate::call::DynamicMethod;
use crate::call::{Call, Request, Response, Unary};
use crate::status::{Code, Status};

type One = DynamicMethod<Unary>;

/// A call that ends at once, changed by `change`: its deadline and its metadata as they went out.
async fn made(change: impl FnOnce(&mut CallOptions)) -> Result<CallOptions, Status> {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let service = service_fn(move |request: Request<One>| {
        tell.send(request.options().clone()).unwrap();
        async { Ok::<_, Status>(Response::<One>::new(Bytes::new())) }
    });
    let mut call = Call::<_, One>::new(service, Bytes::new());
    change(call.request_mut().options_mut());
    call.await?;
    Ok(told.recv().await.unwrap())
}

/// What of its time a call has left.
async fn left(change: impl FnOnce(&mut CallOptions)) -> Option<Duration> {
    let options = made(change).await.unwrap();
    let deadline = options.deadline_from(None, rt::now).unwrap();
    deadline.map(|deadline| deadline - rt::now())
}

/// Runs a future in a task of its own; gone without a word when it panics.
fn spawned<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> oneshot::Receiver<T> {
    let (tell, told) = oneshot::channel();
    rt::spawn_detached(async move { drop(tell.send(future.await)) });
    told
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn headers<const N: usize>(entries: [(&'static str, &'static str); N]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in entries {
        headers.append(name, HeaderValue::from_static(value));
    }
    headers
}

#[tokio::test(start_paused = true)]
async fn the_earliest_deadline_counts() {
    assert_eq!(left(|_| ()).await, None);
    let context = CallContext::new().with_timeout(seconds(5)).with_timeout(seconds(9));
    context
        .scope(async {
            assert_eq!(left(|_| ()).await, Some(seconds(5)));
            assert_eq!(left(|options| options.set_timeout(seconds(3))).await, Some(seconds(3)));
            assert_eq!(left(|options| options.set_timeout(seconds(7))).await, Some(seconds(5)));
            assert_eq!(left(|options| options.set_timeout(Duration::MAX)).await, Some(seconds(5)));
            // Time that passes in the scope is gone.
            tokio::time::advance(seconds(1)).await;
            assert_eq!(left(|_| ()).await, Some(seconds(4)));
            let inner = CallContext::new().with_timeout(seconds(2));
            assert_eq!(inner.scope(left(|_| ())).await, Some(seconds(2)));
            let wider = CallContext::new().with_timeout(seconds(20));
            assert_eq!(wider.scope(left(|_| ())).await, Some(seconds(4)));
            assert_eq!(left(|_| ()).await, Some(seconds(4)), "an inner scope is over");
            tokio::time::advance(seconds(4)).await;
            let options = made(|_| ()).await.unwrap();
            let late = options.deadline_from(None, rt::now).unwrap_err();
            assert_eq!(late.code(), Code::DeadlineExceeded);
        })
        .await;
    assert_eq!(left(|_| ()).await, None);
    let endless = CallContext::new().with_timeout(Duration::MAX);
    assert_eq!(endless.scope(left(|_| ())).await, None);
}

#[tokio::test]
async fn metadata_is_passed_on_but_for_keys_that_are_set() {
    let outer = CallContext::new().with_metadata("x-tenant", "a").unwrap();
    let outer = outer.with_metadata("x-shard", "1").unwrap();
    let inner = CallContext::new().with_metadata("x-shard", "2").unwrap();
    let inner = inner.with_metadata_bin("x-id-bin", [7]).unwrap();
    let options = outer.scope(inner.scope(made(|options| {
        options.metadata.insert("x-tenant", "of the call").unwrap();
    })));
    let metadata = options.await.unwrap().metadata;
    assert_eq!(metadata.get_all("x-tenant").collect::<Vec<_>>(), ["of the call"]);
    assert_eq!(metadata.get_all("x-shard").collect::<Vec<_>>(), ["2"]);
    assert_eq!(metadata.get_bin("x-id-bin").unwrap(), [7][..]);
    assert!(made(|_| ()).await.unwrap().metadata.is_empty());
}

#[tokio::test]
async fn every_handle_of_every_scope_cancels() {
    for cancelled in 0..2 {
        let handles = [CancelHandle::new(), CancelHandle::new()];
        let [outer, inner] =
            handles.clone().map(|handle| CallContext::new().with_cancellation(handle));
        let call = outer.scope(inner.scope(made(|_| ())));
        handles[cancelled].cancel();
        assert_eq!(call.await.unwrap_err().code(), Code::Cancelled);
    }
}

#[tokio::test]
async fn a_context_is_the_tasks_and_can_be_handed_on() {
    let context = CallContext::new().with_metadata("x-tenant", "a").unwrap();
    context
        .scope(async {
            let alone = spawned(made(|_| ())).await.unwrap().unwrap();
            assert!(alone.metadata.is_empty());
            let handed_on = CallContext::current().scope(made(|_| ()));
            let options = spawned(handed_on).await.unwrap().unwrap();
            assert_eq!(options.metadata.get("x-tenant"), Some("a"));
        })
        .await;
    assert!(CallContext::current().metadata().is_empty());
}

#[tokio::test]
async fn a_call_keeps_the_context_it_was_sent_in() {
    let context = CallContext::new().with_metadata("x-tenant", "a").unwrap();
    let (unsent,) = context.scope(async { (Box::pin(made(|_| ())),) }).await;
    assert!(unsent.await.unwrap().metadata.is_empty(), "not sent there");

    let service = service_fn(async |request: Request<One>| {
        let tenant = request.metadata().get("x-tenant").unwrap_or_default().to_owned();
        Ok::<_, Status>(Response::<One>::new(tenant.into()))
    });
    let context = CallContext::new().with_metadata("x-tenant", "a").unwrap();
    let work = async { (Call::<_, One>::new(service, Bytes::new()).send(),) };
    let (sent,) = context.scope(work).await;
    assert_eq!(sent.await.unwrap().into_message(), "a");
}

#[tokio::test(start_paused = true)]
async fn a_received_request_says_it_all() {
    let received = headers([
        ("grpc-timeout", "1500m"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
        ("authorization", "Bearer secret"),
        ("x-tenant", "a"),
        ("x-other", "b"),
        ("x-id-bin", "Bw"),
    ]);
    let context = CallContext::from_headers(&received);
    assert_eq!(context.deadline(), Some(rt::now() + Duration::from_millis(1500)));
    let mut keys: Vec<_> = context.metadata().keys().collect();
    keys.sort_unstable();
    assert_eq!(keys, ["traceparent", "tracestate"]);
    assert_eq!(context.metadata().get_all("tracestate").collect::<Vec<_>>(), ["a=1", "b=2"]);

    let chosen = ["x-tenant", "x-id-bin", "authorization", "x-missing"];
    let context = context.with_headers(&received, chosen).unwrap();
    let metadata = context.scope(made(|_| ())).await.unwrap().metadata;
    assert_eq!(metadata.get("x-tenant"), Some("a"));
    assert_eq!(metadata.get_bin("x-id-bin").unwrap(), [7][..]);
    assert_eq!(metadata.get("authorization"), Some("Bearer secret"));
    assert!(!format!("{metadata:?}").contains("secret"));
    assert!(!metadata.contains_key("x-missing") && !metadata.contains_key("x-other"));

    for key in ["grpc-timeout", "content-type", "no key"] {
        assert!(CallContext::new().with_headers(&received, [key]).is_err(), "{key}");
    }
    let malformed = headers([("grpc-timeout", "soon")]);
    assert_eq!(CallContext::from_headers(&malformed).deadline(), None);
}
