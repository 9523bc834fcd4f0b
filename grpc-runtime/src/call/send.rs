//! [`SendFuture`]: a call under way, as the program holds it: around all layers.
//!
//! Here cancellation by handle is added, and the word of the end that a single call wants. A call that has neither
//! goes through as it is.

use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::call::cancel::{CancelHandle, cancelled, cancelled_before};
use crate::call::ended::{EndHooks, Ended};
use crate::call::guard::Guarded;
use crate::call::invoke::Invoke;
use crate::call::method::Method;
use crate::call::request::Request;
use crate::call::response::Response;
use crate::call::service::BoxFuture;
use crate::status::Status;

pin_project! {
    /// A call under way that will give all of the outcome; made by [`Call::send`](crate::Call::send).
    pub struct SendFuture<S, M>
    where
        M: Method,
        S: Invoke<M>,
    {
        #[pin]
        state: State<S::Future, M>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, M: Method> {
        Direct { #[pin] call: F },
        Watched { call: Guarded<BoxFuture<Result<Response<M>, Status>>>, watch: Box<Watch> },
    }
}

/// Who can end a call from outside, and who wants to know of its end.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) handles: Vec<CancelHandle>,
    pub(super) hooks: EndHooks,
}

impl<S: Invoke<M>, M: Method> SendFuture<S, M> {
    #[inline]
    pub(super) fn new(service: S, request: Request<M>, watch: Option<Box<Watch>>) -> Self {
        let state = match watch {
            None => State::Direct { call: service.invoke(request) },
            Some(watch) => {
                let is_late = watch.handles.iter().any(CancelHandle::is_cancelled);
                let call: BoxFuture<_> = match is_late {
                    true => Box::pin(ready(Err(cancelled_before()))),
                    false => Box::pin(service.invoke(request)),
                };
                let handles = if is_late { &[][..] } else { &watch.handles };
                State::Watched { call: Guarded::new(call, handles), watch }
            }
        };
        Self { state }
    }
}

impl<S: Invoke<M>, M: Method> Future for SendFuture<S, M> {
    type Output = Result<Response<M>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (call, watch) = match self.project().state.project() {
            StateProjection::Direct { call } => return call.poll(context),
            StateProjection::Watched { call, watch } => (call, watch),
        };
        let polled = ready!(call.poll(context, |call, context| call.as_mut().poll(context)));
        Poll::Ready(match polled.unwrap_or_else(|| Err(cancelled())) {
            Ok(response) => {
                let hooks = std::mem::take(&mut watch.hooks);
                let response = response.guarded(&watch.handles);
                Ok(if hooks.is_empty() { response } else { response.with_hook(hooks) })
            }
            Err(status) => {
                watch.hooks.run(Ended::Failed(&status));
                Err(status)
            }
        })
    }
}

impl<S: Invoke<M>, M: Method> fmt::Debug for SendFuture<S, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SendFuture").field(&M::DESCRIPTOR.path()).finish()
    }
}

#[cfg(test)]
mod tests;
