//! [`InProcess`]: any implementation of a client trait, as the service behind a client. No network, no codec; layers
//! run.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::call::{Ended, In, InvokeFuture, Kind, Method, Out, Request, Response};
use crate::rt;
use crate::status::{FromStatus, Status};

/// An implementation of a client trait that stands in for a server. Cheap to clone.
///
/// The deadline of a call holds here too, over streams as well; it needs a tokio runtime with time, as on the wire.
///
/// No task is started: the implementation goes on as long as the program awaits the call or reads its stream. A call
/// with streams both ways gives back its stream of replies though the implementation still waits for requests, as on
/// the wire; what it fails with then is how that stream ends. A request that is sent by hand waits in the buffer of
/// [`outbound`](crate::outbound) until the implementation reads it: where more are sent than fit, let another task send.
///
/// A panic of the implementation is one of the task that makes the call, so a failed assertion in a fake fails its test.
pub struct InProcess<T>(Arc<T>);

impl<T> InProcess<T> {
    /// Shares the implementation. `GreeterClient::in_process` calls this.
    pub fn new(implementation: T) -> Self {
        Self(Arc::new(implementation))
    }
}

/// Answers calls of the method `M`. Generated for every implementation of the trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer calls of `{M}`",
    note = "implement the trait that `#[grpc_client]` is on, for the type inside"
)]
pub trait Handler<M: Method>: Clone + Send + Sync + 'static {
    /// Answers one call.
    fn handle(&self, message: Out<M>) -> impl Future<Output = Result<In<M>, M::Error>> + Send;
}

impl<T, M> Service<Request<M>> for InProcess<T>
where
    M: Method,
    InProcess<T>: Handler<M>,
{
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        let this = self.clone();
        carry_out(request, move |request| async move {
            match this.handle(request.into_message()).await {
                Ok(message) => Ok(Response::new(message)),
                Err(error) => Err(error.into_status()),
            }
        })
    }
}

/// Answers a call in this process: under its deadline, and so that whoever sends by hand learns of its end.
pub(crate) fn carry_out<M, F>(
    request: Request<M>,
    answer: impl FnOnce(Request<M>) -> F + Send + 'static,
) -> InvokeFuture<M>
where
    M: Method,
    F: Future<Output = Result<Response<M>, Status>> + Send + 'static,
{
    InvokeFuture::boxed(async move {
        let end = M::Kind::call_end(request.message());
        let deadline = request.options().deadline_from(request.method().timeout(), rt::now)?;
        let answered = async move {
            let response = match deadline {
                None => answer(request).await?,
                Some(deadline) => match rt::until(deadline, answer(request)).await {
                    Some(answered) => answered?.bound_by(deadline),
                    None => return Err(Status::deadline_exceeded(TOO_LATE)),
                },
            };
            Ok(response.into_parts())
        };
        let answered = M::Kind::begun(answered).await;
        let answered = answered.map(|(message, reply)| Response::from_parts(message, reply));
        let Some(end) = end else { return answered };
        match answered {
            Ok(response) => Ok(response.with_hook(move |ended: Ended<'_>| end.set(ended.result()))),
            Err(status) => {
                end.set(Err(status.clone()));
                Err(status)
            }
        }
    })
}

impl<T> Deref for InProcess<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for InProcess<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for InProcess<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("InProcess").finish_non_exhaustive()
    }
}

const TOO_LATE: &str = "the deadline passed before the in-process implementation answered";
