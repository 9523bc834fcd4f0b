//! Names of services and packages that the wire cannot carry.

use grpc_runtime::{Status, grpc_client};

#[grpc_client(service = "")]
pub trait Empty {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(service = "a/Service")]
pub trait Slash {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(service = "/a.Service")]
pub trait LeadingSlash {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(service = ".a.Service")]
pub trait LeadingDot {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(service = "a.Service.")]
pub trait TrailingDot {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(service = "a..Service")]
pub trait TwoDots {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(service = "a Service")]
pub trait Space {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(service = "a.1Service")]
pub trait Digit {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(package = "")]
pub trait EmptyPackage {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(package = "a/b")]
pub trait SlashPackage {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client]
pub trait Über {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
