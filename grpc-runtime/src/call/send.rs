//! [`SendFuture`]: a call under way, as the program holds it: around all layers.
//!
//! Here cancellation by handle is added, and the word of the end that a single call wants. A call that has neither
//! goes through as it is.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::call::cancel::{CancelHandle, cancelled, cancelled_before};
use crate::call::ended::{EndHooks, Ended};
use crate::call::guard::Guarded;
use crate::call::invoke::Invoke;
use crate::call::invoke_future::InvokeFuture;
use crate::call::method::Method;
use crate::call::request::Request;
use crate::call::response::Response;
use crate::status::Status;

/// A call under way that will give all of the outcome; made by [`Call::send`](crate::Call::send).
pub struct SendFuture<S, M: Method> {
    state: State<S, M>,
}

enum State<S, M: Method> {
    /// Nothing happened yet.
    // `None` when it was lost to a panic.
    Prepared(Option<Prepared<S, M>>),
    Direct(InvokeFuture<M>),
    Watched(Watched<M>),
}

struct Prepared<S, M: Method> {
    service: S,
    request: Request<M>,
    watch: Option<Box<Watch>>,
}

/// Nothing in it is pinned: what has to stay in its place is in a box.
impl<S, M: Method> Unpin for SendFuture<S, M> {}

struct Watched<M: Method> {
    call: Guarded<InvokeFuture<M>>,
    watch: Box<Watch>,
}

/// Who can end a call from outside, and who wants to know of its end.
#[derive(Debug, Default)]
pub struct Watch {
    pub(super) handles: Vec<CancelHandle>,
    pub(super) hooks: EndHooks,
}

impl<S: Invoke<M>, M: Method> SendFuture<S, M> {
    #[inline]
    pub(super) fn new(service: S, request: Request<M>, watch: Option<Box<Watch>>) -> Self {
        Self { state: State::Prepared(Some(Prepared { service, request, watch })) }
    }
}

impl<S: Invoke<M>, M: Method> Future for SendFuture<S, M> {
    type Output = Result<Response<M>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let state = &mut self.get_mut().state;
        if let State::Prepared(prepared) = state {
            let Some(Prepared { service, request, mut watch }) = prepared.take() else {
                return Poll::Ready(Err(cancelled()));
            };
            if let Some(watch) = &mut watch
                && let Some(status) = watch.refusal()
            {
                return Poll::Ready(Err(status));
            }
            let call = service.invoke(request);
            *state = match watch {
                None => State::Direct(call),
                Some(watch) => State::Watched(Watched::new(call, watch)),
            };
        }
        match state {
            State::Direct(call) => Pin::new(call).poll(context),
            State::Watched(watched) => watched.poll(context),
            State::Prepared(_) => unreachable!("it is under way"),
        }
    }
}

impl Watch {
    /// The end of a call that was cancelled before it was made.
    fn refusal(&mut self) -> Option<Status> {
        self.handles.iter().any(CancelHandle::is_cancelled).then(|| {
            let status = cancelled_before();
            self.hooks.run(Ended::Failed(&status));
            status
        })
    }

    /// The end of a call that failed, or is gone.
    fn failure(&mut self, status: Status) -> Status {
        self.hooks.run(Ended::Failed(&status));
        status
    }
}

impl<M: Method> Watched<M> {
    fn new(call: InvokeFuture<M>, watch: Box<Watch>) -> Self {
        Self { call: Guarded::new(call, &watch.handles), watch }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Response<M>, Status>> {
        let Self { call, watch } = self;
        let answered = ready!(call.poll(context, |call, context| Pin::new(call).poll(context)));
        Poll::Ready(match answered {
            Some(Ok(response)) => Ok(response.watched(watch)),
            Some(Err(status)) => Err(watch.failure(status)),
            None => Err(watch.failure(cancelled())),
        })
    }
}

impl<S, M: Method> fmt::Debug for SendFuture<S, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SendFuture").field(&M::DESCRIPTOR.path()).finish()
    }
}

#[cfg(test)]
mod tests;
