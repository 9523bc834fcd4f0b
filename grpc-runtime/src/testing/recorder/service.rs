//! The service of [`Recorder`].

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::call::{Invoke, InvokeFuture, Kind, Request, Response};
use crate::layer::OnEndFuture;
use crate::status::Status;
use crate::testing::recorder::tape::{RecordEnd, Tape};
use crate::testing::recorder::{Recordable, Recorder};

/// A service whose calls are recorded.
#[derive(Clone)]
pub struct RecorderService<S> {
    recorder: Recorder,
    next: S,
}

impl<S> RecorderService<S> {
    pub(super) fn new(recorder: Recorder, next: S) -> Self {
        Self { recorder, next }
    }
}

impl<S, M> Service<Request<M>> for RecorderService<S>
where
    S: Invoke<M>,
    M: Recordable,
{
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    /// Always ready: what is behind it is waited for when it is invoked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        let (message, method, options) = request.into_parts();
        let tape = Arc::new(Tape::<M>::new(method.clone(), options.clone()));
        self.recorder.add(tape.clone());
        let (sent, came) = (Arc::clone(&tape), Arc::clone(&tape));
        let message = M::Kind::checked(message, move |message| {
            let message = message.clone();
            sent.reel().requests.push(message);
            Ok(())
        });
        let next = self.next.clone();
        let call = async move {
            let request = Request::from_parts(message?, method, options);
            let (message, reply) = next.invoke(request).await?.into_parts();
            let message = M::Kind::seen(message, move |message| {
                let message = message.clone();
                came.reel().replies.push(message);
            });
            Ok(Response::from_parts(message, reply))
        };
        InvokeFuture::boxed(OnEndFuture::new(RecordEnd(tape), || call))
    }
}

impl<S> fmt::Debug for RecorderService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RecorderService")
            .field("recorder", &self.recorder)
            .finish_non_exhaustive()
    }
}
