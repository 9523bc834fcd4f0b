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
pub use crate::compression::Encoding;
pub use crate::method::{Idempotency, MethodDescriptor, MethodKind};
pub use crate::status::Status;
pub use {prost, prost_types};

// What the hidden methods of public traits name.
pub use crate::call::EndHook;
pub use crate::engine::{Incoming, RequestBody, RequestStream, SingleReply};

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
