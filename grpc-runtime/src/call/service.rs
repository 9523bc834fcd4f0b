//! Where a typed call meets the channel: encode, hand over the bytes, decode.

use std::future::{Future, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tower_service::Service;

use crate::call::channel_calls::{ChannelCalls, carry, framed_already};
use crate::call::kind::Kind;
use crate::call::method::Method;
use crate::call::request::Request;
use crate::call::response::Response;
use crate::channel::Channel;
use crate::codec::Codec;
use crate::engine::{Engine, Incoming, NotStarted, Outgoing, RequestBody, Waiting};
use crate::status::Status;

/// A boxed call: the one allocation a call costs beyond its messages and its HTTP/2 stream.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<M: Method> Service<Request<M>> for Channel {
    type Response = Response<M>;
    type Error = Status;
    type Future = BoxFuture<Result<Response<M>, Status>>;

    /// Always ready: a call waits for its connection itself, under its own deadline.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        if let Some(calls) = self.layered::<ChannelCalls>() {
            return carry(calls, request);
        }
        let (message, method, mut options) = request.into_parts();
        let content_type = options.encoded_as().unwrap_or(M::Codec::CONTENT_TYPE);
        let engine = self.engine();
        // One snapshot for all that follows, and one lookup of the method in it.
        let snapshot = engine.published().load();
        let view = snapshot.view(&method);
        let framing = engine.framing(view, &method, &options);
        // Encoded and, where a connection is ready, on its way before the future exists: that holds neither the
        // message nor the options, and stays small.
        let body = match framed_already(&mut options, &message, &framing) {
            Some(framed) => RequestBody::Message(framed),
            None => match <M::Kind as Kind<_, _>>::encode::<M::Codec>(message, framing) {
                Ok(body) => body,
                Err(status) => return Box::pin(ready(Err(status))),
            },
        };
        match engine.try_start(view, Outgoing { method, content_type, options, body }) {
            Ok(incoming) => Box::pin(Receiving::<M>::new(incoming)),
            Err(NotStarted::Failed(status)) => Box::pin(ready(Err(status))),
            Err(NotStarted::Waits(waiting)) => {
                let start = start(engine.clone(), waiting);
                Box::pin(Starting::<M>::Waits { start })
            }
        }
    }
}

/// A call whose request is under way.
struct Receiving<M> {
    incoming: Option<Incoming>,
    method: PhantomData<fn() -> M>,
}

/// In a box of its own, whose type has no method: what it is made of is compiled once.
fn start(engine: Engine, waiting: Box<Waiting>) -> BoxFuture<Result<Incoming, Status>> {
    Box::pin(async move { engine.start(waiting).await })
}

/// A call that waits for a connection first. Many may do so, hence not an `async` block: that would keep room for both
/// ends of it at a time.
enum Starting<M> {
    Waits { start: BoxFuture<Result<Incoming, Status>> },
    Started { receiving: Box<Receiving<M>> },
}

impl<M: Method> Future for Starting<M> {
    type Output = Result<Response<M>, Status>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut *self {
                Self::Waits { start } => {
                    let incoming = ready!(start.as_mut().poll(context))?;
                    let receiving = Box::new(Receiving::new(incoming));
                    *self = Self::Started { receiving };
                }
                Self::Started { receiving } => return Pin::new(receiving.as_mut()).poll(context),
            }
        }
    }
}

impl<M> Receiving<M> {
    fn new(incoming: Incoming) -> Self {
        Self { incoming: Some(incoming), method: PhantomData }
    }
}

impl<M: Method> Future for Receiving<M> {
    type Output = Result<Response<M>, Status>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        <M::Kind as Kind<_, _>>::poll_receive::<M::Codec>(&mut self.incoming, context)
            .map_ok(|(message, reply)| Response::from_parts(message, reply))
    }
}
