//! The typed edge: a method is a type, a call is a `tower::Service<Request<M>>`, and a client method returns a
//! builder that can be awaited.
//!
//! Not the channel: everything here runs over any service. [`service`] is where the channel becomes one.

mod any;
mod builder;
mod call_in_bytes;
mod cancel;
mod channel_calls;
mod context;
mod dynamic;
mod ended;
mod guard;
mod invoke;
mod invoke_future;
mod kind;
mod method;
mod outbound;
mod request;
mod response;
mod send;
mod service;
mod settings;
mod streaming;

pub use self::any::{AnyKind, AnyMethod, AnyRequest, AnyResponse};
pub use self::builder::{Call, CallFuture};
pub use self::call_in_bytes::{BoundFor, CallInBytes, EncodedRequest, StreamInBytes};
pub use self::cancel::{CancelHandle, CancelOnDrop};
pub use self::channel_calls::{ChannelCalls, InvokeBytes};
pub use self::context::CallContext;
pub use self::dynamic::DynamicMethod;
pub(crate) use self::ended::EndGuard;
pub use self::ended::{EndHook, Ended};
pub use self::invoke::Invoke;
pub use self::invoke_future::{BoxedCall, InvokeFuture};
pub use self::kind::{
    Bidi, ClientStreaming, Kind, Script, ServerStreaming, SingleRequest, SingleResponse,
    StreamingResponse, Unary,
};
pub use self::method::{Idempotent, In, Method, Out};
pub use self::outbound::{IntoOutbound, Outbound, OutboundSender, OutboundSink, outbound};
pub use self::request::Request;
pub use self::response::Response;
pub use self::send::{SendFuture, Watch};
pub(crate) use self::service::BoxFuture;
pub use self::settings::MethodSettings;
pub use self::streaming::Streaming;
