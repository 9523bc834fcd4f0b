//! Generates the clients of the examples with grpc-build, and tonic's stubs for the servers they call.
//!
//! A program of your own needs the first half only: one line, as in `compile_protos("proto/x.proto")?`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let protos = ["../proto/helloworld.proto", "../proto/routeguide.proto"];
    grpc_build::configure()
        .prost_path("::grpc_runtime::codegen::prost")
        .prost_types_path("::grpc_runtime::codegen::prost_types")
        .compile(protos, "../proto")?;

    // The servers are of another make, so that the examples talk to something real. They share the
    // messages above.
    let descriptors = protox::compile(["helloworld.proto", "routeguide.proto"], ["../proto"])?;
    tonic_prost_build::configure()
        .build_client(false)
        .extern_path(".helloworld", "crate::helloworld")
        .extern_path(".routeguide", "crate::routeguide")
        .compile_fds(descriptors)?;
    Ok(())
}
