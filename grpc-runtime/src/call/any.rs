//! [`AnyMethod`]: stands for every method where code cannot be generic, as a closure cannot. The messages of the
//! call travel in a box.
//!
//! Not for the wire: a channel is never asked for it. Who puts calls into it takes them out again
//! ([`from_fn`](crate::layer::from_fn()) does).

use std::any::Any;
use std::fmt;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;

use crate::call::call_in_bytes::{BoundFor, CallInBytes, EncodedRequest};
use crate::call::ended::{EndHook, Ended};
use crate::call::kind::{Kind, Script, sealed};
use crate::call::method::{In, Method, Out};
use crate::call::request::Request;
use crate::call::response::Response;
use crate::call::send::Watch;
use crate::call::service::BoxFuture;
use crate::codec::{Codec, Decode, DecodeError, Encode, EncodeError};
use crate::engine::{CallEnd, SingleReply};
use crate::method::{MethodDescriptor, MethodKind};
use crate::status::Status;

/// Stands for whichever method is called, in a function that is for all of them: see
/// [`layer::from_fn`](crate::layer::from_fn()).
///
/// [`Request::method`] tells which it is. Options and metadata are there as ever; messages are in
/// [`AnyRequest`] and [`AnyResponse`].
#[derive(Debug)]
pub enum AnyMethod {}

impl Method for AnyMethod {
    type Request = AnyRequest;
    type Response = AnyResponse;
    type Kind = AnyKind;
    type Codec = NeverOnTheWire;
    type Error = Status;
    const DESCRIPTOR: &'static MethodDescriptor =
        &MethodDescriptor::new("/any/method", MethodKind::Bidi);
}

/// The kind of [`AnyMethod`]; the kind of the call itself is in [`Request::method`].
#[derive(Debug)]
pub enum AnyKind {}

impl sealed::Sealed for AnyKind {}

/// What a call sends, of whatever type: the message itself, or an [`Outbound`](crate::Outbound) of them.
pub struct AnyRequest(Box<dyn Any + Send>);

impl AnyRequest {
    /// What is sent, if it is a `T`.
    pub fn downcast_ref<T: 'static>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }

    /// What is sent, to change, if it is a `T`.
    pub fn downcast_mut<T: 'static>(&mut self) -> Option<&mut T> {
        self.0.downcast_mut()
    }
}

impl fmt::Debug for AnyRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AnyRequest").finish_non_exhaustive()
    }
}

/// What a call gives back, of whatever type: the message itself, or a [`Streaming`](crate::Streaming) of them.
pub struct AnyResponse(Box<dyn Inside>);

impl AnyResponse {
    /// What came back, if it is a `T`.
    pub fn downcast_ref<T: 'static>(&self) -> Option<&T> {
        self.0.as_any().downcast_ref()
    }

    /// What came back, to change, if it is a `T`.
    pub fn downcast_mut<T: 'static>(&mut self) -> Option<&mut T> {
        self.0.as_any_mut().downcast_mut()
    }
}

impl fmt::Debug for AnyResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AnyResponse").finish_non_exhaustive()
    }
}

/// A response that still knows of which kind it is.
trait Inside: Send {
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
    fn on_end(
        self: Box<Self>,
        reply: &SingleReply,
        hook: Box<dyn FnOnce(Ended<'_>) + Send>,
    ) -> Box<dyn Inside>;
    fn bound_by(self: Box<Self>, deadline: Instant) -> Box<dyn Inside>;
    fn watched(self: Box<Self>, reply: &SingleReply, watch: &mut Watch) -> Box<dyn Inside>;
}

struct Typed<M: Method>(In<M>);

impl<M: Method> Inside for Typed<M> {
    fn as_any(&self) -> &dyn Any {
        &self.0
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }

    fn on_end(
        self: Box<Self>,
        reply: &SingleReply,
        hook: Box<dyn FnOnce(Ended<'_>) + Send>,
    ) -> Box<dyn Inside> {
        Box::new(Self(M::Kind::on_end(self.0, reply, hook)))
    }

    fn bound_by(self: Box<Self>, deadline: Instant) -> Box<dyn Inside> {
        Box::new(Self(M::Kind::bound_by(self.0, deadline)))
    }

    fn watched(self: Box<Self>, reply: &SingleReply, watch: &mut Watch) -> Box<dyn Inside> {
        Box::new(Self(M::Kind::watched(self.0, reply, watch)))
    }
}

impl Request<AnyMethod> {
    /// Puts a call in.
    pub(crate) fn erased<M: Method>(request: Request<M>) -> Self {
        let (message, method, options) = request.into_parts();
        Self::from_parts(AnyRequest(Box::new(message)), method, options)
    }

