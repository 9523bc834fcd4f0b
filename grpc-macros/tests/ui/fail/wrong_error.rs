//! An error that is not made of a status, and one that is not the trait's.

use grpc_runtime::{Status, grpc_client};


#[derive(Debug)]
pub struct MyError;

#[grpc_client]
pub trait Service {
    async fn call(&self, request: ()) -> Result<(), MyError>;
}

pub struct Typed(Status);

impl From<Status> for Typed {
    fn from(status: Status) -> Self {
        Self(status)
    }
}

impl From<Typed> for Status {
    fn from(error: Typed) -> Status {
        error.0
    }
}

#[grpc_client(error = Typed)]
pub trait Other {
    async fn fits(&self, request: ()) -> Result<(), Typed>;
    async fn differs(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
