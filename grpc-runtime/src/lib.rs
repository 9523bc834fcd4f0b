//! The runtime of a typed gRPC client.
#![forbid(unsafe_code)]