    /// Takes it out again.
    ///
    /// # Errors
    /// INTERNAL when it is a call of a method with other messages.
    pub(crate) fn restored<M: Method>(self) -> Result<Request<M>, Status> {
        let (message, method, options) = self.into_parts();
        let message: Box<Out<M>> = message.0.downcast().map_err(|_other| mixed_up("request"))?;
        Ok(Request::from_parts(*message, method, options))
    }
}

impl Response<AnyMethod> {
    /// Puts a response in.
    pub(crate) fn erased<M: Method>(response: Response<M>) -> Self {
        let (message, reply) = response.into_parts();
        Self::from_parts(AnyResponse(Box::new(Typed::<M>(message))), reply)
    }

    /// Takes it out again.
    ///
    /// # Errors
    /// INTERNAL when it answers a call of another method.
    pub(crate) fn restored<M: Method>(self) -> Result<Response<M>, Status> {
        let (message, reply) = self.into_parts();
        let typed = message.0.into_any().downcast::<Typed<M>>();
        let Typed(message) = *typed.map_err(|_other| mixed_up("response"))?;
        Ok(Response::from_parts(message, reply))
    }
}

fn mixed_up(what: &str) -> Status {
    Status::internal(format!("a function for all methods passed on the {what} of another call"))
}

impl Kind<AnyRequest, AnyResponse> for AnyKind {
    type Out = AnyRequest;
    type In = AnyResponse;
    const KIND: MethodKind = MethodKind::Bidi;

    fn encode<C: Encode<AnyRequest>>(_: AnyRequest, _: BoundFor) -> Result<EncodedRequest, Status> {
        Err(Status::internal(NOT_SENT))
    }

    fn poll_receive<C: Decode<AnyResponse>>(
        _: &mut dyn CallInBytes,
        _: &mut Context<'_>,
    ) -> Poll<Result<(AnyResponse, SingleReply), Status>> {
        Poll::Ready(Err(Status::internal(NOT_SENT)))
    }

    fn bound_by(message: AnyResponse, deadline: Instant) -> AnyResponse {
        AnyResponse(message.0.bound_by(deadline))
    }

    fn watched(message: AnyResponse, reply: &SingleReply, watch: &mut Watch) -> AnyResponse {
        AnyResponse(message.0.watched(reply, watch))
    }

    /// Shows nothing: what the messages are is not known here.
    fn checked(
        out: AnyRequest,
        _: impl FnMut(&AnyRequest) -> Result<(), Status> + Send + 'static,
    ) -> Result<AnyRequest, Status> {
        Ok(out)
    }

    fn on_end(message: AnyResponse, reply: &SingleReply, hook: impl EndHook) -> AnyResponse {
        let hook = Box::new(|ended: Ended<'_>| hook.ended(ended));
        AnyResponse(message.0.on_end(reply, hook))
    }

    /// Shows nothing, as `checked`.
    fn seen(message: AnyResponse, _: impl FnMut(&AnyResponse) + Send + 'static) -> AnyResponse {
        message
    }

    fn gather(out: AnyRequest) -> BoxFuture<Result<Vec<AnyRequest>, Status>> {
        Box::pin(std::future::ready(Ok(vec![out])))
    }

    fn regather(mut messages: Vec<AnyRequest>) -> AnyRequest {
        messages.pop().expect("one message was gathered")
    }

    fn scripted(_: Script<AnyResponse>) -> Result<(AnyResponse, SingleReply), Status> {
        Err(Status::internal(NOT_SENT))
    }

    fn begun(
        answer: impl Future<Output = Result<(AnyResponse, SingleReply), Status>> + Send + 'static,
    ) -> impl Future<Output = Result<(AnyResponse, SingleReply), Status>> + Send + 'static {
        answer
    }

    fn call_end(_: &AnyRequest) -> Option<CallEnd> {
        None
    }
}

/// The codec of [`AnyMethod`], which has none: to send one is an error.
#[derive(Debug)]
pub enum NeverOnTheWire {}

impl Codec for NeverOnTheWire {
    const CONTENT_TYPE: &'static str = "application/grpc";
}

impl Encode<AnyRequest> for NeverOnTheWire {
    fn encode(_: &AnyRequest, _: &mut Vec<u8>) -> Result<(), EncodeError> {
        Err(EncodeError::new(NOT_SENT))
    }
}

impl Decode<AnyResponse> for NeverOnTheWire {
    fn decode(_: Bytes) -> Result<AnyResponse, DecodeError> {
        Err(DecodeError::new(NOT_SENT))
    }
}

const NOT_SENT: &str = "`AnyMethod` stands for methods in layers, and cannot be sent itself";
