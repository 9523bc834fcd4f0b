//! Layers around a whole channel: calls of every client, as bytes, through one stack.
//!
//! Below the codec of the client and above the engine: a call comes through once, however often it is sent. A channel
//! without layers knows nothing of this.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tower_layer::Layer;
use tower_service::Service;

use crate::call::call_in_bytes::{BoundFor, EncodedRequest, InBytes};
use crate::call::dynamic::DynamicMethod;
use crate::call::invoke::Invoke;
use crate::call::invoke_future::InvokeFuture;
use crate::call::kind::{Bidi, ClientStreaming, ServerStreaming, Unary};
use crate::call::request::Request;
use crate::call::response::Response;
use crate::channel::{Channel, ChannelBuilder, ChannelLayer, Layered};
use crate::engine::{CallOptions, RequestBody};
use crate::framing::message_of;
use crate::method::{MethodKind, MethodRef};
use crate::status::Status;

impl ChannelBuilder {
    /// Puts a layer around all calls of the channel, whichever client makes them: set once, where the channel is made, and
    /// not at each client. The channel stays a [`Channel`]. Default: none.
    ///
    /// A layer sees each method as the [`DynamicMethod`] of its kind, whose messages are [`Bytes`]: path, options,
    /// metadata, and the outcome are there as ever. So every layer that is for all methods fits, an
    /// [`Interceptor`](crate::Interceptor) as well as [`Trace`](crate::layer::Trace) or tower's own. One that
    /// needs the messages as themselves belongs on a client: wrapped in [`only`](crate::layer::only()), or as a function of
    /// one method's types, it would fit, and see no call. The layer that is added last is the first to see a call. It
    /// sees each call once; for each attempt there is
    /// [`attempt_interceptor`](ChannelBuilder::attempt_interceptor).
    ///
    /// ```
    /// # fn example() -> Result<(), grpc_runtime::ChannelError> {
    /// use grpc_runtime::layer::{self, ConcurrencyLimit};
    /// use grpc_runtime::{Channel, Code};
    ///
    /// let channel = Channel::builder("dns:///greeter.prod:50051")
    ///     .layer(ConcurrencyLimit::per_method(100))
    ///     .layer(layer::on_end(|method, ended| {
    ///         if ended.code() != Code::Ok {
    ///             eprintln!("{method}: {}", ended.code());
    ///         }
    ///     }))
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    ///
    /// It costs a call three allocations; the messages of a request stream are copied once more. In process there is no channel, and so none of its
    /// layers.
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<ChannelCalls> + Send + Sync + 'static,
        L::Service: InvokeBytes,
    {
        self.around_calls(Around(layer))
    }
}

/// Carries calls of every kind whose messages are bytes: what a layer of a
/// [channel](crate::ChannelBuilder::layer) has to be. Not to be implemented: a service has it that carries all four
/// [`DynamicMethod`]s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not carry calls of every kind, and cannot be around a whole channel",
    label = "not a layer for all methods",
    note = "a layer of a channel sees each method as the `DynamicMethod` of its kind, with `Bytes` for messages: it has to be for all methods, as `impl<M: Method> Interceptor<M>` is; one for a single method goes on a client, wrapped in `grpc_runtime::layer::only::<ItsMethod, _>(..)`",
    note = "its service has to be `Clone + Send + Sync + 'static`"
)]
pub trait InvokeBytes:
    Invoke<DynamicMethod<Unary>>
    + Invoke<DynamicMethod<ServerStreaming>>
    + Invoke<DynamicMethod<ClientStreaming>>
    + Invoke<DynamicMethod<Bidi>>
    + Sync
{
}

// One mistake is one message: that of the trait, and not one for each kind.
#[diagnostic::do_not_recommend]
impl<S> InvokeBytes for S where
    S: Invoke<DynamicMethod<Unary>>
        + Invoke<DynamicMethod<ServerStreaming>>
        + Invoke<DynamicMethod<ClientStreaming>>
        + Invoke<DynamicMethod<Bidi>>
        + Sync
{
}

/// The calls of a channel as its layers see them: what a layer of
/// [`ChannelBuilder::layer`](crate::ChannelBuilder::layer) is put around. Cheap to clone.
#[derive(Clone)]
pub struct ChannelCalls(Arc<dyn Carry>);

/// [`InvokeBytes`] as a trait object.
trait Carry: Send + Sync {
    fn unary(&self, request: Request<DynamicMethod<Unary>>) -> Carried<Unary>;
    fn server_streaming(
        &self,
        request: Request<DynamicMethod<ServerStreaming>>,
    ) -> Carried<ServerStreaming>;
    fn client_streaming(
        &self,
        request: Request<DynamicMethod<ClientStreaming>>,
    ) -> Carried<ClientStreaming>;
    fn bidi(&self, request: Request<DynamicMethod<Bidi>>) -> Carried<Bidi>;
}

type Carried<K> = InvokeFuture<DynamicMethod<K>>;

