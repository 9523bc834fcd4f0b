//! Where a typed call meets the channel: encode, hand over the bytes, decode.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::call::call_in_bytes::{BoundFor, CallInBytes, EncodedRequest, InBytes, Waiting};
use crate::call::channel_calls::{ChannelCalls, framed_already};
use crate::call::invoke_future::InvokeFuture;
use crate::call::kind::Kind;
use crate::call::method::Method;
use crate::call::request::Request;
use crate::call::response::Response;
use crate::channel::Channel;
use crate::codec::Codec;
use crate::engine::{CallOptions, NotStarted, Outgoing, RequestBody};
use crate::method::{MethodKind, MethodRef};
use crate::status::Status;

/// A boxed call: the one allocation a call costs beyond its messages and its HTTP/2 stream.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<M: Method> Service<Request<M>> for Channel {
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    /// Always ready: a call waits for its connection itself, under its own deadline.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        let (message, method, options) = request.into_parts();
        let mut message = Some(message);
        let mut encode = |options: &mut CallOptions, bound_for: BoundFor| {
            let message = message.take().expect("a request is encoded once");
            match framed_already(options, &message, &bound_for) {
                Some(framed) => Ok(EncodedRequest::Body(RequestBody::Message(framed))),
                None => <M::Kind as Kind<_, _>>::encode::<M::Codec>(message, bound_for),
            }
        };
        let kind = <M::Kind as Kind<_, _>>::KIND;
        InvokeFuture::in_bytes(start(
            self,
            kind,
            method,
            options,
            M::Codec::CONTENT_TYPE,
            &mut encode,
        ))
    }
}

/// Not generic, because a program has one such call for each method.
fn start(
    channel: &Channel,
    kind: MethodKind,
    method: MethodRef,
    mut options: CallOptions,
    content_type: &'static str,
    encode: &mut dyn FnMut(&mut CallOptions, BoundFor) -> Result<EncodedRequest, Status>,
) -> Box<dyn CallInBytes> {
    if let Some(calls) = channel.layered::<ChannelCalls>() {
        options.set_encoded_as(content_type);
        let encoded = encode(&mut options, BoundFor::Layers);
        return Box::new(calls.carry(kind, method, options, encoded));
    }
    let content_type = options.encoded_as().unwrap_or(content_type);
    let engine = channel.engine();
    // One snapshot for all that follows, and one lookup of the method in it.
    let snapshot = engine.published().load();
    let view = snapshot.view(&method);
    let framing = engine.framing(view, &method, &options);
    // EncodedRequest and, where a connection is ready, on its way before the future exists: that holds neither the
    // message nor the options, and stays small.
    let body = match encode(&mut options, BoundFor::Wire(framing)) {
        Ok(EncodedRequest::Body(body)) => body,
        Ok(EncodedRequest::Messages(_)) => unreachable!("it was encoded for the wire"),
        Err(status) => return Box::new(InBytes::Failed(status)),
    };
    match engine.try_start(view, Outgoing { method, content_type, options, body }) {
        Ok(incoming) => Box::new(InBytes::Receives(incoming)),
        Err(NotStarted::Failed(status)) => Box::new(InBytes::Failed(status)),
        Err(NotStarted::Waits(waiting)) => {
            let engine = engine.clone();
            Box::new(Waiting::Starts(Box::pin(async move { engine.start(waiting).await })))
        }
    }
}
