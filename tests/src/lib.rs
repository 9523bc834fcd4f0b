//! What the suites share: peers to call, certificates, and bounded waits.
//!
//! - [`server`]: a real gRPC server of another make (tonic), to be told how to behave.
//! - [`peer`]: a scripted HTTP/2 peer for what no honest server would do.
//! - [`cluster`]: several such servers that are one service, each of which comes and goes by itself.
//! - [`names`]: a DNS server whose records change.
//! - [`load`]: calls from several tasks until told to stop.
//! - [`network`]: servers in memory that run in the test's own, virtual time.
//! - [`client`]: the client under test, by a hand-written trait.
//! - [`balancing`]: a load-balancing policy, driven by hand.
//! - [`certificates`]: an authority and leaves, made for one test.
//! - [`helloworld`]: messages and client of `proto/helloworld.proto`, as grpc-build writes them.
//! - [`within`]: a bound for every wait.
//!
//! But for those of [`network`], servers and peers run on threads of their own with their own runtimes, so they neither show up in what
//! a test measures on its thread nor stop when a test pauses tokio's clock. They listen on free loopback
//! ports, and dropping the handle ends them.
//!
//! Nothing here is the code under test; the suites are in `tests/*.rs`.
#![forbid(unsafe_code)]

pub mod balancing;
pub mod certificates;
pub mod client;
pub mod cluster;
pub mod load;
pub mod names;
pub mod network;
pub mod peer;
pub mod server;
mod wait;

pub use wait::{PATIENCE, within};

grpc_runtime::include_protos!();

/// The encoded `FileDescriptorSet` of `helloworld.proto`.
pub const HELLOWORLD_DESCRIPTORS: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/helloworld.descriptors"));