impl<S: InvokeBytes> Carry for S {
    fn unary(&self, request: Request<DynamicMethod<Unary>>) -> Carried<Unary> {
        self.clone().invoke(request)
    }

    fn server_streaming(
        &self,
        request: Request<DynamicMethod<ServerStreaming>>,
    ) -> Carried<ServerStreaming> {
        self.clone().invoke(request)
    }

    fn client_streaming(
        &self,
        request: Request<DynamicMethod<ClientStreaming>>,
    ) -> Carried<ClientStreaming> {
        self.clone().invoke(request)
    }

    fn bidi(&self, request: Request<DynamicMethod<Bidi>>) -> Carried<Bidi> {
        self.clone().invoke(request)
    }
}

/// The channel itself.
struct Bare(Channel);

impl Carry for Bare {
    fn unary(&self, request: Request<DynamicMethod<Unary>>) -> Carried<Unary> {
        self.0.clone().call(request)
    }

    fn server_streaming(
        &self,
        request: Request<DynamicMethod<ServerStreaming>>,
    ) -> Carried<ServerStreaming> {
        self.0.clone().call(request)
    }

    fn client_streaming(
        &self,
        request: Request<DynamicMethod<ClientStreaming>>,
    ) -> Carried<ClientStreaming> {
        self.0.clone().call(request)
    }

    fn bidi(&self, request: Request<DynamicMethod<Bidi>>) -> Carried<Bidi> {
        self.0.clone().call(request)
    }
}

macro_rules! carries {
    ($kind:ident, $carry:ident) => {
        impl ChannelCalls {
            pub(super) fn $carry(&self, request: Request<DynamicMethod<$kind>>) -> Carried<$kind> {
                self.0.$carry(request)
            }
        }

        impl Service<Request<DynamicMethod<$kind>>> for ChannelCalls {
            type Response = Response<DynamicMethod<$kind>>;
            type Error = Status;
            type Future = Carried<$kind>;

            /// Always ready: what is behind it is waited for when it is called.
            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: Request<DynamicMethod<$kind>>) -> Self::Future {
                self.0.$carry(request)
            }
        }
    };
}

carries!(Unary, unary);
carries!(ServerStreaming, server_streaming);
carries!(ClientStreaming, client_streaming);
carries!(Bidi, bidi);

impl fmt::Debug for ChannelCalls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ChannelCalls").finish_non_exhaustive()
    }
}

struct Around<L>(L);

impl<L> ChannelLayer for Around<L>
where
    L: Layer<ChannelCalls> + Send + Sync,
    L::Service: InvokeBytes,
{
    fn around(&self, bare: &Channel, inside: Option<Layered>) -> Layered {
        let calls = match inside.as_ref().and_then(|inside| inside.downcast_ref()) {
            Some(calls) => ChannelCalls::clone(calls),
            None => ChannelCalls(Arc::new(Bare(bare.clone()))),
        };
        Arc::new(ChannelCalls(Arc::new(self.0.layer(calls))))
    }
}

impl ChannelCalls {
    /// Carries a call through the layers of its channel. The message is left framed in the options, where it is found again
    /// if no layer puts another in its place.
    pub(super) fn carry(
        &self,
        kind: MethodKind,
        method: MethodRef,
        mut options: CallOptions,
        encoded: Result<EncodedRequest, Status>,
    ) -> InBytes {
        match (encoded, kind) {
            (Ok(EncodedRequest::Body(RequestBody::Message(framed))), _) => {
                let bytes = framed.slice_ref(message_of(&framed));
                options.set_framed(framed);
                match kind {
                    MethodKind::Unary => {
                        InBytes::Unary(self.unary(Request::from_parts(bytes, method, options)))
                    }
                    _ => InBytes::ServerStreaming(
                        self.server_streaming(Request::from_parts(bytes, method, options)),
                    ),
                }
            }
            (Ok(EncodedRequest::Messages(messages)), MethodKind::ClientStreaming) => {
                let request = Request::from_parts(messages, method, options);
                InBytes::ClientStreaming(self.client_streaming(request))
            }
            (Ok(EncodedRequest::Messages(messages)), _) => {
                InBytes::Bidi(self.bidi(Request::from_parts(messages, method, options)))
            }
            (Ok(EncodedRequest::Body(RequestBody::Stream(_))), _) => {
                unreachable!("it was encoded for layers")
            }
            (Err(status), _) => InBytes::Failed(status),
        }
    }
}

/// The message as it was framed on its way to the layers, if it is still that one and nothing else is to be done to it.
pub(super) fn framed_already(
    options: &mut CallOptions,
    message: &dyn Any,
    bound_for: &BoundFor,
) -> Option<Bytes> {
    let framed = options.take_framed()?;
    let BoundFor::Wire(framing) = bound_for else { return None };
    let message: &Bytes = message.downcast_ref()?;
    let before = message_of(&framed);
    let is_the_same = message.as_ptr() == before.as_ptr() && message.len() == before.len();
    let is_ready = framing.compression.is_none() && message.len() <= framing.max_bytes;
    (is_the_same && is_ready).then_some(framed)
}
