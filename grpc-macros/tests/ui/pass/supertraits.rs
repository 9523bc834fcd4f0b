//! A client is what its service's supertraits ask for, where it is.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use std::fmt::Debug;

use grpc_runtime::{Status, grpc_client};

/// Something with a name.
pub trait Named {
    /// The name.
    fn name(&self) -> String;
}

impl Named for MockService {
    fn name(&self) -> String {
        String::from("mock")
    }
}

impl<S> Named for ServiceClient<S> {
    fn name(&self) -> String {
        String::from("client")
    }
}

/// A service.
#[grpc_client(mock)]
pub trait Service: Debug + Named + Send {
    /// A method.
    async fn call(&self, request: ()) -> Result<(), Status>;
}

/// A service whose supertrait no client has, nor the mock.
#[grpc_client(mock)]
pub trait Unreachable: Named {
    /// A method.
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[derive(Debug)]
struct Fake;

impl Named for Fake {
    fn name(&self) -> String {
        String::from("fake")
    }
}

impl Service for Fake {
    async fn call(&self, (): ()) -> Result<(), Status> {
        Ok(())
    }
}

fn name_of<T: Service>(service: &T) -> String {
    service.name()
}

fn main() {
    assert_eq!(name_of(&Fake), "fake");
    assert_eq!(name_of(&MockService::new()), "mock");
    assert!(MockUnreachable::new().check().is_ok());
    assert_eq!(name_of(&ServiceClient::in_process(Fake)), "client");
    assert_eq!(name_of(&ServiceClient::in_process(Fake).boxed()), "client");
}
