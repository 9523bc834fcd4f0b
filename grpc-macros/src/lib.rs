//! `#[grpc_client]`: a Rust trait becomes a typed gRPC client.
#![forbid(unsafe_code)]
