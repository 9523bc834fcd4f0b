//! The four kinds of call, as types: what goes out, what comes in, and how each is carried.

use std::task::{Context, Poll, ready};
use std::time::Instant;

use crate::call::cancel::CancelHandle;
use crate::call::ended::{EndHook, Ended};
use crate::call::outbound::Outbound;
use crate::call::streaming::Streaming;
use crate::codec::{Compress, Decode, Encode, Framing};
use crate::engine::{Incoming, RequestBody, SingleReply};
use crate::status::Status;

/// How many messages go each way. Implemented by [`Unary`], [`ServerStreaming`], [`ClientStreaming`] and
/// [`Bidi`], and by nothing else.
pub trait Kind<Q, R>: sealed::Sealed + Send + Sync + 'static {
    /// What a call sends.
    type Out: Send + 'static;
    /// What a call gives back.
    type In: Send + 'static;

    #[doc(hidden)]
    fn encode<C: Encode<Q>>(out: Self::Out, framing: Framing) -> Result<RequestBody, Status>;

    #[doc(hidden)]
    fn poll_receive<C: Decode<R>>(
        incoming: &mut Option<Incoming>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(Self::In, SingleReply), Status>>;

    #[doc(hidden)]
    fn bound_by(message: Self::In, deadline: Instant) -> Self::In;

    /// Keeps what still goes on where handles can end it.
    #[doc(hidden)]
    fn guarded(message: Self::In, handles: &[CancelHandle]) -> Self::In;

    /// Shows each message to `check` before it is sent: at once, or as the stream of them is read.
    #[doc(hidden)]
    fn checked(
        out: Self::Out,
        check: impl FnMut(&Q) -> Result<(), Status> + Send + 'static,
    ) -> Result<Self::Out, Status>;

    /// Runs `hook` at the end of the call: now, or when the stream ends.
    #[doc(hidden)]
    fn on_end(message: Self::In, reply: &SingleReply, hook: impl EndHook) -> Self::In;
}

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
        $kind:ty,
        out: $out:ty, $encode:path, $checked:path,
        in: $in:ty, $receive:path, $bound_by:path, $guarded:path, $on_end:path
    ) => {
        impl<Q: Send + 'static, R: Send + 'static> Kind<Q, R> for $kind {
            type Out = $out;
            type In = $in;

            fn encode<C: Encode<Q>>(out: $out, framing: Framing) -> Result<RequestBody, Status> {
                $encode(out, framing)
            }

            fn poll_receive<C: Decode<R>>(
                incoming: &mut Option<Incoming>,
                context: &mut Context<'_>,
            ) -> Poll<Result<($in, SingleReply), Status>> {
                $receive(incoming, context)
            }

            fn bound_by(message: $in, deadline: Instant) -> $in {
                $bound_by(message, deadline)
            }

            fn guarded(message: $in, handles: &[CancelHandle]) -> $in {
                $guarded(message, handles)
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
        }
    };
}

kind!(
    Unary,
    out: Q, encode_one::<C, Q>, check_one,
    in: R, receive_one::<C, R>, unbound, unguarded, ended_already
);
kind!(
    ServerStreaming,
    out: Q, encode_one::<C, Q>, check_one,
    in: Streaming<R>, receive_many::<C, R>, Streaming::bound_by, Streaming::guarded, ends_later
);
kind!(
    ClientStreaming,
    out: Outbound<Q>, encode_many::<C, Q>, check_many,
    in: R, receive_one::<C, R>, unbound, unguarded, ended_already
);
kind!(
    Bidi,
    out: Outbound<Q>, encode_many::<C, Q>, check_many,
    in: Streaming<R>, receive_many::<C, R>, Streaming::bound_by, Streaming::guarded, ends_later
);

fn encode_one<C: Encode<Q>, Q>(message: Q, framing: Framing) -> Result<RequestBody, Status> {
    framing.encode::<C, Q>(&message, Compress::AsTheCall).map(RequestBody::Message)
}

fn encode_many<C: Encode<Q>, Q: Send + 'static>(
    messages: Outbound<Q>,
    framing: Framing,
) -> Result<RequestBody, Status> {
    Ok(RequestBody::Stream(messages.encoded(framing, Framing::encode::<C, Q>)))
}

/// Waits for the message and for the end of the call.
fn receive_one<C: Decode<R>, R>(
    incoming: &mut Option<Incoming>,
    context: &mut Context<'_>,
) -> Poll<Result<(R, SingleReply), Status>> {
    let (bytes, reply) = ready!(incoming.as_mut().expect(POLLED_AFTER_END).poll_single(context))?;
    // The stream is over: what it held is let go before the message is handed out.
    *incoming = None;
    Poll::Ready(decode_message::<C, R>(bytes).map(|message| (message, reply)))
}

/// Does not wait: the stream itself does, for headers as for messages.
fn receive_many<C: Decode<R>, R>(
    incoming: &mut Option<Incoming>,
    _: &mut Context<'_>,
) -> Poll<Result<(Streaming<R>, SingleReply), Status>> {
    let incoming = incoming.take().expect(POLLED_AFTER_END);
    let stream = Streaming::from_wire(incoming, decode_message::<C, R>);
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
    hook.ended(Ended::Ok {
        trailers: &reply.trailers,
        peer: reply.peer.as_deref(),
        attempts: reply.attempts,
    });
    message
}

fn ends_later<R>(messages: Streaming<R>, _: &SingleReply, hook: impl EndHook) -> Streaming<R> {
    messages.with_hook(hook)
}

fn unbound<R>(message: R, _deadline: Instant) -> R {
    message
}

fn unguarded<R>(message: R, _handles: &[CancelHandle]) -> R {
    message
}

fn decode_message<C: Decode<R>, R>(bytes: bytes::Bytes) -> Result<R, Status> {
    C::decode(bytes).map_err(|error| Status::internal("response not understood").with_source(error))
}

const POLLED_AFTER_END: &str = "a future is not polled again after its end";
