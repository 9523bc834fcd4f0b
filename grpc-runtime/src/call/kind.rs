//! The four kinds of call, as types: what goes out, what comes in, and how each is carried.

use std::convert::identity;
use std::future::{Future, poll_fn, ready as ready_with};
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;

use crate::call::call_in_bytes::{BoundFor, CallInBytes, EncodedRequest, StreamInBytes};
use crate::call::ended::{EndHook, Ended};
use crate::call::outbound::Outbound;
use crate::call::send::Watch;
use crate::call::service::BoxFuture;
use crate::call::streaming::Streaming;
use crate::codec::{Compress, Decode, Encode, Framing, encode_framed};
use crate::engine::{CallEnd, RequestBody, SingleReply};
use crate::framing::message_of;
use crate::metadata::Metadata;
use crate::method::MethodKind;
use crate::status::Status;

/// How many messages go each way. Implemented by [`Unary`], [`ServerStreaming`], [`ClientStreaming`] and
/// [`Bidi`], and by nothing else.
pub trait Kind<Q, R>: sealed::Sealed + Send + Sync + 'static {
    /// What a call sends.
    type Out: Send + 'static;
    /// What a call gives back.
    type In: Send + 'static;
    #[doc(hidden)]
    const KIND: MethodKind;

    #[doc(hidden)]
    fn encode<C: Encode<Q>>(out: Self::Out, bound_for: BoundFor) -> Result<EncodedRequest, Status>;

    #[doc(hidden)]
    fn poll_receive<C: Decode<R>>(
        call: &mut dyn CallInBytes,
        context: &mut Context<'_>,
    ) -> Poll<Result<(Self::In, SingleReply), Status>>;

    #[doc(hidden)]
    fn bound_by(message: Self::In, deadline: Instant) -> Self::In;

    /// Keeps what still goes on where handles can end it, and tells of the end of the call: now, or when it ends.
    #[doc(hidden)]
    fn watched(message: Self::In, reply: &SingleReply, watch: &mut Watch) -> Self::In;

    /// Shows each message to `check` before it is sent: at once, or as the stream of them is read.
    #[doc(hidden)]
    fn checked(
        out: Self::Out,
        check: impl FnMut(&Q) -> Result<(), Status> + Send + 'static,
    ) -> Result<Self::Out, Status>;

    /// Runs `hook` at the end of the call: now, or when the stream ends.
    #[doc(hidden)]
    fn on_end(message: Self::In, reply: &SingleReply, hook: impl EndHook) -> Self::In;

    /// Shows each message that comes back to `see`: now, or as the stream of them is read.
    #[doc(hidden)]
    fn seen(message: Self::In, see: impl FnMut(&R) + Send + 'static) -> Self::In;

    /// Reads all that is sent.
    #[doc(hidden)]
    fn gather(out: Self::Out) -> BoxFuture<Result<Vec<Q>, Status>>;

    /// Puts together what `gather` took apart.
    #[doc(hidden)]
    fn regather(messages: Vec<Q>) -> Self::Out;

    /// What a scripted peer answers.
    #[doc(hidden)]
    fn scripted(script: Script<R>) -> Result<(Self::In, SingleReply), Status>;

    /// What a call in this process gives back: a conversation its stream before that is answered, as on the wire,
    /// since the answer may depend on requests that the program has yet to send.
    #[doc(hidden)]
    fn begun(
        answer: impl Future<Output = Result<(Self::In, SingleReply), Status>> + Send + 'static,
    ) -> impl Future<Output = Result<(Self::In, SingleReply), Status>> + Send + 'static;

    /// Where whoever sends by hand learns of the end of the call.
    #[doc(hidden)]
    fn call_end(out: &Self::Out) -> Option<CallEnd>;
}

/// What a scripted peer answers to one call.
#[derive(Debug, Clone)]
pub struct Script<R> {
    pub(crate) messages: Vec<R>,
    pub(crate) end: Result<(), Status>,
    pub(crate) headers: Metadata,
    pub(crate) trailers: Metadata,
}

