//! Turns `.proto` files into prost messages and `#[grpc_client]` traits.
#![forbid(unsafe_code)]
