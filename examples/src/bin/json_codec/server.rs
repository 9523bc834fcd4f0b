//! A shop, as a tonic service with a codec for JSON. tonic has no generator for such, so it is put together here.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, Iter};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService};
use tonic::{Request, Response, Status};
use tower::service_fn;

use crate::orders::{Order, Progress, Quote};

/// Sells apples.
#[derive(Clone)]
pub(crate) struct Shop;

impl NamedService for Shop {
    const NAME: &'static str = "shop.Orders";
}

impl Service<http::Request<Body>> for Shop {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            Ok(match request.uri().path() {
                "/shop.Orders/Price" => {
                    Grpc::new(JsonCodec::default()).unary(service_fn(price), request).await
                }
                "/shop.Orders/Follow" => {
                    let follow = service_fn(follow);
                    Grpc::new(JsonCodec::default()).server_streaming(follow, request).await
                }
                path => Status::unimplemented(format!("no such method: {path}")).into_http(),
            })
        })
    }
}

async fn price(request: Request<Order>) -> Result<Response<Quote>, Status> {
    let Order { item, quantity } = request.into_inner();
    if item != "apple" {
        return Err(Status::not_found(format!("we have apples, and no {item}")));
    }
    let (per_piece, discount) = match quantity {
        0..12 => (25, None),
        12.. => (20, Some("by the dozen".to_owned())),
    };
    Ok(Response::new(Quote { cents: per_piece * u64::from(quantity), discount }))
}

type Events = Iter<std::vec::IntoIter<Result<Progress, Status>>>;

async fn follow(request: Request<Order>) -> Result<Response<Events>, Status> {
    let boxes = request.into_inner().quantity.div_ceil(10);
    let events = vec![
        Ok(Progress::Packed { boxes }),
        Ok(Progress::Shipped { carrier: "a donkey".to_owned() }),
        Ok(Progress::Delivered),
    ];
    Ok(Response::new(stream::iter(events)))
}

/// JSON for tonic: it reads `T` and writes `U`.
struct JsonCodec<T, U>(PhantomData<fn(T) -> U>);

impl<T, U> Default for JsonCodec<T, U> {
    fn default() -> Self {
        JsonCodec(PhantomData)
    }
}

impl<T, U> Codec for JsonCodec<T, U>
where
    T: DeserializeOwned + Send + 'static,
    U: Serialize + Send + 'static,
{
    type Encode = U;
    type Decode = T;
    type Encoder = JsonCodec<T, U>;
    type Decoder = JsonCodec<T, U>;

    fn encoder(&mut self) -> Self::Encoder {
        JsonCodec::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        JsonCodec::default()
    }
}

impl<T, U: Serialize> Encoder for JsonCodec<T, U> {
    type Item = U;
    type Error = Status;

    fn encode(&mut self, item: U, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        use bytes::BufMut as _;
        serde_json::to_writer(buffer.writer(), &item).map_err(internal)
    }
}

impl<T: DeserializeOwned, U> Decoder for JsonCodec<T, U> {
    type Item = T;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<T>, Status> {
        use bytes::Buf as _;
        serde_json::from_reader(buffer.reader()).map(Some).map_err(internal)
    }
}

fn internal(error: serde_json::Error) -> Status {
    Status::internal(error.to_string())
}
