//! [`InvokeFuture`]: a call under way, whatever carries it.
//!
//! One type for all services, so that what holds one has no type that grows with each layer: programs compile in less
//! time, and the errors of the compiler stay readable. Who carries the call is decided before, in `invoke`.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::call::call_in_bytes::{CallInBytes, InBytes};
use crate::call::kind::Kind;
use crate::call::method::Method;
use crate::call::response::Response;
use crate::call::service::BoxFuture;
use crate::engine::panicked;
use crate::status::{Delivery, Status};

/// A call under way through a service: what [`Invoke::invoke`](crate::Invoke::invoke) gives back.
///
/// It may have started already. A service that gives on what the next one answers has this for its future, which costs
/// nothing; any other future that a service answers with is put into one box, if it is not in one.
///
/// ```
/// use std::task::{Context, Poll};
///
/// use grpc_runtime::{Invoke, InvokeFuture, Method, Request, Response, Status};
/// use tower::Service;
///
/// #[derive(Clone)]
/// struct Counted<S>(S);
///
/// impl<S: Invoke<M>, M: Method> Service<Request<M>> for Counted<S> {
///     type Response = Response<M>;
///     type Error = Status;
///     type Future = InvokeFuture<M>;
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, request: Request<M>) -> InvokeFuture<M> {
///         println!("one more call of {}", request.method());
///         self.0.clone().invoke(request)
///     }
/// }
/// ```
///
/// # Cancel safety
/// Dropping it cancels the call: the server is told, if it has heard of it.
#[must_use = "a call that is dropped is cancelled"]
pub struct InvokeFuture<M: Method>(Way<M>);

enum Way<M: Method> {
    /// Through services: layers, fakes, and what else a program has.
    Services { call: Answering<M>, catches: bool },
    /// By its channel.
    InBytes(Box<dyn CallInBytes>),
}

/// Said, and not left to the compiler to find out, which it does anew for each method.
impl<M: Method> Unpin for InvokeFuture<M> {}

/// A call of any service, as many a service has it for its future.
type Answering<M> = BoxFuture<Result<Response<M>, Status>>;

/// The same before it is pinned. The compiler has less to prove where a future becomes one of these than where it becomes
/// the other.
pub type BoxedCall<M> = Box<dyn Future<Output = Result<Response<M>, Status>> + Send>;

impl<M: Method> InvokeFuture<M> {
    /// What a service answers with.
    pub(crate) fn of_service(call: Answering<M>) -> Self {
        Self(Way::Services { call, catches: false })
    }

    /// What a service answers with that has work of its own to do.
    pub(crate) fn boxed(
        call: impl Future<Output = Result<Response<M>, Status>> + Send + 'static,
    ) -> Self {
        let call: BoxedCall<M> = Box::new(call);
        Self::of_service(Box::into_pin(call))
    }

    /// The same for code of the program's, whose panic fails the call with INTERNAL.
    pub(crate) fn catching(call: BoxedCall<M>) -> Self {
        Self(Way::Services { call: Box::into_pin(call), catches: true })
    }

    pub(super) fn in_bytes(call: Box<dyn CallInBytes>) -> Self {
        Self(Way::InBytes(call))
    }

    /// A call that came to nothing.
    pub(crate) fn failed(status: Status) -> Self {
        Self::in_bytes(Box::new(InBytes::Failed(status)))
    }
}

impl<M: Method> Future for InvokeFuture<M> {
    type Output = Result<Response<M>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.get_mut().0 {
            Way::InBytes(call) => {
                let received =
                    <M::Kind as Kind<_, _>>::poll_receive::<M::Codec>(&mut **call, context);
                Poll::Ready(match ready!(received) {
                    Ok((message, reply)) => Ok(Response::from_parts(message, reply)),
                    Err(status) => Err(status),
                })
            }
            Way::Services { call, catches: false } => call.as_mut().poll(context),
            Way::Services { call, catches: true } => {
                let mut polled = Poll::Pending;
                match caught(&mut || polled = call.as_mut().poll(context)) {
                    Ok(()) => polled,
                    Err(status) => Poll::Ready(Err(status)),
                }
            }
        }
    }
}

/// After a panic the call is over, and is not polled again.
fn caught(poll: &mut dyn FnMut()) -> Result<(), Status> {
    catch_unwind(AssertUnwindSafe(poll)).map_err(|panic| {
        let status = panicked("a layer, or what it carries the call to,", panic.as_ref());
        status.with_delivery(Delivery::Unknown)
    })
}

impl<M: Method> fmt::Debug for InvokeFuture<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("InvokeFuture").field(&M::DESCRIPTOR.path()).finish()
    }
}
