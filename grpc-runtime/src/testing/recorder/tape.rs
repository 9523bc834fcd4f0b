//! What is kept of one call while it goes on, whatever its method.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::call::{EndHook, Ended, Method};
use crate::engine::CallOptions;
use crate::method::MethodRef;
use crate::testing::recorder::{RecordedCall, RecordedEnd};

/// Methods whose calls can be recorded: those with messages that are `Clone`. Every such method has it.
#[diagnostic::on_unimplemented(
    message = "calls of `{Self}` cannot be recorded",
    label = "a message of it is not `Clone`",
    note = "derive `Clone` for its messages, or record only other methods: `.layer(only::<greeter::SayHello, _>(recorder))`, with `grpc_runtime::layer::only`"
)]
pub trait Recordable: Method<Request: Clone, Response: Clone> {}

#[diagnostic::do_not_recommend]
impl<M> Recordable for M
where
    M: Method,
    M::Request: Clone,
    M::Response: Clone,
{
}

pub(super) struct Tape<M: Method> {
    pub(super) method: MethodRef,
    pub(super) options: CallOptions,
    /// Held to add to it and to copy it; messages are cloned meanwhile, and nothing else runs.
    reel: Mutex<Reel<M>>,
}

pub(super) struct Reel<M: Method> {
    pub(super) requests: Vec<M::Request>,
    pub(super) replies: Vec<M::Response>,
    pub(super) end: Option<RecordedEnd>,
}

impl<M: Recordable> Tape<M> {
    pub(super) fn new(method: MethodRef, options: CallOptions) -> Self {
        let reel = Reel { requests: Vec::new(), replies: Vec::new(), end: None };
        Self { method, options, reel: Mutex::new(reel) }
    }

    pub(super) fn reel(&self) -> MutexGuard<'_, Reel<M>> {
        self.reel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A [`Tape`] of some method.
pub(super) trait AnyTape: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn path(&self) -> &str;
    fn end(&self) -> Option<RecordedEnd>;
}

impl<M: Recordable> AnyTape for Tape<M> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn path(&self) -> &str {
        self.method.path()
    }

    fn end(&self) -> Option<RecordedEnd> {
        self.reel().end.clone()
    }
}

/// What is on a tape by now, if it is of a call of `M`.
pub(super) fn recorded<M: Recordable>(tape: &dyn AnyTape) -> Option<RecordedCall<M>> {
    tape.as_any().downcast_ref::<Tape<M>>().map(RecordedCall::copy)
}

/// Tells a tape of the end of its call.
pub(super) struct RecordEnd<M: Method>(pub(super) Arc<Tape<M>>);

impl<M: Recordable> EndHook for RecordEnd<M> {
    fn ended(self, ended: Ended<'_>) {
        self.0.reel().end = Some(RecordedEnd::of(ended));
    }
}
