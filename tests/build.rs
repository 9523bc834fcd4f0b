//! Generates what the support library speaks: messages once, and tonic's server stubs over them.
//!
//! The stubs are another project's generator on purpose: a server that shared ours would share its errors.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use protox::prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    let proto = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo names the folder")?)
        .join("../proto");
    println!("cargo::rerun-if-changed={}", proto.join("helloworld.proto").display());
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names the output folder")?);

    let descriptors = protox::compile(["helloworld.proto"], [&proto])?;
    fs::write(out.join("helloworld.descriptors"), descriptors.encode_to_vec())?;
    let messages = out.join("messages");
    let servers = out.join("servers");
    fs::create_dir_all(&messages)?;
    fs::create_dir_all(&servers)?;
    tonic_prost_build::configure()
        .build_client(false)
        .build_server(false)
        .out_dir(messages)
        .compile_fds(descriptors.clone())?;
    tonic_prost_build::configure()
        .build_client(false)
        .extern_path(".helloworld", "crate::helloworld")
        .out_dir(servers)
        .compile_fds(descriptors)?;

    // Our own generator, for the suites that are about it.
    let awkward = ["keywords", "collisions", "no_package", "old"];
    let awkward = awkward.map(|name| format!("proto/awkward/{name}.proto"));
    grpc_build::configure().include_file("awkward.rs").compile(awkward, grpc_build::NO_PATHS)?;
    let greeter = proto.join("helloworld.proto");
    grpc_build::configure().include_file("greeter.rs").compile(greeter, grpc_build::NO_PATHS)?;
    Ok(())
}
