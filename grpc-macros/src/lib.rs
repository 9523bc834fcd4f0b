//! `#[grpc_client]`: a Rust trait becomes a typed gRPC client. `#[interceptor]`: an `async fn` becomes a layer
//! of one.
//!
//! Programs use it as `grpc_runtime::grpc_client` and never name this crate; what it generates names
//! nothing but `grpc_runtime`. It neither reads `.proto` files (`grpc-build` does, and writes traits
//! with this attribute on) nor makes a call (the runtime does).
//!
//! Inside, an attribute goes through three steps, each in a folder or file of its own: `parse` reads
//! it and collects every mistake, `model` is what it said, `expand` writes that out. Where there are
//! mistakes, `recover` emits the trait alone beside their messages.
#![forbid(unsafe_code)]

mod duration;
mod errors;
mod expand;
#[cfg(test)]
mod golden;
mod interceptor;
mod model;
mod names;
mod parse;
mod recover;
#[cfg(test)]
mod robustness;
mod visibility;

use proc_macro2::TokenStream;

/// Makes a typed client of a trait.
///
/// ```
/// use std::time::Duration;
///
/// use grpc_runtime::{Channel, Status, Stream, Streaming, grpc_client};
///
/// #[grpc_client(service = "helloworld.Greeter")]
/// pub trait Greeter {
///     /// Says hello.
///     #[rpc(idempotent, timeout = "500ms")]
///     async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
///     async fn list(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
///     async fn collect(
///         &self,
///         requests: impl Stream<Item = HelloRequest>,
///     ) -> Result<HelloReply, Status>;
///     async fn chat(
///         &self,
///         requests: impl Stream<Item = HelloRequest>,
///     ) -> Result<Streaming<HelloReply>, Status>;
/// }
///
/// async fn greet(channel: Channel, request: HelloRequest) -> Result<HelloReply, Status> {
///     let greeter = GreeterClient::new(channel);
///     greeter.say_hello(request).timeout(Duration::from_millis(50)).await
/// }
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct HelloRequest {}
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct HelloReply {}
/// ```
///
/// # What a method looks like
///
/// `async fn`, `&self`, one argument, `Result`. The types say which sides stream: an argument
/// `impl Stream<Item = T>` is a stream of requests, `Streaming<T>` in the result one of responses;
/// both are recognised by their last name, and so is `Result`, which needs its two arguments, unless
/// the attribute has `error = ..`. The error is `Status`, or a type that is made of one (`FromStatus`
/// in the runtime). Messages are owned types that the codec knows: those with `#[derive(prost::Message)]`, unless `codec`
/// is another. Without a dependency on prost that is `#[derive(grpc_runtime::prost::Message)]` and
/// `#[prost(prost_path = "::grpc_runtime::prost")]`. An empty message is `()`. A trait
/// without methods is allowed.
///
/// A method's `#[cfg]`s hold for all that it becomes. Docs and `#[deprecated]` are carried to the
/// client's method; other attributes stay on the trait's, but for `#[rpc(..)]` and `#[layer(..)]`.
///
/// # What comes out
///
/// For a trait `Greeter`, as visible as the trait is:
///
/// - `trait Greeter: Send + Sync + 'static`, its futures `Send`: what application code is generic
///   over, and what a fake implements, by plain `async fn`s.
/// - `mod greeter` with a type for each method (`greeter::SayHello`, which implements `Method`),
///   `greeter::SERVICE`, the full name of the service, and `greeter::Boxed`, the service of an erased
///   client.
/// - `struct GreeterClient<S = Channel>` (for one with layers see below), made by `new` from a channel, `with_service` from any tower
///   service of the calls, or `in_process` from an implementation of the trait; `layer` puts a tower
///   layer around it, `boxed` erases its type. Its methods are those of the trait, and each gives a
///   `Call` to configure and await. Only a request stream differs: it may be anything that turns into
///   an `Outbound`.
/// - `impl Greeter for GreeterClient<S>`: clients and fakes are interchangeable. Where the trait has
///   supertraits, this is for clients that have them too.
///
/// # A mock
///
/// With `mock` there is also `struct MockGreeter`, for tests: `mock.say_hello()` expects a call and is told what to
/// answer, `mock.client()` is a client whose calls it answers, and what did not come as expected is told when the
/// mock is dropped. `testing::Mock` in the runtime, which it derefs to, says how. It is itself a `Greeter`, as far as it
/// has the supertraits. Requests have to be `Debug`.
///
/// The mock is there whenever it is asked for, and not only under `#[cfg(test)]`: tests in `tests/` and those of other
/// crates could not use it otherwise. What nobody uses is not linked. Where the service has a method `client`, the way
/// to the client is called `client_`.
///
/// # Names that are taken
///
/// A method cannot be called `new`, `with_service`, `without_layers`, `layer`, `boxed`, `in_process` or
/// `clone`, which the client has already; `new_` has the wire name `New` all the same. The marker of a method
/// `services` is `ServicesMethod`, and so for `boxed_` and `self_`.
///
/// # Arguments
///
/// All are optional.
///
/// | argument | meaning | default |
/// |---|---|---|
/// | `service = "helloworld.Greeter"` | the full name of the service | the package and the trait's name |
/// | `package = "helloworld"` | the package alone; not together with `service` | none |
/// | `codec = path` | the codec of all its methods, as `Json` in `grpc_runtime::codec` | `Prost` |
/// | `error = StoreError` | what calls fail with, where a method's `Result` has not both types written out: an alias `Result<Item>` of the program's. Made of a `Status` as the runtime's `FromStatus` says | what each method's `Result` says |
/// | `mock`, `mock = Name` | that there is a mock for tests, `MockGreeter`: see below | none |
/// | `client = Name` | the type of the client | the trait's name and `Client` |
/// | `module = name` | the module of markers | the trait's name in `snake_case` |
/// | `crate = path` | where `grpc_runtime` is: a path from a crate's name, `crate`, `self` or `super` | `::grpc_runtime` |
///
/// # Arguments of `#[rpc(..)]`
///
/// It goes on a method; several on one method count as one. All arguments are optional, and all but
/// `name` are defaults that a call or a service config can override as the runtime says.
///
/// | argument | meaning | default |
/// |---|---|---|
/// | `name = "SayHello"` | the name on the wire | the method's in `UpperCamelCase` |
/// | `idempotent` | a repetition does nothing more | unknown |
/// | `no_side_effects` | the call changes nothing, so that a repetition does not either | unknown |
/// | `timeout = "500ms"` | the deadline, from the start of the call: decimals, one of `ns`, `us`, `ms`, `s`, `m`, `h`, no space; at most 99999999 hours | none |
/// | `wait_for_ready`, `wait_for_ready = false` | whether a call waits for a connection or fails without one | unset |
/// | `retry(..)`, or `retry` alone | failed calls are made again: see below | once |
/// | `hedge(..)` | calls are made several times at once: see below; not beside `retry` | once |
/// | `compress = "gzip"` | what requests are compressed with, by the name that it has in `grpc-encoding`; `"identity"` for nothing. A channel without a compressor of that name fails the call | the channel's |
/// | `max_request_bytes = 65536` | the largest request sent, in bytes as encoded, or as compressed; a constant expression | the runtime's |
/// | `max_response_bytes = 65536` | the largest response accepted, likewise | the runtime's |
///
/// # Retries and hedging
///
/// ```
/// # use grpc_runtime::{Status, grpc_client};
/// #[grpc_client(service = "shop.Shop")]
/// pub trait Shop {
///     /// Up to four attempts, 100 ms, 200 ms and 400 ms apart, give or take a fifth.
///     #[rpc(timeout = "5s", retry(max_attempts = 4, initial_backoff = "100ms"))]
///     async fn buy(&self, request: Order) -> Result<Bought, Status>;
///     /// Where there is no answer after 20 ms, a second attempt; the first answer counts.
///     #[rpc(no_side_effects, hedge(delay = "20ms"))]
///     async fn find(&self, request: Query) -> Result<Found, Status>;
/// }
/// # type Order = (); type Bought = (); type Query = (); type Found = ();
/// ```
///
/// They are for calls of all four kinds, up to the first response headers: gRFC A6. A service config with a policy for
/// the method takes the place of the attribute's, and a call's own (`Call::retry`, `hedge`, `disable_retry`) that of
/// both; each with all of its settings, which are never mixed (`CallOptions` has the table). The channel may have it all off
/// (`ChannelBuilder::disable_retry`).
///
/// | in `retry(..)` | meaning | default |
/// |---|---|---|
/// | `max_attempts = 4` | how often a call is made at most, the first time included: 2 to 5 | 3 |
/// | `initial_backoff = "100ms"` | the pause before the first retry | 25 ms |
/// | `max_backoff = "1s"` | the longest pause | ten times the first |
/// | `backoff_multiplier = 2.0` | how many times longer each pause is than the one before | 2 |
/// | `codes(UNAVAILABLE, ABORTED)` | the failures that are retried | `UNAVAILABLE` |
/// | `attempt_timeout = "1s"` | how long an attempt waits for response headers before it counts as failed | none |
///
/// | in `hedge(..)` | meaning | default |
/// |---|---|---|
/// | `delay = "20ms"` | the time between one attempt and the next; `"0s"` sends all at once | has to be said |
/// | `max_attempts = 3` | how often a call is made at most, the first time included: 2 to 5 | 2 |
/// | `non_fatal_codes(UNAVAILABLE)` | the failures of one attempt after which the others go on, and the next is sent at once; every other one ends the call. `non_fatal_codes()` is none | `UNAVAILABLE` |
/// | `allow_duplicates` | hedges a method that is neither `idempotent` nor `no_side_effects` | it is a mistake |
///
/// # Layers
///
/// `#[layer(..)]` puts a layer on every method, where it stands on the trait, or on the one that it
/// stands on. It takes one expression, whose value is any `tower::Layer`: those of `grpc_runtime::layer`,
/// of tower, a `ServiceBuilder`, an `Intercept(..)`, a `from_fn(..)`, or what `#[interceptor]` made.
///
/// ```
/// use std::sync::LazyLock;
/// use std::time::Duration;
///
/// use grpc_runtime::layer::{Cache, CircuitBreaker, TimeLimit, Trace};
/// use grpc_runtime::{Channel, Status, grpc_client};
///
/// /// For all clients that are made.
/// static BREAKER: LazyLock<CircuitBreaker> = LazyLock::new(CircuitBreaker::per_method);
///
/// #[grpc_client(service = "helloworld.Greeter")]
/// #[layer(Trace::new())]
/// #[layer(BREAKER.clone())]
/// trait Greeter {
///     #[rpc(no_side_effects)]
///     #[layer(Cache::new(1_000))]
///     async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
///     #[layer(TimeLimit::by_default(Duration::from_secs(5)))]
///     async fn say_goodbye(&self, request: HelloRequest) -> Result<HelloReply, Status>;
/// }
///
/// struct App {
///     greeter: GreeterClient,
/// }
///
/// fn app(channel: Channel) -> App {
///     App { greeter: GreeterClient::new(channel) }
/// }
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct HelloRequest {}
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct HelloReply {}
/// ```
///
/// **In which order?** The first attribute is the outermost layer, the first to see a call. Those of the
/// trait are outside of those of a method; those that `GreeterClient::layer` adds are outside of both.
///
/// **Made when?** Each expression is evaluated once for each client that is made, not for its clones: a
/// limit of calls on the trait is one limit for all methods of that client. State that more clients are to
/// share is in a `static`, of which the expression takes a clone. An expression can neither `.await` nor use
/// `?`.
///
/// **Which type has the client?** With layers it is `GreeterClient<greeter::Boxed>`, which is what
/// `GreeterClient` alone then means, whatever carries the calls: `new`, `in_process` and `with_service` all
/// give it, and all put the layers on; `without_layers` does not. The layers of a method are known to the
/// compiler and called directly, and behind them all is one dynamic call. It allocates nothing more where the
/// outermost layer answers with a box already, as interceptors and functions do, and one box where not.
///
/// **What fits?** On a method, whatever carries its calls, with its messages as themselves; on the trait,
/// what carries the calls of all methods. The compiler says so where one does not. A function for one method
/// (`from_fn`) goes by the calls of others without a word, wherever it is.
///
/// # Errors
///
/// Every mistake is an error of the compiler at its place that says what to write instead; all of
/// them are told at once.
#[proc_macro_attribute]
pub fn grpc_client(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expanded(arguments.into(), item.into()).into()
}

