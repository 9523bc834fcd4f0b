//! [`DynamicMethod`]: stands for all methods of one kind, whose messages are bytes.
//!
//! For clients without types, and for the layers of a channel, which see the calls of every client so.

use std::marker::PhantomData;

use bytes::Bytes;

use crate::call::kind::{Bidi, ClientStreaming, ServerStreaming, Unary};
use crate::call::method::Method;
use crate::codec::Raw;
use crate::method::{MethodDescriptor, MethodKind};
use crate::status::Status;

/// Stands for every method of one kind in layers; [`Request::method`](crate::Request::method) tells which it is. Messages
/// are [`Bytes`], as they are on the wire: those of a [`DynamicClient`](crate::DynamicClient), and of every client whose
/// [channel has layers](crate::ChannelBuilder::layer).
#[derive(Debug)]
pub struct DynamicMethod<K>(PhantomData<fn() -> K>);

macro_rules! dynamic_method {
    ($kind:ident) => {
        impl Method for DynamicMethod<$kind> {
            type Request = Bytes;
            type Response = Bytes;
            type Kind = $kind;
            type Codec = Raw;
            type Error = Status;
            const DESCRIPTOR: &'static MethodDescriptor =
                &MethodDescriptor::new("/dynamic/call", MethodKind::$kind);
        }
    };
}

dynamic_method!(Unary);
dynamic_method!(ServerStreaming);
dynamic_method!(ClientStreaming);
dynamic_method!(Bidi);
