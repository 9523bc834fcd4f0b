//! A service without methods, as a .proto file may have one.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use grpc_runtime::grpc_client;

/// A service.
#[grpc_client(service = "a.Nothing")]
pub trait Nothing {}

struct Fake;

impl Nothing for Fake {}

fn is_nothing<T: Nothing>(_: &T) {}

fn main() {
    assert_eq!(nothing::SERVICE, "a.Nothing");
    is_nothing(&NothingClient::in_process(Fake).boxed());
}
