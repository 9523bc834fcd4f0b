//! [`Request`]: one call on its way through the layers.

use std::fmt;
use std::time::Instant;

use crate::call::method::{Method, Out};
use crate::engine::CallOptions;
use crate::metadata::Metadata;
use crate::method::{MethodDescriptor, MethodRef};
use crate::rt;
use crate::status::Status;

/// A call of the method `M`: its message, or stream of messages, and its options.
///
/// This is what layers see and may change.
pub struct Request<M: Method> {
    message: Out<M>,
    method: MethodRef,
    options: CallOptions,
}

impl<M: Method> Request<M> {
    /// A call with default options.
    pub fn new(message: Out<M>) -> Self {
        Self::of_method(MethodRef::Static(M::DESCRIPTOR), message)
    }

    /// A call of a method that is known only at run time, by a marker that stands for all of them.
    pub(crate) fn of_method(method: MethodRef, message: Out<M>) -> Self {
        Self { message, method, options: CallOptions::default() }
    }

    /// The message, as itself.
    pub fn message(&self) -> &Out<M> {
        &self.message
    }

    /// The message, to change.
    pub fn message_mut(&mut self) -> &mut Out<M> {
        &mut self.message
    }

    /// Only the message.
    pub fn into_message(self) -> Out<M> {
        self.message
    }

    /// Puts another message in its place, for a layer that wraps or replaces it.
    #[must_use]
    pub fn with_message(self, message: Out<M>) -> Self {
        Self { message, ..self }
    }

    /// Changes the message and keeps the rest.
    #[must_use]
    pub fn map_message(self, change: impl FnOnce(Out<M>) -> Out<M>) -> Self {
        Self { message: change(self.message), ..self }
    }

    /// Which method is called: path, kind, idempotency, defaults.
    pub fn method(&self) -> &MethodDescriptor {
        &self.method
    }

    /// What is sent beside the message.
    pub fn metadata(&self) -> &Metadata {
        &self.options.metadata
    }

    /// What is sent beside the message, to change.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.options.metadata
    }

    /// Deadline, wait-for-ready, limits and metadata of this call.
    pub fn options(&self) -> &CallOptions {
        &self.options
    }

    /// Deadline, wait-for-ready, limits and metadata of this call, to change.
    pub fn options_mut(&mut self) -> &mut CallOptions {
        &mut self.options
    }

    /// Which method is called, to keep beyond the request.
    pub(crate) fn method_ref(&self) -> &MethodRef {
        &self.method
    }

    /// Fixes the deadline of the call now, if it has one, so that what it waits for in a layer counts.
    ///
    /// # Errors
    /// DEADLINE_EXCEEDED when it has passed.
    pub(crate) fn fix_deadline(&mut self) -> Result<Option<Instant>, Status> {
        let deadline = self.options.deadline_from(self.method.timeout(), rt::now)?;
        if let Some(deadline) = deadline {
            self.options.set_deadline(deadline);
        }
        Ok(deadline)
    }

    pub(crate) fn from_parts(message: Out<M>, method: MethodRef, options: CallOptions) -> Self {
        Self { message, method, options }
    }

    pub(crate) fn into_parts(self) -> (Out<M>, MethodRef, CallOptions) {
        (self.message, self.method, self.options)
    }
}

/// A request can be sent again when its message can be cloned: that of a streaming call cannot.
impl<M: Method> Clone for Request<M>
where
    Out<M>: Clone,
{
    fn clone(&self) -> Self {
        Self {
            message: self.message.clone(),
            method: self.method.clone(),
            options: self.options.clone(),
        }
    }
}

impl<M: Method> fmt::Debug for Request<M>
where
    Out<M>: fmt::Debug,
{
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("method", &self.method.path())
            .field("message", &self.message)
            .field("options", &self.options)
            .finish()
    }
}
