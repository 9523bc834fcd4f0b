//! The layers that come with the runtime, and tower's, on clients: over implementations in this process with tokio's
//! clock paused, and where it matters over a real server.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod cache;
mod circuit_breaker;
mod concurrency_limit;
mod declared;
mod every_poll;
mod faults;
mod from_fn;
mod greeter;
mod interceptor_attribute;
mod metadata;
mod on_end;
mod panics;
mod single_flight;
mod time_limit;
mod towers_own;
mod trace;
mod validation;