/// Makes a layer with a name of an `async fn`.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use grpc_runtime::{Invoke, Method, Request, Response, Status, grpc_client, interceptor};
///
/// /// Says for whom each call is made.
/// #[interceptor]
/// async fn tenant<M: Method>(
///     name: &str,
///     mut request: Request<M>,
///     next: impl Invoke<M>,
/// ) -> Result<Response<M>, Status> {
///     request.metadata_mut().insert("x-tenant", name)?;
///     next.invoke(request).await
/// }
///
/// /// Refuses to greet nobody.
/// #[interceptor]
/// async fn manners(
///     request: Request<greeter::SayHello>,
///     next: impl Invoke<greeter::SayHello>,
/// ) -> Result<Response<greeter::SayHello>, Status> {
///     match request.message().name.is_empty() {
///         true => Err(Status::invalid_argument("do not greet nobody")),
///         false => next.invoke(request).await,
///     }
/// }
///
/// /// Counts calls, of all clients that it is on.
/// #[interceptor]
/// async fn count<M: Method>(
///     calls: &AtomicUsize,
///     request: Request<M>,
///     next: impl Invoke<M>,
/// ) -> Result<Response<M>, Status> {
///     calls.fetch_add(1, Ordering::Relaxed);
///     next.invoke(request).await
/// }
///
/// #[grpc_client(service = "helloworld.Greeter")]
/// #[layer(Tenant::new("blue"))]
/// trait Greeter {
///     #[layer(Manners)]
///     async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
/// }
///
/// fn counted(greeter: GreeterClient) -> impl Greeter {
///     greeter.layer(Count::new(AtomicUsize::new(0)))
/// }
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct HelloRequest { #[prost(string, tag = "1")] name: String }
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct HelloReply {}
/// ```
///
/// # What the function looks like
///
/// Its last two parameters are the request and what comes next, `next: impl Invoke<M>`. Generic over
/// `M: Method`, it is for all methods, or all that further bounds leave; for one method it names that,
/// `Request<greeter::SayHello>`, and sees its messages as themselves. It gives
/// `Result<Response<M>, Status>`, and its future is `Send`.
///
/// Parameters before those two are what the layer holds. One that is borrowed, `&T`, is in an `Arc`: all calls
/// and clones share it. One that is taken by value is cloned for each call.
///
/// # What comes out
///
/// For a function `tenant`, the function as it is, and beside it, as visible as it is, `struct Tenant`. It has
/// the function's docs, and is a `tower::Layer` as well as an `Interceptor`: for `GreeterClient::layer`, for
/// `#[layer(..)]`, for a `ServiceBuilder`. Without state it is a value, `Tenant`; with state there is
/// `Tenant::new(..)`, which takes `impl Into<Arc<T>>` for each `&T` (a `T`, an `Arc<T>`, a `&str` for
/// `&str`) and a `T` for each `T`.
///
/// Nothing is boxed that an `Interceptor` written by hand would not box.
///
/// # Arguments
///
/// | argument | meaning | default |
/// |---|---|---|
/// | `name = Tenant` | the type of the layer | the function's name in `UpperCamelCase` |
/// | `crate = path` | where `grpc_runtime` is | `::grpc_runtime` |
///
/// # Errors
///
/// As for [`grpc_client`](macro@grpc_client).
#[proc_macro_attribute]
pub fn interceptor(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    interceptor::expanded(arguments.into(), item.into()).into()
}

/// What the attribute makes of its trait.
fn expanded(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match parse::service(arguments, item) {
        Ok(service) => expand::service(&service),
        Err(instead) => instead,
    }
}
