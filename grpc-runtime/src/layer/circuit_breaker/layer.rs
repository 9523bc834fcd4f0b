//! The layer of [`CircuitBreaker`]: its rules, and where the circuits are.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tower_layer::Layer;

use crate::call::{Method, Request, Response};
use crate::layer::circuit_breaker::machine::{Machine, Rules};
use crate::layer::circuit_breaker::{CircuitBreakerService, Fallback, FallbackFor, NoFallback};
use crate::layer::per_method::PerMethod;
use crate::rt;
use crate::status::{Code, Status};

/// A layer that stops making calls where most of the recent ones failed, so that a server in trouble is left alone and
/// the program knows at once.
///
/// While a circuit is open, calls fail with UNAVAILABLE and nothing is sent, or are answered by a
/// [`fallback`](CircuitBreaker::fallback). After [`open_for`](CircuitBreaker::open_for), a few calls go through as
/// probes: where they all succeed, the circuit closes, and one that fails opens it again.
///
/// | setting | default |
/// |---|---|
/// | [`failure_ratio`](CircuitBreaker::failure_ratio) | 0.5 |
/// | [`minimum_calls`](CircuitBreaker::minimum_calls) | 20 |
/// | [`window`](CircuitBreaker::window) | 10 s |
/// | [`open_for`](CircuitBreaker::open_for) | 5 s |
/// | [`probes`](CircuitBreaker::probes) | 3 |
/// | [`failures`](CircuitBreaker::failures) | UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNKNOWN |
///
/// A call counts at its end, which for a stream is its last message. Other failures are answers of a server that does
/// its work. A call that the program drops or cancels says nothing, nor does one that another layer kept from being
/// sent.
///
/// The circuits are in this value: clones of it, and all clients that they are put on, share them. A setting that is
/// changed begins anew, with closed circuits.
///
/// ```
/// use grpc_runtime::layer::CircuitBreaker;
/// use grpc_runtime::{Request, Response, Status, grpc_client};
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # struct HelloRequest { #[prost(string, tag = "1")] name: String }
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # struct HelloReply { #[prost(string, tag = "1")] message: String }
///
/// #[grpc_client(service = "helloworld.Greeter")]
/// trait Greeter {
///     async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
///     async fn say_goodbye(&self, request: HelloRequest) -> Result<HelloReply, Status>;
/// }
///
/// fn guarded(client: GreeterClient) -> impl Greeter {
///     let breaker = CircuitBreaker::per_method().fallback(
///         async |request: Request<greeter::SayHello>, _refused| {
///             let message = format!("Hello, {}, from memory", request.message().name);
///             Ok(Response::new(HelloReply { message }))
///         },
///     );
///     client.layer(breaker)
/// }
/// ```
#[derive(Clone)]
pub struct CircuitBreaker<F = NoFallback> {
    circuits: Arc<Circuits>,
    scope: Scope,
    rules: Rules,
    is_failure: IsFailure,
    fallback: F,
}

pub(super) type Circuits = PerMethod<Mutex<Machine>>;
pub(super) type IsFailure = Arc<dyn Fn(&Status) -> bool + Send + Sync>;

#[derive(Debug, Clone, Copy)]
enum Scope {
    Method,
    Target,
}

impl CircuitBreaker {
    /// A circuit for each method.
    pub fn per_method() -> Self {
        Self::of(Scope::Method)
    }

    /// One circuit for all methods: put it, or clones of it, on the clients of one channel.
    pub fn per_target() -> Self {
        Self::of(Scope::Target)
    }

    fn of(scope: Scope) -> Self {
        Self {
            circuits: circuits(scope, DEFAULT),
            scope,
            rules: DEFAULT,
            is_failure: Arc::new(is_failure),
            fallback: NoFallback,
        }
    }
}

impl<F> CircuitBreaker<F> {
    /// Opens where at least this part of the calls of the window failed, in `0.0..=1.0`. Default: 0.5.
    #[must_use]
    pub fn failure_ratio(self, ratio: f64) -> Self {
        let failure_ratio = if ratio.is_nan() { 1.0 } else { ratio.clamp(0.0, 1.0) };
        self.with(|rules| rules.failure_ratio = failure_ratio)
    }

    /// Does not open before so many calls ended within the window; at least one. Default: 20.
    #[must_use]
    pub fn minimum_calls(self, calls: u32) -> Self {
        self.with(|rules| rules.minimum_calls = calls.max(1))
    }

    /// How far back calls count, to a tenth of it; at least 10 ms. Default: 10 s.
    #[must_use]
    pub fn window(self, window: Duration) -> Self {
        self.with(|rules| rules.window = window)
    }

    /// How long the circuit is open before probes go through; at most a year. It is also how long they are waited
    /// for before others are made. Default: 5 s.
    #[must_use]
    pub fn open_for(self, time: Duration) -> Self {
        self.with(|rules| rules.open_for = time.min(A_YEAR))
    }

    /// How many calls have to succeed for the circuit to close; so many are made at a time. At least one. Default:
    /// 3.
    #[must_use]
    pub fn probes(self, calls: u32) -> Self {
        self.with(|rules| rules.probes = calls.max(1))
    }

    /// Which failures count against the server. Default: see [`CircuitBreaker`].
    #[must_use]
    pub fn failures(
        self,
        is_failure: impl Fn(&Status) -> bool + Send + Sync + 'static,
    ) -> CircuitBreaker<F> {
        let circuits = circuits(self.scope, self.rules);
        Self { is_failure: Arc::new(is_failure), circuits, ..self }
    }

    /// Answers the calls of one method that an open circuit refuses, by an `async` function of the request and the
    /// status that it would fail with. May be given once for each method; the last one counts.
    #[must_use]
    pub fn fallback<M, G, R>(self, function: G) -> CircuitBreaker<FallbackFor<M, G, F>>
    where
        M: Method,
        G: Fn(Request<M>, Status) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Response<M>, Status>> + Send + 'static,
        F: Fallback<M>,
    {
        CircuitBreaker {
            fallback: FallbackFor::new(function, self.fallback),
            circuits: self.circuits,
            scope: self.scope,
            rules: self.rules,
            is_failure: self.is_failure,
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(&mut self.rules);
        self.circuits = circuits(self.scope, self.rules);
        self
    }
}

impl<F: Clone, S> Layer<S> for CircuitBreaker<F> {
    type Service = CircuitBreakerService<F, S>;

    fn layer(&self, next: S) -> Self::Service {
        CircuitBreakerService::new(
            Arc::clone(&self.circuits),
            Arc::clone(&self.is_failure),
            self.fallback.clone(),
            next,
        )
    }
}

impl<F> fmt::Debug for CircuitBreaker<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CircuitBreaker")
            .field("scope", &self.scope)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

fn circuits(scope: Scope, rules: Rules) -> Arc<Circuits> {
    let make = move || Mutex::new(Machine::new(rules, rt::now()));
    Arc::new(match scope {
        Scope::Method => PerMethod::new(make),
        Scope::Target => PerMethod::shared(make),
    })
}

fn is_failure(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Internal
            | Code::Unknown
    )
}

const DEFAULT: Rules = Rules {
    window: Duration::from_secs(10),
    minimum_calls: 20,
    failure_ratio: 0.5,
    open_for: Duration::from_secs(5),
    probes: 3,
};
/// Far enough, and no clock overflows by it.
const A_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
