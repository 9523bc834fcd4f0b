//! Layers whose services are not what carries a call: another response, an error that says nothing, no `Clone`.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use grpc_runtime::{Channel, Request, Response, Status, grpc_client};
use tower_service::Service;

#[grpc_client]
pub trait Greet {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[derive(Clone)]
struct OtherResponse;

impl Service<Request<greet::Call>> for OtherResponse {
    type Response = String;
    type Error = Infallible;
    type Future = Ready<Result<String, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<greet::Call>) -> Self::Future {
        ready(Ok(String::new()))
    }
}

#[derive(Clone)]
struct NoError;

impl Service<Request<greet::Call>> for NoError {
    type Response = Response<greet::Call>;
    type Error = ();
    type Future = Ready<Result<Response<greet::Call>, ()>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<greet::Call>) -> Self::Future {
        ready(Err(()))
    }
}

struct NoClone;

impl Service<Request<greet::Call>> for NoClone {
    type Response = Response<greet::Call>;
    type Error = Status;
    type Future = Ready<Result<Response<greet::Call>, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<greet::Call>) -> Self::Future {
        ready(Err(Status::unavailable("closed")))
    }
}

struct Becomes<T>(T);

impl<S, T: Clone> tower_layer::Layer<S> for Becomes<T> {
    type Service = T;

    fn layer(&self, _: S) -> T {
        self.0.clone()
    }
}

struct BecomesNoClone;

impl<S> tower_layer::Layer<S> for BecomesNoClone {
    type Service = NoClone;

    fn layer(&self, _: S) -> NoClone {
        NoClone
    }
}

pub fn other_response(client: GreetClient<Channel>) {
    drop(client.layer(Becomes(OtherResponse)).call(()));
}

pub fn no_error(client: GreetClient<Channel>) {
    drop(client.layer(Becomes(NoError)).call(()));
}

pub fn no_clone(client: GreetClient<Channel>) {
    drop(client.layer(BecomesNoClone).call(()));
}

fn main() {}
