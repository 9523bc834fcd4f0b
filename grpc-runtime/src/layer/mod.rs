//! Layers: what sits between a client and its channel, typed by method.
//!
//! Any `tower::Layer` whose service carries [`Request<M>`](crate::Request) is one, tower's own included; a client
//! takes it by `.layer(..)`, and the one that is added last is the first to see a call; or its trait declares it, by
//! `#[layer(..)]`. An [`Interceptor`](crate::Interceptor) is the short way to write one, `#[interceptor]` on an
//! `async fn` a shorter one, [`from_fn`](fn@from_fn) the shortest.
//!
//! | you want to | layer |
//! |---|---|
//! | run a closure or an `async fn` around calls | [`from_fn`](fn@from_fn); with a name and state, `#[interceptor]` |
//! | know how each call ended, streams included | [`on_end`](fn@on_end) |
//! | send metadata with every call | [`StaticMetadata`], [`AsyncMetadata`]; for tokens, [`credentials`](crate::credentials) |
//! | see calls in a trace | [`Trace`] |
//! | give calls a deadline | [`TimeLimit`] |
//! | let so many calls of a method run at a time | [`ConcurrencyLimit`] |
//! | leave a server in trouble alone, and answer without it | [`CircuitBreaker`] |
//! | answer reads from memory | [`Cache`] |
//! | send the same read once for all who make it | [`SingleFlight`] |
//! | refuse requests that are not valid, unsent | [`Validation`], [`Validate`] |
//! | see what the program does about delays and failures | [`Faults`] |
//! | outlive a layer that panics | [`CatchPanic`]; interceptors and functions have it built in |
//! | put a layer on one method | `#[layer(..)]` on it, [`only`](fn@only), or [`ForMethod`](crate::ForMethod) on a boxed client |
//!
//! # Tower's own layers
//!
//! | of tower | fits | what becomes of its errors |
//! |---|---|---|
//! | `TimeoutLayer` | a whole client | DEADLINE_EXCEEDED |
//! | `ConcurrencyLimitLayer`, `LoadShedLayer` | a whole client | RESOURCE_EXHAUSTED, where calls are shed |
//! | `FilterLayer`, `AsyncFilterLayer`, `RetryLayer` | the method of the predicate or policy, which sees its messages: put it into [`only`](fn@only), or in `#[layer(..)]` on the method | a `Status` stays what it is |
//! | `BufferLayer` | one method, likewise: a buffer is for requests of one type | that of what is below |
//! | `RateLimitLayer` | one method, below a `BufferLayer`, as what it makes cannot be cloned: `ServiceBuilder::new().buffer(64).rate_limit(10, second)` | it has none |
//!
//! Any other error is UNKNOWN, or what a [`Status`](crate::Status::from_box) in it says.
//!
//! # Three positions
//!
//! ```text
//!   client  ->  layers of the client  ->  codec  ->  layers of the channel  ->  pick  ->  attempt  ->  wire
//!               messages as themselves               bytes                       |  credentials
//!                                                                                |  attempt interceptors
//!               `- once for each call of one client                              `- once for each attempt: again for a
//!                                                    `- once for each call          retry, and for each hedge
//!                                                       of every client
//! ```
//!
//! | position | set by | sees | runs |
//! |---|---|---|---|
//! | per call | `GreeterClient::layer`, `#[layer(..)]` on the trait | the method, its messages, the final status | once a call, outside of the name lookup, the connection and any second attempt; in process as well |
//! | per channel | [`ChannelBuilder::layer`](crate::ChannelBuilder::layer) | each method as a [`DynamicMethod`](crate::DynamicMethod), messages as bytes, the final status | the same, for every client of the channel |
//! | per attempt | [`ChannelBuilder::attempt_interceptor`](crate::ChannelBuilder::attempt_interceptor) | the method, the server, which attempt it is, how it ended; no messages | once for each attempt, after the pick |
//!
//! The first two are the same layers. What needs a message as itself (validation, a cache, a fallback) is at home in the
//! first; what concerns a program's calls to a service, whoever makes them (metrics, traces, limits), in the second; what
//! depends on the server or on the attempt (statistics by server, hedging experiments) in the third, and
//! [`credentials`](crate::credentials) beside it.

mod cache;
mod call_key;
mod cast;
mod catch_panic;
mod circuit_breaker;
mod concurrency_limit;
mod faults;
mod from_fn;
pub(crate) mod interceptor;
mod metadata;
mod on_end;
mod only;
mod per_method;
mod single_flight;
mod time_limit;
mod trace;
mod validation;
mod waiting;

pub use self::cache::{Cache, CacheService};
pub use self::call_key::Shareable;
pub use self::catch_panic::{CatchPanic, CatchPanicService};
pub use self::circuit_breaker::{
    CircuitBreaker, CircuitBreakerService, Fallback, FallbackFor, NoFallback,
};
pub use self::concurrency_limit::{ConcurrencyLimit, ConcurrencyLimitService};
pub use self::faults::{Faults, FaultsService};
pub use self::from_fn::{FromFn, FromFnService, Next, from_fn};
pub use self::metadata::{
    AsyncMetadata, AsyncMetadataService, StaticMetadata, StaticMetadataService,
};
pub(crate) use self::on_end::OnEndFuture;
pub use self::on_end::{OnEnd, OnEndService, on_end};
pub use self::only::{Only, OnlyService, only};
pub use self::single_flight::{SingleFlight, SingleFlightService};
pub use self::time_limit::{TimeLimit, TimeLimitService};
pub use self::trace::{Trace, TraceService};
pub use self::validation::{Validate, Validation, ValidationService, Violations};