/// The kinds whose calls send one message, which is there from the start.
#[diagnostic::on_unimplemented(
    message = "this call sends a stream of messages, not one",
    note = "ask for all of them: `requests()` of a recorded call, `with_all(|requests| ..)` of an expectation"
)]
pub trait SingleRequest: sealed::Sealed {}

/// The kinds whose calls give back a stream of messages.
#[diagnostic::on_unimplemented(
    message = "this call gives back one message, not a stream of them",
    note = "answer it with `returns(message)`"
)]
pub trait StreamingResponse: sealed::Sealed {}

/// The kinds whose calls give back one message, so that its headers and trailers are known by then.
#[diagnostic::on_unimplemented(
    message = "a streaming call has no headers or trailers when it starts",
    note = "ask the stream: `replies.headers().await` while it runs, `replies.trailers()` after its end"
)]
pub trait SingleResponse: sealed::Sealed {}

/// One message out, one message back.
#[derive(Debug)]
pub enum Unary {}
/// One message out, any number back.
#[derive(Debug)]
pub enum ServerStreaming {}
/// Any number of messages out, one back.
#[derive(Debug)]
pub enum ClientStreaming {}
/// Any number of messages either way, independently.
#[derive(Debug)]
pub enum Bidi {}

impl SingleResponse for Unary {}
impl SingleResponse for ClientStreaming {}

impl SingleRequest for Unary {}
impl SingleRequest for ServerStreaming {}

impl StreamingResponse for ServerStreaming {}
impl StreamingResponse for Bidi {}

pub(super) mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Unary {}
    impl Sealed for super::ServerStreaming {}
    impl Sealed for super::ClientStreaming {}
    impl Sealed for super::Bidi {}
}

// A kind is a way out and a way in; each way is written once and used by two kinds.

macro_rules! kind {
    (
        $kind:ident,
        out: $out:ty, $encode:path, $checked:path, $gather:path, $regather:path, $call_end:path,
        in: $in:ty, $receive:path, $bound_by:path, $watched:path, $on_end:path, $seen:path,
        $scripted:path, $begun:path
    ) => {
        impl<Q: Send + 'static, R: Send + 'static> Kind<Q, R> for $kind {
            type Out = $out;
            type In = $in;
            const KIND: MethodKind = MethodKind::$kind;

            fn encode<C: Encode<Q>>(
                out: $out,
                bound_for: BoundFor,
            ) -> Result<EncodedRequest, Status> {
                $encode(out, bound_for)
            }

            fn poll_receive<C: Decode<R>>(
                call: &mut dyn CallInBytes,
                context: &mut Context<'_>,
            ) -> Poll<Result<($in, SingleReply), Status>> {
                $receive(call, context)
            }

            fn bound_by(message: $in, deadline: Instant) -> $in {
                $bound_by(message, deadline)
            }

            fn watched(message: $in, reply: &SingleReply, watch: &mut Watch) -> $in {
                $watched(message, reply, watch)
            }

            fn checked(
                out: $out,
                check: impl FnMut(&Q) -> Result<(), Status> + Send + 'static,
            ) -> Result<$out, Status> {
                $checked(out, check)
            }

            fn on_end(message: $in, reply: &SingleReply, hook: impl EndHook) -> $in {
                $on_end(message, reply, hook)
            }

            fn seen(message: $in, see: impl FnMut(&R) + Send + 'static) -> $in {
                $seen(message, see)
            }

            fn gather(out: $out) -> BoxFuture<Result<Vec<Q>, Status>> {
                $gather(out)
            }

            fn regather(messages: Vec<Q>) -> $out {
                $regather(messages)
            }

            fn scripted(script: Script<R>) -> Result<($in, SingleReply), Status> {
                $scripted(script)
            }

            fn begun(
                answer: impl Future<Output = Result<($in, SingleReply), Status>> + Send + 'static,
            ) -> impl Future<Output = Result<($in, SingleReply), Status>> + Send + 'static {
                $begun(answer)
            }

            fn call_end(out: &$out) -> Option<CallEnd> {
                $call_end(out)
            }
        }
    };
}

