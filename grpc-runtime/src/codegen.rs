//! The only names that generated code may use. Not for people: nothing here is stable between versions.

pub use core::future::{Future, IntoFuture};
pub use core::result::Result as StdResult;
pub use core::time::Duration;
pub use std::boxed::Box;
pub use std::sync::Arc;

pub use futures_core::Stream;
pub use tower_layer::Layer as TowerLayer;

pub use crate::attempts::{hedging_policy, retry_policy};
pub use crate::call::{
    Bidi, Call, CallFuture, ClientStreaming, Idempotent, In, IntoOutbound, Invoke, Method, Out,
    Outbound, Request, Response, ServerStreaming, Streaming, Unary,
};
pub use crate::channel::Channel;
pub use crate::client::{
    Below, Boxed, BoxedService, ByMethod, DeclaredLayer, Dispatch, Handler, HasService, InProcess,
    behind, behind_for, boxed_behind,
};
pub use crate::codec::{Json, Prost, Raw};
pub use crate::compression::Encoding;
pub use crate::layer::interceptor::{Intercept, Intercepted, Interceptor};
pub use crate::method::{Idempotency, MethodDescriptor, MethodKind};
pub use crate::status::{Code, FromStatus, Status};
pub use crate::testing::{Expectation, Mock, MockService};
pub use {prost, prost_types};

// What the hidden methods of public traits name.
pub use crate::call::{
    BoundFor, BoxedCall, CallInBytes, EncodedRequest, EndHook, Script, StreamInBytes, Watch,
};
pub use crate::engine::{CallEnd, Incoming, RequestBody, RequestStream, SingleReply};

/// [`tower::Layer`](tower_layer::Layer) under a name of our own, so that the compiler can say what to do where a client
/// is given something else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "a client takes a `tower::Layer` here",
    note = "an interceptor becomes a layer by `grpc_runtime::Intercept(..)`, a function by `grpc_runtime::layer::from_fn(..)`",
    note = "`only` and `Intercept` fit on any client; `ForMethod` fits on a boxed one"
)]
pub trait Layer<S> {
    /// What the service becomes.
    type Service;

    /// Puts the layer around a service.
    fn layer(&self, inner: S) -> Self::Service;
}

#[diagnostic::do_not_recommend]
impl<S, L: tower_layer::Layer<S>> Layer<S> for L {
    type Service = L::Service;

    fn layer(&self, inner: S) -> L::Service {
        tower_layer::Layer::layer(self, inner)
    }
}

/// Includes what `grpc-build` generated in this package's build script.
///
/// It stands where the packages of the `.proto` files are to be modules, most often at the top of `lib.rs` or
/// `main.rs`. `include_protos!()` takes `protos.rs`, the generator's default;
/// `include_protos!("name.rs")` takes the file that its `include_file` named.
#[macro_export]
macro_rules! include_protos {
    () => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/protos.rs"));
    };
    ($file:literal) => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/", $file));
    };
}
