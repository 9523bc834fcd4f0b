//! What one expectation asks of a call, and what it answers.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::call::{BoxFuture, In, Kind, Method, Out, Response, Script};
use crate::metadata::Metadata;
use crate::status::Status;

/// Held by an [`Expectation`](super::Expectation) while it is written, and by the book while a call takes an answer.
pub(super) struct Plan<M: Method> {
    pub(super) conditions: Vec<Condition<M>>,
    pub(super) answers: VecDeque<Answer<M>>,
    /// How to answer with the last script again, where the expectation is for more calls than it has answers.
    pub(super) again: Option<Again<M::Response>>,
}

/// What a call has to be like.
pub(super) enum Condition<M: Method> {
    /// Of its messages.
    Messages(Arc<OfMessages<M::Request>>),
    /// A value under a key of its metadata.
    Metadata { key: String, value: String },
}

/// What a call is answered.
pub(super) enum Answer<M: Method> {
    /// These messages, and this end.
    Script(Box<Script<M::Response>>),
    /// Whatever this makes of the call.
    Function(Arc<Function<M>>),
}

/// What copies a script: a function, since only some messages can be copied.
type Again<R> = fn(&Script<R>) -> Script<R>;

type OfMessages<Q> = dyn Fn(&[Q]) -> bool + Send + Sync;

type Function<M> = dyn Fn(Out<M>) -> BoxFuture<Result<In<M>, Status>> + Send + Sync;

impl<M: Method> Plan<M> {
    pub(super) fn new() -> Self {
        Self { conditions: Vec::new(), answers: VecDeque::new(), again: None }
    }

    /// How many calls there are answers for, if each is given once.
    pub(super) fn answered(&self) -> usize {
        self.answers.len()
    }

    /// Whether it asks about messages, so that they have to be read first.
    pub(super) fn asks_for_messages(&self) -> bool {
        self.conditions.iter().any(|condition| matches!(condition, Condition::Messages(_)))
    }

    /// The answer for the next call; `None` where none is left, or none was ever given.
    pub(super) fn next_answer(&mut self) -> Option<Answer<M>> {
        if self.answers.len() == 1 {
            match (self.answers.front(), self.again) {
                (Some(Answer::Function(function)), _) => {
                    return Some(Answer::Function(Arc::clone(function)));
                }
                (Some(Answer::Script(script)), Some(again)) => {
                    return Some(Answer::Script(Box::new(again(script))));
                }
                (Some(Answer::Script(_)) | None, _) => {}
            }
        }
        self.answers.pop_front()
    }
}

impl<M: Method> Condition<M> {
    /// Whether a call fits; messages are `None` while they are unread, and then fit.
    pub(super) fn fits(&self, metadata: &Metadata, messages: Option<&[M::Request]>) -> bool {
        match self {
            Self::Messages(condition) => messages.is_none_or(|messages| condition(messages)),
            Self::Metadata { key, value } => metadata.get_all(key).any(|found| found == value),
        }
    }
}

impl<M: Method> Clone for Condition<M> {
    fn clone(&self) -> Self {
        match self {
            Self::Messages(condition) => Self::Messages(Arc::clone(condition)),
            Self::Metadata { key, value } => {
                Self::Metadata { key: key.clone(), value: value.clone() }
            }
        }
    }
}

impl<M: Method> Answer<M> {
    /// A script of one message, or none, and then OK.
    pub(super) fn script(messages: Vec<M::Response>, end: Result<(), Status>) -> Self {
        let (headers, trailers) = (Metadata::new(), Metadata::new());
        Self::Script(Box::new(Script { messages, end, headers, trailers }))
    }

    /// Answers a call. A script reads all that is sent first.
    pub(super) async fn carry_out(self, message: Out<M>) -> Result<Response<M>, Status> {
        match self {
            Self::Script(script) => {
                M::Kind::gather(message).await?;
                let (message, reply) = M::Kind::scripted(*script)?;
                Ok(Response::from_parts(message, reply))
            }
            Self::Function(function) => function(message).await.map(Response::new),
        }
    }
}

impl<M: Method> fmt::Debug for Plan<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Plan").field("answers", &self.answers.len()).finish_non_exhaustive()
    }
}
