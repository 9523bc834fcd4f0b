//! A layer that panics fails its call and leaves the client usable.

use grpc_runtime::layer::{CatchPanic, Next, from_fn};
use grpc_runtime::{
    AnyMethod, Code, Intercept, Interceptor, Invoke, Method, Request, Response, Status,
};
use tower::util::MapRequestLayer;

use crate::greeter::{Fake, greeter, said};

fn check_name(request: &Request<greeter::SayHello>) {
    assert!(request.message().name != "panic", "that name again");
}

#[derive(Clone)]
struct Panics;

impl<M: Method> Interceptor<M> for Panics {
    async fn intercept<S: Invoke<M>>(
        &self,
        request: Request<M>,
        next: S,
    ) -> Result<Response<M>, Status> {
        assert!(!request.metadata().contains_key("x-tenant"), "an unexpected tenant");
        next.invoke(request).await
    }
}

#[tokio::test]
async fn an_interceptor_that_panics_fails_its_call() {
    let greeter = Fake::default().client().layer(Intercept(Panics));
    let call = greeter.say_hello(crate::greeter::hello("Ada")).metadata("x-tenant", "a").unwrap();
    let status = call.await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("an unexpected tenant"), "{status}");
    said(&greeter, "Ada").await.unwrap();
}

#[tokio::test]
async fn a_function_that_panics_fails_its_call() {
    let greeter = Fake::default()
        .client()
        .layer(from_fn(|request: Request<greeter::SayHello>, next: Next<greeter::SayHello>| {
            // Before there is a future.
            check_name(&request);
            next.invoke(request)
        }))
        .layer(from_fn(|request: Request<AnyMethod>, next: Next<AnyMethod>| next.invoke(request)));
    let status = said(&greeter, "panic").await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("panicked: that name again"), "{status}");
    said(&greeter, "Ada").await.unwrap();
}

#[tokio::test]
async fn a_layer_of_another_make_that_panics_is_caught_by_one_above() {
    let map = MapRequestLayer::new(|request: Request<greeter::SayHello>| {
        check_name(&request);
        request
    });
    let layers = tower::ServiceBuilder::new().layer(CatchPanic).layer(map);
    let greeter =
        Fake::default().client().layer(grpc_runtime::layer::only::<greeter::SayHello, _>(layers));
    assert_eq!(said(&greeter, "panic").await.unwrap_err().code(), Code::Internal);
    said(&greeter, "Ada").await.unwrap();
}
