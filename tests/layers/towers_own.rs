//! tower's own layers on a client: they fit, and their errors become the right status.

use std::future::{IntoFuture as _, Ready, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use grpc_runtime::layer::only;
use grpc_runtime::{Code, ForMethod, Request, Response, Status};
use tower::buffer::BufferLayer;
use tower::filter::FilterLayer;
use tower::limit::{ConcurrencyLimitLayer, RateLimitLayer};
use tower::load_shed::LoadShedLayer;
use tower::retry::{Policy, RetryLayer};
use tower::timeout::TimeoutLayer;
use tower::{BoxError, ServiceBuilder};

use crate::greeter::{Fake, GreeterClient, all, greeter, hello, said};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_timeout_is_deadline_exceeded() {
    let greeter = Fake::default().client().layer(TimeoutLayer::new(SECOND));
    assert_eq!(said(&greeter, "hang").await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(said(&greeter, "missing").await.unwrap_err().code(), Code::NotFound);
    all(greeter.list_hellos(hello("Ada")).await.unwrap()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shed_call_is_resource_exhausted() {
    let stack =
        ServiceBuilder::new().layer(LoadShedLayer::new()).layer(ConcurrencyLimitLayer::new(1));
    let greeter = Fake::default().client().layer(stack);
    let mut running = Box::pin(greeter.say_hello(hello("slow")).into_future());
    assert!(running.as_mut().now_or_never().is_none());
    assert_eq!(said(&greeter, "Ada").await.unwrap_err().code(), Code::ResourceExhausted);
    running.await.unwrap();
}

#[tokio::test]
async fn a_filter_keeps_its_status() {
    let filter = FilterLayer::new(|request: Request<greeter::SayHello>| {
        match request.message().name.is_empty() {
            true => Err(BoxError::from(Status::invalid_argument("nobody to greet"))),
            false => Ok(request),
        }
    });
    let greeter = Fake::default().client().layer(only::<greeter::SayHello, _>(filter));
    assert_eq!(said(&greeter, "Ada").await.unwrap(), "Hello, Ada!");
    let status = said(&greeter, "").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "nobody to greet"));
}

/// A limit of rate cannot be cloned, so it stands behind a buffer, which is for the requests of one method.
#[tokio::test(start_paused = true)]
async fn a_rate_limit_behind_a_buffer_delays() {
    let stack = ServiceBuilder::new()
        .layer(BufferLayer::<Request<greeter::SayHello>>::new(8))
        .layer(RateLimitLayer::new(1, SECOND));
    let boxed: GreeterClient<greeter::Boxed> =
        Fake::default().client().layer(only::<greeter::SayHello, _>(stack.clone())).boxed();
    let started = tokio::time::Instant::now();
    for _ in 0..3 {
        said(&boxed, "Ada").await.unwrap();
    }
    assert_eq!(started.elapsed().as_secs(), 2);
    assert_eq!(said(&boxed, "missing").await.unwrap_err().code(), Code::NotFound);

    let boxed = Fake::default().client().boxed();
    let greeter = boxed.layer(ForMethod::<greeter::SayHello, _>::new(stack));
    said(&greeter, "Ada").await.unwrap();
}

/// Again after UNAVAILABLE, twice, with the typed request.
#[derive(Clone)]
struct Twice(usize);

impl Policy<Request<greeter::SayHello>, Response<greeter::SayHello>, Status> for Twice {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        request: &mut Request<greeter::SayHello>,
        outcome: &mut Result<Response<greeter::SayHello>, Status>,
    ) -> Option<Ready<()>> {
        let failed = outcome.as_ref().is_err_and(|status| status.code() == Code::Unavailable);
        (failed && self.0 > 0).then(|| {
            self.0 -= 1;
            request.message_mut().name.push('!');
            ready(())
        })
    }

    fn clone_request(
        &mut self,
        request: &Request<greeter::SayHello>,
    ) -> Option<Request<greeter::SayHello>> {
        Some(request.clone())
    }
}

#[tokio::test]
async fn towers_retry_takes_a_typed_policy() {
    let fake = Fake::default();
    let greeter = fake.client().layer(only::<greeter::SayHello, _>(RetryLayer::new(Twice(2))));
    assert_eq!(said(&greeter, "fail").await.unwrap(), "Hello, fail!!");
    assert_eq!(fake.seen(), ["fail", "fail!"]);
}
