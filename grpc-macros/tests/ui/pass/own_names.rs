//! A client and a module with names of the user's own.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use grpc_runtime::{Method, Status, grpc_client};

/// A service.
#[grpc_client(service = "helloworld.Greeter", client = Hello, module = calls,)]
pub trait Greeter {
    /// A method.
    #[rpc(name = "say_hello_1")]
    async fn say_hello(&self, request: ()) -> Result<(), Status>;
}

/// A service whose name makes a module of its own name, which it is told not to.
#[grpc_client(module = lower_methods)]
#[allow(non_camel_case_types, reason = "to be in lower case")]
pub trait lower {
    /// A method.
    async fn call(&self, request: ()) -> Result<(), Status>;
}

fn main() {
    assert_eq!(calls::SayHello::DESCRIPTOR.path(), "/helloworld.Greeter/say_hello_1");
    let _: fn(Hello<calls::Boxed>) -> Hello<calls::Boxed> = Hello::boxed;
    assert_eq!(lower_methods::SERVICE, "lower");
}
