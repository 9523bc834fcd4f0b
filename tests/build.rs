//! Generates what the suites speak: messages and clients with grpc-build, and tonic's server stubs over the
//! same messages.
//!
//! The stubs are another project's on purpose: a server that shared our generator would share its errors.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    grpc_build::configure()
        .file_descriptor_set_path("helloworld.descriptors")
        .compile("../proto/helloworld.proto", "../proto")?;

    let descriptors = protox::compile(["helloworld.proto"], ["../proto"])?;
    tonic_prost_build::configure()
        .build_client(false)
        .extern_path(".helloworld", "crate::helloworld")
        .compile_fds(descriptors)?;

    // For the suite that is about names.
    let awkward = ["keywords", "collisions", "no_package", "old"];
    let awkward = awkward.map(|name| format!("proto/awkward/{name}.proto"));
    grpc_build::configure().include_file("awkward.rs").compile(awkward, grpc_build::NO_PATHS)?;
    Ok(())
}
