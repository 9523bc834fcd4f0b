//! The only names that generated code may use. Not for people: nothing here is stable between versions.

pub use core::future::Future;
pub use core::result::Result as StdResult;
pub use core::time::Duration;

pub use futures_core::Stream;
pub use tower_layer::Layer;

pub use crate::call::{
    Bidi, Call, ClientStreaming, In, IntoOutbound, Invoke, Method, Out, Outbound, ServerStreaming,
    Streaming, Unary,
};
pub use crate::channel::Channel;
pub use crate::client::{Boxed, BoxedService, Dispatch, Handler, InProcess};
pub use crate::codec::{Json, Prost, Raw};
pub use crate::method::{Idempotency, MethodDescriptor, MethodKind};
pub use crate::status::Status;
pub use {prost, prost_types};

// What the hidden methods of public traits name.
pub use crate::engine::{Incoming, RequestBody, RequestStream, SingleReply};
