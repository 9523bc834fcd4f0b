//! Functions that the attribute makes layers of: which calls they see, what they hold, and what they allow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use grpc_runtime::layer::only;
use grpc_runtime::{Code, Invoke, Method, Request, Response, Status, interceptor};
use tower::ServiceBuilder;

use crate::greeter::{Ends, Fake, GreeterClient, all, greeter, hello, hellos, said, spy};

/// Says for whom each call is made.
#[interceptor]
async fn tenant<M: Method>(
    name: &str,
    mut request: Request<M>,
    next: impl Invoke<M>,
) -> Result<Response<M>, Status> {
    request.metadata_mut().insert("x-tenant", name)?;
    next.invoke(request).await
}

/// Counts calls by a step.
#[interceptor]
async fn count<M: Method>(
    calls: &AtomicUsize,
    mut step: usize,
    request: Request<M>,
    next: impl Invoke<M>,
) -> Result<Response<M>, Status> {
    step *= 2;
    calls.fetch_add(step, Ordering::Relaxed);
    next.invoke(request).await
}

/// Asks again where nobody is there.
#[interceptor(name = AskAgain)]
async fn again(
    request: Request<greeter::SayHello>,
    next: impl Invoke<greeter::SayHello>,
) -> Result<Response<greeter::SayHello>, Status> {
    assert!(!request.message().name.is_empty(), "nobody is asked for");
    match next.clone().invoke(request).await {
        Err(status) if status.code() == Code::NotFound => {
            next.invoke(Request::new(hello("Bob"))).await
        }
        answer => answer,
    }
}

#[tokio::test]
async fn all_methods_of_every_kind_and_what_calls_share() {
    let (seen, calls) = (Ends::default(), Arc::new(AtomicUsize::new(0)));
    let client = Fake::default().client().layer(spy(&seen)).layer(Tenant::new("blue"));
    let client =
        client.layer(Count::new(Arc::clone(&calls), 1)).layer(Count::new(calls.clone(), 10));
    said(&client, "Ada").await.unwrap();
    all(client.list_hellos(hello("Ada")).await.unwrap()).await.unwrap();
    client.collect_hellos(hellos(&["Ada"])).await.unwrap();
    all(client.chat_hellos(hellos(&["Ada"])).await.unwrap()).await.unwrap();
    assert_eq!(seen.take(), [r#"["blue"] None"#; 4]);
    assert_eq!(calls.load(Ordering::Relaxed), 4 * 22);
}

#[tokio::test]
async fn one_method_with_its_messages() {
    let layers = ServiceBuilder::new().layer(only::<greeter::SayHello, _>(AskAgain));
    let client: GreeterClient<greeter::Boxed> = Fake::default().client().layer(layers).boxed();
    assert_eq!(said(&client, "missing").await.unwrap(), "Hello, Bob!");
    assert_eq!(said(&client, "fail").await.unwrap_err().code(), Code::Unavailable);
    assert!(client.list_hellos(hello("missing")).await.is_err());
}

#[tokio::test]
async fn one_that_panics_fails_its_call() {
    let client = Fake::default().client().layer(only::<greeter::SayHello, _>(AskAgain));
    let status = said(&client, "").await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("nobody is asked for"), "{status}");
    assert_eq!(said(&client, "Ada").await.unwrap(), "Hello, Ada!");
}

#[tokio::test]
async fn the_function_is_still_one() {
    let next = Fake::default().client().layer(Tenant::new(String::from("blue")));
    let client = GreeterClient::with_service(tower::service_fn(move |request| {
        let next = grpc_runtime::InProcess::new(next.clone());
        again(request, next)
    }));
    assert_eq!(client.say_hello(hello("missing")).await.unwrap().message, "Hello, Bob!");
}
