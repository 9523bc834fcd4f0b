//! A greeter that sends metadata back and refuses with details.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use examples::helloworld::{HelloReply, HelloRequest};
use examples::stubs::helloworld::greeter_server::Greeter;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, Stream};
use grpc_runtime::RpcStatus;
use http_body_util::BodyExt as _;
use prost::Message as _;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{self, HeaderValue};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::details::{BadRequest, ErrorInfo, FieldViolation, RetryInfo};

/// Greets whoever has a name, when it has time.
pub(crate) struct Strict;

#[tonic::async_trait]
impl Greeter for Strict {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let mut echo = MetadataMap::new();
        if let Some(id) = request.metadata().get("x-request-id") {
            echo.insert("x-request-id", id.clone());
        }
        if let Some(signature) = request.metadata().get_bin("signature-bin") {
            echo.insert_bin("signature-bin", signature.clone());
        }
        let message = match request.into_inner().name.as_str() {
            "" => return Err(nameless(echo)),
            "Rush" => return Err(busy(echo)),
            name => format!("Hello, {name}!"),
        };
        let mut response = Response::new(HelloReply { message });
        *response.metadata_mut() = echo;
        Ok(response)
    }

    type ListHellosStream = Nothing;

    async fn list_hellos(
        &self,
        _: Request<HelloRequest>,
    ) -> Result<Response<Self::ListHellosStream>, Status> {
        Err(Status::unimplemented("this greeter only says hello"))
    }

    async fn collect_hellos(
        &self,
        _: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloReply>, Status> {
        Err(Status::unimplemented("this greeter only says hello"))
    }

    type ChatHellosStream = Nothing;

    async fn chat_hellos(
        &self,
        _: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Self::ChatHellosStream>, Status> {
        Err(Status::unimplemented("this greeter only says hello"))
    }
}

type Nothing = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

/// Says what is wrong twice: which field, for a form, and a reason, for a program.
fn nameless(echo: MetadataMap) -> Status {
    let field = FieldViolation { field: "name".into(), description: "must not be empty".into() };
    let info = ErrorInfo {
        reason: "NAME_MISSING".into(),
        domain: "greeter.example".into(),
        metadata: [("longest".to_owned(), "40".to_owned())].into(),
    };
    let details = RpcStatus::default()
        .with_detail(&BadRequest { field_violations: vec![field] })
        .with_detail(&info);
    refusal(Code::InvalidArgument, "whom am I to greet?", details, echo)
}

/// Says when to come back.
fn busy(echo: MetadataMap) -> Status {
    let delay = prost_types::Duration { seconds: 0, nanos: 250_000_000 };
    let details = RpcStatus::default().with_detail(&RetryInfo { retry_delay: Some(delay) });
    refusal(Code::Unavailable, "too many people at the door", details, echo)
}

fn refusal(code: Code, message: &str, details: RpcStatus, echo: MetadataMap) -> Status {
    let details = RpcStatus { code: code as i32, message: message.to_owned(), ..details };
    Status::with_details_and_metadata(code, message, details.encode_to_vec().into(), echo)
}

/// Adds a trailer to every answer, after its messages, which tonic's own services cannot.
#[derive(Clone)]
pub(crate) struct WithCost<S>(pub(crate) S);

impl<S> Service<http::Request<Body>> for WithCost<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let response = self.0.call(request);
        response.map(|answer| answer.map(|answer| answer.map(with_cost))).boxed()
    }
}

fn with_cost(body: Body) -> Body {
    Body::new(body.map_frame(|mut frame| {
        if let Some(trailers) = frame.trailers_mut() {
            trailers.insert("x-cost", HeaderValue::from_static("3"));
        }
        frame
    }))
}
