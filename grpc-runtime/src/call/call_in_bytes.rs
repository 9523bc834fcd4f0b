//! [`InBytes`]: a call on its channel, whatever its method: below the codec there are but bytes.
//!
//! Nothing here is generic, because a program has one call for each method and this once. Who encodes and decodes is
//! [`Kind`](super::Kind); who carries the bytes is the engine, or the layers of the channel first.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::call::dynamic::DynamicMethod;
use crate::call::invoke_future::InvokeFuture;
use crate::call::kind::{Bidi, ClientStreaming, ServerStreaming, Unary};
use crate::call::outbound::Outbound;
use crate::call::response::Response;
use crate::call::service::BoxFuture;
use crate::call::streaming::Streaming;
use crate::codec::Framing;
use crate::engine::{Incoming, RequestBody, SingleReply};
use crate::status::Status;

/// What a request is encoded for.
#[derive(Debug)]
pub enum BoundFor {
    /// A connection.
    Wire(Framing),
    /// The layers of the channel. What is still to be done to the messages is done behind those.
    Layers,
}

impl BoundFor {
    pub(super) fn framing(self) -> Framing {
        match self {
            Self::Wire(framing) => framing,
            Self::Layers => Framing { max_bytes: usize::MAX, compression: None },
        }
    }
}

/// An encoded request.
#[derive(Debug)]
pub enum EncodedRequest {
    /// As the engine takes it.
    Body(RequestBody),
    /// Of a stream that goes to the layers of the channel first.
    Messages(Outbound<Bytes>),
}

/// A call on its channel. A trait, since the type of it is none of the business of the types of calls: the compiler would
/// look through all that it is made of whenever it has to know that a call can be sent between threads.
pub trait CallInBytes: Send {
    /// Waits for the only message of the response, and for the end of the call.
    fn poll_single(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(Bytes, SingleReply), Status>>;

    /// Waits until the request is under way.
    fn poll_stream(&mut self, context: &mut Context<'_>) -> Poll<Result<StreamInBytes, Status>>;
}

/// The responses of a call.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every call is the large one")]
pub enum StreamInBytes {
    /// From a connection.
    Wire(Incoming),
    /// From the layers of the channel.
    Layers(Streaming<Bytes>),
}

#[expect(clippy::large_enum_variant, reason = "nearly every call is the large one")]
pub(super) enum InBytes {
    /// The request is under way.
    Receives(Incoming),
    /// Through the layers of the channel.
    Unary(InvokeFuture<DynamicMethod<Unary>>),
    ServerStreaming(InvokeFuture<DynamicMethod<ServerStreaming>>),
    ClientStreaming(InvokeFuture<DynamicMethod<ClientStreaming>>),
    Bidi(InvokeFuture<DynamicMethod<Bidi>>),
    Failed(Status),
    /// The outcome was told.
    Over,
}

impl CallInBytes for InBytes {
    fn poll_single(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(Bytes, SingleReply), Status>> {
        let single = match self {
            Self::Receives(incoming) => ready!(incoming.poll_single(context)),
            Self::Unary(call) => ready!(Pin::new(call).poll(context)).map(Response::into_parts),
            Self::ClientStreaming(call) => {
                ready!(Pin::new(call).poll(context)).map(Response::into_parts)
            }
            _ => Err(self.failure()),
        };
        // What the call held is let go before the message is handed out.
        *self = Self::Over;
        Poll::Ready(single)
    }

    fn poll_stream(&mut self, context: &mut Context<'_>) -> Poll<Result<StreamInBytes, Status>> {
        Poll::Ready(match self {
            Self::Receives(_) => match std::mem::replace(self, Self::Over) {
                Self::Receives(incoming) => Ok(StreamInBytes::Wire(incoming)),
                _ => unreachable!("it was just looked at"),
            },
            Self::ServerStreaming(call) => ready!(Pin::new(call).poll(context))
                .map(|response| StreamInBytes::Layers(response.into_message())),
            Self::Bidi(call) => ready!(Pin::new(call).poll(context))
                .map(|response| StreamInBytes::Layers(response.into_message())),
            _ => Err(self.failure()),
        })
    }
}

impl InBytes {
    fn failure(&mut self) -> Status {
        match std::mem::replace(self, Self::Over) {
            Self::Failed(status) => status,
            _ => {
                unreachable!("a call is received as what it is, and not polled again after its end")
            }
        }
    }
}

/// A call that waits first, for a connection, say. Many may do so at a time, hence without room for what comes then.
pub(super) enum Waiting {
    Starts(BoxFuture<Result<Incoming, Status>>),
    Started(Box<InBytes>),
}

impl Waiting {
    fn poll_started(&mut self, context: &mut Context<'_>) -> Poll<&mut InBytes> {
        if let Self::Starts(start) = self {
            *self = Self::Started(Box::new(match ready!(start.as_mut().poll(context)) {
                Ok(incoming) => InBytes::Receives(incoming),
                Err(status) => InBytes::Failed(status),
            }));
        }
        match self {
            Self::Started(call) => Poll::Ready(call),
            Self::Starts(_) => unreachable!("it has started"),
        }
    }
}

impl CallInBytes for Waiting {
    fn poll_single(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(Bytes, SingleReply), Status>> {
        ready!(self.poll_started(context)).poll_single(context)
    }

    fn poll_stream(&mut self, context: &mut Context<'_>) -> Poll<Result<StreamInBytes, Status>> {
        ready!(self.poll_started(context)).poll_stream(context)
    }
}
