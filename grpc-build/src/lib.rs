//! Turns `.proto` files into prost messages and, for each service, a trait with `#[grpc_client]` on it.
//!
//! It is called from a build script, needs no `protoc`, and writes one file:
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     grpc_build::compile_protos("proto/helloworld.proto")?;
//!     Ok(())
//! }
//! ```
//!
//! ```ignore
//! // src/lib.rs
//! grpc_runtime::include_protos!();
//! use helloworld::{GreeterClient, HelloRequest};
//! ```
//!
//! Files say `syntax = "proto2";` or `"proto3";`. Editions are an error, from a descriptor set as well.
//!
//! # What comes out
//!
//! Packages become nested modules: `google.type` is `google::r#type`. A message is a prost struct, a
//! service is a trait as one would write it by hand, with the comments of the `.proto` file:
//!
//! ```ignore
//! #[::grpc_runtime::grpc_client(service = "helloworld.Greeter")]
//! pub trait Greeter {
//!     /// Greets one person.
//!     #[rpc(no_side_effects)]
//!     async fn say_hello(&self, request: HelloRequest) -> ::core::result::Result<HelloReply, ::grpc_runtime::Status>;
//! }
//! ```
//!
//! The attribute makes the client, `GreeterClient`, and the module `greeter` of method types beside
//! it. `idempotency_level` becomes `idempotent` or `no_side_effects`, `deprecated` becomes
//! `#[deprecated]`, streams become `impl Stream` and `Streaming`. The code refers to `::grpc_runtime` alone, prost
//! included, so a program needs no further dependency.
//!
//! # Names that need care
//!
//! The wire name of a service or method never changes. Its Rust name does, by these rules, where it
//! could not be written or is taken:
//!
//! | in the `.proto` file | in Rust |
//! |---|---|
//! | service `Self`, or one whose trait name is taken by a message | `SelfService`; if that is taken too, `SelfService2`, .. |
//! | a message (or service) has the client's name, `GreeterClient` | the client is `GreeterServiceClient`, then `GreeterServiceClient2`, .. |
//! | a sub-package or a message's inner types own the module `greeter` | the module is `greeter_service`, then `greeter_service2`, .. |
//! | method `Type`, `Match`, any keyword | `r#type`, `r#match` |
//! | method `Self`, `Super`, `Crate` | `self_`, `super_`, `crate_` |
//! | method `New`, `WithService`, `Layer`, `Boxed`, `InProcess`, `Clone`: the client has these | `new_`, `with_service_`, .. |
//! | methods `GetUser` and `getUser` | `get_user` and, for the later one, `get_user2` |
//!
//! Messages are never renamed, because other code names them: two that would become one are an error.
//!
//! # Generated code under version control
//!
//! The program `grpc-build` does the same from a shell: `grpc-build generate` writes the file,
//! `grpc-build check` fails with a diff where the one in the tree is stale. `grpc-build --help` lists
//! its options.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `command` | yes | the program `grpc-build`; a build script builds a little faster without |
#![forbid(unsafe_code)]

mod environment;
mod error;
mod names;
mod paths;
mod pattern;

mod descriptor;
mod source;

mod output;

mod config;
mod generate;

pub use self::config::Config;
pub use self::error::{Diagnostic, Error, ErrorKind};
pub use self::output::Generated;
pub use self::paths::{NO_PATHS, Paths};

/// Reads one `.proto` file or several, and everything that they import, and writes `protos.rs` into
/// Cargo's `OUT_DIR`.
///
/// Imports are looked up in the folder of each file, outermost first, and then in the package's own;
/// for other folders and all options see [`configure`].
///
/// # Errors
///
/// Whatever [`ErrorKind`] lists; the text of the [`Error`] is ready to be shown.
pub fn compile_protos(protos: impl Paths) -> Result<(), Error> {
    configure().compile(protos, NO_PATHS)
}

/// The options, at their defaults: the same as [`Config::new`].
pub fn configure() -> Config {
    Config::new()
}
