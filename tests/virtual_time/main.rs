//! The whole channel in virtual time: a paused clock, servers in memory, no socket, and instants compared exactly.
//!
//! Several of these are tests of grpc-go, made again from the outside and named after them.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod backoff;
mod broken;
mod endings;
mod hedging;
mod idleness;
mod lab;
mod model;
mod pick_first;
mod picking;
mod policies;
mod retries;
mod sharing;
mod states;
mod switching;
mod texts;
