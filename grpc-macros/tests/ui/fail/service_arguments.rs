//! Arguments of the trait's attribute that are not.

use grpc_runtime::{Status, grpc_client};


#[grpc_client(services = "a.Service", codex = Json, service = "a.Service", service = "b.Service")]
pub trait Unknown {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(service = a.Service, codec = "Json", client = "Client", module = 1, crate = "runtime")]
pub trait Kinds {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(service, package("a"), codec, client, "a.Service", =)]
pub trait Valueless {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(service = "a.Service" package = "a")]
pub trait Commaless {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client("a.Service")]
pub trait Nameless {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(service = "a.Service", package = "a")]
pub trait Both {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(client = Same)]
pub trait Same {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client(client = Clients, module = Clients)]
pub trait Twins {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

#[grpc_client]
#[allow(non_camel_case_types)]
pub trait lower {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

fn main() {}