kind!(
    Unary,
    out: Q, encode_one::<C, Q>, check_one, gather_one, regather_one, no_sender,
    in: R, receive_one::<C, R>, unbound, watched_one, ended_already, see_one, script_one,
    identity
);
kind!(
    ServerStreaming,
    out: Q, encode_one::<C, Q>, check_one, gather_one, regather_one, no_sender,
    in: Streaming<R>, receive_many::<C, R>, Streaming::bound_by, watched_many,
    ends_later, see_many, script_many, identity
);
kind!(
    ClientStreaming,
    out: Outbound<Q>, encode_many::<C, Q>, check_many, gather_many,
    Outbound::from_messages, Outbound::sender_end,
    in: R, receive_one::<C, R>, unbound, watched_one, ended_already, see_one, script_one,
    identity
);
kind!(
    Bidi,
    out: Outbound<Q>, encode_many::<C, Q>, check_many, gather_many,
    Outbound::from_messages, Outbound::sender_end,
    in: Streaming<R>, receive_many::<C, R>, Streaming::bound_by, watched_many,
    ends_later, see_many, script_many, streamed_at_once
);

fn encode_one<C: Encode<Q>, Q>(message: Q, bound_for: BoundFor) -> Result<EncodedRequest, Status> {
    let framing = bound_for.framing();
    let framed = framing.encode::<C, Q>(&message, Compress::AsTheCall)?;
    Ok(EncodedRequest::Body(RequestBody::Message(framed)))
}

fn encode_many<C: Encode<Q>, Q: Send + 'static>(
    messages: Outbound<Q>,
    bound_for: BoundFor,
) -> Result<EncodedRequest, Status> {
    Ok(match bound_for {
        BoundFor::Wire(framing) => {
            let stream = messages.encoded(framing, Framing::encode_behind::<C, Q>);
            EncodedRequest::Body(RequestBody::Stream(stream))
        }
        BoundFor::Layers => EncodedRequest::Messages(messages.map_messages(|message| {
            let framed = encode_framed::<C, Q>(&message, usize::MAX)?;
            Ok(framed.slice_ref(message_of(&framed)))
        })),
    })
}

/// Waits for the message and for the end of the call.
fn receive_one<C: Decode<R>, R>(
    call: &mut dyn CallInBytes,
    context: &mut Context<'_>,
) -> Poll<Result<(R, SingleReply), Status>> {
    let (bytes, reply) = ready!(call.poll_single(context))?;
    Poll::Ready(match decode::<C, R>(bytes) {
        Ok(message) => Ok((message, reply)),
        Err(status) => Err(sent_by(status, reply.peer.as_ref(), reply.attempts)),
    })
}

fn decode<C: Decode<R>, R>(bytes: Bytes) -> Result<R, Status> {
    match C::decode(bytes) {
        Ok(message) => Ok(message),
        Err(error) => Err(Status::internal("response not understood").with_source(error)),
    }
}

/// A message that is not understood came from somewhere.
pub(super) fn sent_by(status: Status, peer: Option<&Arc<str>>, attempts: u32) -> Status {
    let status = status.with_attempts(attempts);
    match peer {
        Some(peer) => status.with_peer(peer),
        None => status,
    }
}

/// Waits until the call is under way: from there on the stream itself does, for headers as for messages.
fn receive_many<C: Decode<R>, R: 'static>(
    call: &mut dyn CallInBytes,
    context: &mut Context<'_>,
) -> Poll<Result<(Streaming<R>, SingleReply), Status>> {
    let stream = match ready!(call.poll_stream(context))? {
        StreamInBytes::Wire(incoming) => Streaming::from_wire(incoming, decode::<C, R>),
        StreamInBytes::Layers(messages) => messages.map_messages(decode::<C, R>),
    };
    Poll::Ready(Ok((stream, SingleReply::default())))
}

