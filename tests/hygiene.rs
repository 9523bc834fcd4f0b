//! Whatever the names around a trait mean, what it becomes means the same: here nothing is in scope
//! that a program usually has, and everything that generated code could think of is something else.

#![deny(
    warnings,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_lifetimes,
    unused_qualifications
)]

/// Nothing is imported, not even the standard library's prelude.
mod bare {
    #![no_implicit_prelude]

    /// A message.
    #[derive(::std::clone::Clone, ::std::cmp::PartialEq, ::prost::Message)]
    pub struct Message {}

    /// A service.
    #[::grpc_runtime::grpc_client(service = "hygiene.Bare", mock)]
    pub trait Bare {
        /// Unary.
        #[rpc(idempotent, timeout = "1s", wait_for_ready, max_request_bytes = 1)]
        #[rpc(retry(
            codes(UNAVAILABLE, ABORTED),
            backoff_multiplier = 3,
            attempt_timeout = "500ms"
        ))]
        async fn unary(
            &self,
            request: Message,
        ) -> ::std::result::Result<Message, ::grpc_runtime::Status>;
        /// Server streaming.
        #[rpc(hedge(delay = "20ms", allow_duplicates))]
        async fn list(
            &self,
            request: Message,
        ) -> ::std::result::Result<::grpc_runtime::Streaming<Message>, ::grpc_runtime::Status>;
        /// Client streaming.
        async fn collect(
            &self,
            requests: impl ::grpc_runtime::Stream<Item = Message>,
        ) -> ::std::result::Result<Message, ::grpc_runtime::Status>;
        /// Bidirectional, and compiled only in tests.
        #[cfg(test)]
        async fn chat(
            &self,
            requests: impl ::grpc_runtime::Stream<Item = Message>,
        ) -> ::std::result::Result<::grpc_runtime::Streaming<Message>, ::grpc_runtime::Status>;
    }
}

/// Everything has a name that is usually something else's.
mod shadowed {
    macro_rules! messages {
        ($($name:ident)*) => { $(
            /// A message.
            #[derive(Clone, PartialEq, prost::Message)]
            pub(crate) struct $name {}
        )* };
    }

    messages! { Option Vec Send Sync Sized Box Call Channel Future S T L M Invoke Services Boxed Unary }

    pub(crate) mod core {}
    pub(crate) mod std {}
    pub(crate) mod grpc_runtime {}
    pub(crate) mod codegen {}

    pub(crate) use ::grpc_runtime::{Status as Failure, Stream, Streaming};

    pub(crate) type Result<T, E> = ::core::result::Result<T, E>;

    /// A message that is called like the type of an error.
    #[derive(Clone, PartialEq, ::prost::Message)]
    pub(crate) struct Status {}

    /// A service.
    #[::grpc_runtime::grpc_client(service = "hygiene.Shadowed", module = bytes)]
    pub(crate) trait Shadowed {
        /// Takes an `Option`.
        async fn services(&self, request: Option) -> Result<Vec, Failure>;
        /// Takes a `Send`.
        async fn send(&self, request: Send) -> Result<Sync, Failure>;
        /// Takes `Sized`s.
        async fn s(&self, requests: impl Stream<Item = Sized>) -> Result<Box, Failure>;
        /// Takes a `Call`.
        async fn t(&self, request: Call) -> Result<Streaming<Channel>, Failure>;
        /// Takes an `S`.
        async fn l(&self, request: S) -> Result<T, Failure>;
        /// Takes an `L`.
        async fn m(&self, request: L) -> Result<M, Failure>;
        /// Takes a `Future`.
        async fn future(&self, request: Future) -> Result<Status, Failure>;
        /// Takes an `Invoke`.
        async fn service(&self, request: Invoke) -> Result<Services, Failure>;
        /// Takes a `Boxed`.
        #[cfg(test)]
        async fn unary(&self, request: Boxed) -> Result<Unary, Failure>;
    }
}

/// A trait whose name is that of a generic parameter, and whose types come out of a macro.
mod generated {
    use grpc_runtime::{Status, Stream, grpc_client};

    macro_rules! service {
        ($name:ident, $message:ty, $stream:ty, $result:ty) => {
            /// A service.
            #[grpc_client]
            pub(crate) trait $name {
                /// Unary.
                async fn unary(&self, request: $message) -> Result<$message, Status>;
                /// Client streaming.
                async fn collect(&self, requests: $stream) -> $result;
            }
        };
    }

    macro_rules! method {
        ($trait:ident, $method:ident, $argument:ident) => {
            /// A service whose names come from elsewhere than its types.
            #[grpc_client]
            pub(crate) trait $trait {
                /// Unary.
                async fn $method(&self, $argument: ()) -> Result<(), Status>;
            }
        };
    }

    method!(Named, method, argument);
    service!(T, (), impl Stream<Item = ()>, Result<(), Status>);
    service!(S, (), impl Stream<Item = ()> + Send + 'static, Result<(), Status>);
}

#[test]
fn services_are_named_as_written() {
    use grpc_runtime::Method;

    assert_eq!(bare::bare::Chat::DESCRIPTOR.path(), "/hygiene.Bare/Chat");
    assert_eq!(shadowed::bytes::ServicesMethod::DESCRIPTOR.path(), "/hygiene.Shadowed/Services");
    assert_eq!(generated::t::Unary::DESCRIPTOR.path(), "/T/Unary");
    assert_eq!(generated::s::Collect::DESCRIPTOR.path(), "/S/Collect");
}
