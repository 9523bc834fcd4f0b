//! What the example programs share: generated code, and real servers of another make (tonic) to call.
//!
//! A lesson is a program in `src/bin`. Nothing is taught here, apart from the one line that includes what
//! the build script generated. The servers live in the process of the example, listen on a free loopback
//! port, and end with it.
#![forbid(unsafe_code)]

mod certificates;
mod greeter;
mod local_server;
mod route_guide;

pub use certificates::{Authority, Certificate};
pub use greeter::Greeting;
pub use local_server::{Implementation, LocalServer};
pub use route_guide::Guide;

grpc_runtime::include_protos!();

/// tonic's server stubs, one module a package, for programs that bring a server of their own.
#[expect(unused_qualifications, reason = "tonic writes them")]
#[allow(
    clippy::allow_attributes_without_reason,
    reason = "tonic writes them; only clippy could fulfil an `expect`"
)]
pub mod stubs {
    /// Servers of `helloworld.proto`.
    pub mod helloworld {
        include!(concat!(env!("OUT_DIR"), "/helloworld.rs"));
    }

    /// Servers of `routeguide.proto`.
    pub mod routeguide {
        include!(concat!(env!("OUT_DIR"), "/routeguide.rs"));
    }
}