fn check_one<Q>(message: Q, mut check: impl FnMut(&Q) -> Result<(), Status>) -> Result<Q, Status> {
    check(&message)?;
    Ok(message)
}

fn check_many<Q: Send + 'static>(
    messages: Outbound<Q>,
    mut check: impl FnMut(&Q) -> Result<(), Status> + Send + 'static,
) -> Result<Outbound<Q>, Status> {
    Ok(messages.map_messages(move |message| check(&message).map(|()| message)))
}

fn ended_already<R>(message: R, reply: &SingleReply, hook: impl EndHook) -> R {
    hook.ended(Ended::of(reply));
    message
}

fn ends_later<R>(messages: Streaming<R>, _: &SingleReply, hook: impl EndHook) -> Streaming<R> {
    messages.with_hook(hook)
}

fn see_one<R>(message: R, mut see: impl FnMut(&R)) -> R {
    see(&message);
    message
}

fn see_many<R: Send + 'static>(
    messages: Streaming<R>,
    mut see: impl FnMut(&R) + Send + 'static,
) -> Streaming<R> {
    messages.map_messages(move |message| {
        see(&message);
        Ok(message)
    })
}

fn gather_one<Q: Send + 'static>(message: Q) -> BoxFuture<Result<Vec<Q>, Status>> {
    Box::pin(ready_with(Ok(vec![message])))
}

fn gather_many<Q: Send + 'static>(messages: Outbound<Q>) -> BoxFuture<Result<Vec<Q>, Status>> {
    Box::pin(messages.collect_messages())
}

fn regather_one<Q>(mut messages: Vec<Q>) -> Q {
    messages.pop().expect("one message was gathered")
}

fn script_one<R>(script: Script<R>) -> Result<(R, SingleReply), Status> {
    let Script { mut messages, end, headers, trailers } = script;
    end?;
    let message = messages.pop().expect("a script that ends with OK has its message");
    Ok((message, SingleReply { headers, trailers, ..SingleReply::default() }))
}

fn script_many<R: Send + 'static>(
    script: Script<R>,
) -> Result<(Streaming<R>, SingleReply), Status> {
    let Script { messages, end, headers, trailers } = script;
    let replies = Streaming::from_messages(messages).with_headers(headers).with_trailers(trailers);
    let replies = match end {
        Ok(()) => replies,
        Err(status) => replies.with_end(status),
    };
    Ok((replies, SingleReply::default()))
}

/// The answer, if it is there at once, and else the stream that it will be.
async fn streamed_at_once<R: Send + 'static>(
    answer: impl Future<Output = Result<(Streaming<R>, SingleReply), Status>> + Send + 'static,
) -> Result<(Streaming<R>, SingleReply), Status> {
    let mut answer = Box::pin(answer);
    match poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
        Poll::Ready(answered) => answered,
        Poll::Pending => {
            let replies = Box::pin(async move { answer.await.map(|(replies, _)| replies) });
            Ok((Streaming::later(replies), SingleReply::default()))
        }
    }
}

fn no_sender<Q>(_: &Q) -> Option<CallEnd> {
    None
}

fn unbound<R>(message: R, _deadline: Instant) -> R {
    message
}

fn watched_one<R>(message: R, reply: &SingleReply, watch: &mut Watch) -> R {
    watch.hooks.run(Ended::of(reply));
    message
}

fn watched_many<R: Send + 'static>(
    messages: Streaming<R>,
    _: &SingleReply,
    watch: &mut Watch,
) -> Streaming<R> {
    let messages = messages.guarded(&watch.handles);
    match watch.hooks.is_empty() {
        true => messages,
        false => messages.with_hook(mem::take(&mut watch.hooks)),
    }
}
