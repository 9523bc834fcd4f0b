//! Retries and hedging, of each kind of call, with everything said and with nothing.
#![deny(warnings, missing_docs, unused_qualifications)]

use std::time::Duration;

use grpc_runtime::service_config::{Attempts, CodeSet, HedgingPolicy, RetryPolicy};
use grpc_runtime::{Code, Idempotent, Method, Status, Stream, Streaming, grpc_client};

/// A service.
#[grpc_client(service = "a.Service")]
pub trait Service {
    /// Unary.
    #[rpc(retry)]
    async fn unary(&self, request: ()) -> Result<(), Status>;
    /// Server streaming.
    #[rpc(retry(
        max_attempts = 5,
        initial_backoff = "100ms",
        max_backoff = "1.5s",
        backoff_multiplier = 1.5,
        codes(UNAVAILABLE, RESOURCE_EXHAUSTED),
        attempt_timeout = "2s",
    ), timeout = "10s")]
    async fn server(&self, request: ()) -> Result<Streaming<()>, Status>;
    /// Client streaming.
    #[rpc(hedge(delay = "10ms"))]
    #[rpc(idempotent)]
    async fn client(&self, requests: impl Stream<Item = ()>) -> Result<(), Status>;
    /// Bidirectional streaming.
    #[rpc(hedge(delay = "0s", max_attempts = 3, non_fatal_codes(), allow_duplicates))]
    async fn bidi(&self, requests: impl Stream<Item = ()>) -> Result<Streaming<()>, Status>;
    /// Without a word.
    #[rpc(no_side_effects)]
    async fn once(&self, request: ()) -> Result<(), Status>;
}

fn attempts<M: Method>() -> Option<Attempts> {
    M::DESCRIPTOR.attempts().copied()
}

fn is_idempotent<M: Idempotent>() {}

fn main() {
    let millis = Duration::from_millis;
    let retry = RetryPolicy::new(3, CodeSet::of(&[Code::Unavailable])).unwrap();
    assert_eq!(attempts::<service::Unary>(), Some(Attempts::Retry(retry)));

    let retry = RetryPolicy::new(5, CodeSet::of(&[Code::Unavailable, Code::ResourceExhausted]))
        .and_then(|policy| policy.with_backoff(millis(100), millis(1500), 1.5))
        .and_then(|policy| policy.with_per_attempt_receive_timeout(millis(2000)))
        .unwrap();
    assert_eq!(attempts::<service::Server>(), Some(Attempts::Retry(retry)));

    let hedge = HedgingPolicy::new(2)
        .unwrap()
        .with_delay(millis(10))
        .with_non_fatal_status_codes(CodeSet::of(&[Code::Unavailable]));
    assert_eq!(attempts::<service::Client>(), Some(Attempts::Hedge(hedge)));
    let hedge = HedgingPolicy::new(3).unwrap();
    assert_eq!(attempts::<service::Bidi>(), Some(Attempts::Hedge(hedge)));
    assert_eq!(attempts::<service::Once>(), None);

    is_idempotent::<service::Client>();
    is_idempotent::<service::Once>();
}
