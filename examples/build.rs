//! Generates the clients of the examples with grpc-build, and tonic's stubs for the servers they call.
//!
//! A program of your own needs the first half only, or one line: `grpc_build::compile_protos("proto/x.proto")?`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    grpc_build::configure().compile([HELLOWORLD, ROUTE_GUIDE, ETCD], ["../proto"])?;

    // The servers are of another make, so that the examples talk to something real. They share the messages
    // above.
    let descriptors = protox::compile([HELLOWORLD, ROUTE_GUIDE], ["../proto"])?;
    tonic_prost_build::configure()
        .build_client(false)
        .extern_path(".helloworld", "crate::helloworld")
        .extern_path(".routeguide", "crate::routeguide")
        .compile_fds(descriptors)?;
    Ok(())
}

const HELLOWORLD: &str = "../proto/helloworld.proto";
const ROUTE_GUIDE: &str = "../proto/routeguide.proto";
const ETCD: &str = "../proto/etcd/rpc.proto";
