//! [`Response`]: what a call came back with.

use std::fmt;
use std::time::Instant;

use crate::call::ended::{EndHook, Ended};
use crate::call::kind::{Kind, SingleResponse};
use crate::call::method::{In, Method};
use crate::call::send::Watch;
use crate::engine::SingleReply;
use crate::metadata::Metadata;

/// The outcome of a call of `M` that did not fail: its message, or its stream of messages.
///
/// A call with one response message also has the headers that came before it and the trailers that came after;
/// they are kept apart. A streaming call has only begun: ask the [`Streaming`](crate::Streaming) for both.
pub struct Response<M: Method> {
    message: In<M>,
    reply: SingleReply,
}

impl<M: Method> Response<M> {
    /// A response without headers or trailers, as fakes and caches make them.
    pub fn new(message: In<M>) -> Self {
        Self { message, reply: SingleReply::default() }
    }

    pub(crate) fn into_parts(self) -> (In<M>, SingleReply) {
        (self.message, self.reply)
    }

    pub(crate) fn from_parts(message: In<M>, reply: SingleReply) -> Self {
        Self { message, reply }
    }

    /// The message, as itself.
    pub fn message(&self) -> &In<M> {
        &self.message
    }

    /// The message, to change.
    pub fn message_mut(&mut self) -> &mut In<M> {
        &mut self.message
    }

    /// Only the message.
    pub fn into_message(self) -> In<M> {
        self.message
    }

    /// Changes the message and keeps the rest.
    #[must_use]
    pub fn map(self, change: impl FnOnce(In<M>) -> In<M>) -> Self {
        Self { message: change(self.message), reply: self.reply }
    }

    /// Runs `hook` at the end of the call, exactly once, whatever ends it, for every kind of call: at once where
    /// the response is one message, for then the call is over; at the end of the stream where it is one (see
    /// [`Streaming::on_end`](crate::Streaming::on_end)).
    ///
    /// A call that failed before it had a response ends in the `Err` of `next.invoke(..)`, and one may be dropped
    /// before that: [`layer::on_end`](crate::layer::on_end()) sees those too.
    #[must_use = "dropping a response that is a stream ends the call"]
    pub fn on_end(self, hook: impl FnOnce(Ended<'_>) + Send + 'static) -> Self {
        self.with_hook(hook)
    }

    /// Under the deadline of its call, where it is a stream of this process.
    pub(crate) fn bound_by(self, deadline: Instant) -> Self {
        let Self { message, reply } = self;
        Self { message: M::Kind::bound_by(message, deadline), reply }
    }

    pub(super) fn watched(self, watch: &mut Watch) -> Self {
        let Self { message, reply } = self;
        Self { message: M::Kind::watched(message, &reply, watch), reply }
    }

    pub(crate) fn with_hook(self, hook: impl EndHook) -> Self {
        let Self { message, reply } = self;
        Self { message: M::Kind::on_end(message, &reply, hook), reply }
    }
}

// The bound stands at each method, where the compiler tells what `SingleResponse` has to say.
impl<M: Method> Response<M> {
    /// The address that the call was answered from, as text; `None` for an answer that came from no connection. Of a
    /// streaming call the [`Streaming`](crate::Streaming::peer) knows it, and of a failed one the
    /// [`Status`](crate::Status::peer).
    pub fn peer(&self) -> Option<&str>
    where
        M::Kind: SingleResponse,
    {
        self.reply.peer.as_deref()
    }

    /// How many attempts the call had: how often its request was put on a connection (see [`Status::attempts`]); zero
    /// for an answer that came from no connection.
    ///
    /// [`Status::attempts`]: crate::Status::attempts
    pub fn attempts(&self) -> u32
    where
        M::Kind: SingleResponse,
    {
        self.reply.attempts
    }

    /// What the server sent before the message.
    pub fn headers(&self) -> &Metadata
    where
        M::Kind: SingleResponse,
    {
        &self.reply.headers
    }

    /// What the server sent before the message, to change.
    pub fn headers_mut(&mut self) -> &mut Metadata
    where
        M::Kind: SingleResponse,
    {
        &mut self.reply.headers
    }

    /// What the server sent after the message.
    pub fn trailers(&self) -> &Metadata
    where
        M::Kind: SingleResponse,
    {
        &self.reply.trailers
    }

    /// What the server sent after the message, to change.
    pub fn trailers_mut(&mut self) -> &mut Metadata
    where
        M::Kind: SingleResponse,
    {
        &mut self.reply.trailers
    }
}

impl<M: Method> Clone for Response<M>
where
    In<M>: Clone,
{
    fn clone(&self) -> Self {
        Self { message: self.message.clone(), reply: self.reply.clone() }
    }
}

impl<M: Method> fmt::Debug for Response<M>
where
    In<M>: fmt::Debug,
{
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Response")
            .field("method", &M::DESCRIPTOR.path())
            .field("message", &self.message)
            .field("headers", &self.reply.headers)
            .field("trailers", &self.reply.trailers)
            .finish()
    }
}
