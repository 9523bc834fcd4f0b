//! What a service config says about calls of some methods: [`MethodConfig`].
//!
//! Not which methods it is for: that is `lookup`. What a field means beside the call's own options is the engine's.

use std::time::Duration;

use super::error::{InvalidServiceConfig, Mistake};
use super::json::{Node, Object};
use super::policies;
use crate::attempts::{Attempts, HedgingPolicy, RetryPolicy};

/// Options for every call of some methods. What it does not say is decided as if there were none.
///
/// ```
/// use std::time::Duration;
///
/// use grpc_runtime::Code;
/// use grpc_runtime::service_config::{CodeSet, MethodConfig, RetryPolicy};
///
/// # fn example() -> Result<(), grpc_runtime::service_config::InvalidPolicy> {
/// let config = MethodConfig::new()
///     .with_timeout(Duration::from_secs(2))
///     .with_retry(RetryPolicy::new(3, CodeSet::of(&[Code::Unavailable]))?);
/// # Ok(()) }
/// # example().unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct MethodConfig {
    wait_for_ready: Option<bool>,
    timeout: Option<Duration>,
    max_request_bytes: Option<usize>,
    max_response_bytes: Option<usize>,
    attempts: Option<Attempts>,
}

impl MethodConfig {
    /// One that says nothing.
    pub const fn new() -> MethodConfig {
        MethodConfig {
            wait_for_ready: None,
            timeout: None,
            max_request_bytes: None,
            max_response_bytes: None,
            attempts: None,
        }
    }

    /// Sets whether a call waits while the server cannot be reached, unless it says so itself.
    #[must_use]
    pub const fn with_wait_for_ready(mut self, wait_for_ready: bool) -> MethodConfig {
        self.wait_for_ready = Some(wait_for_ready);
        self
    }

    /// Sets how long a call may take, all of its attempts included. A call that gives itself less time has less.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> MethodConfig {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how large an encoded request may be, in bytes; the smaller limit counts where the call has one too.
    #[must_use]
    pub const fn with_max_request_bytes(mut self, bytes: usize) -> MethodConfig {
        self.max_request_bytes = Some(bytes);
        self
    }

    /// Sets how large a response may be, in bytes, each message of a stream by itself; the smaller limit counts where
    /// the call has one too.
    #[must_use]
    pub const fn with_max_response_bytes(mut self, bytes: usize) -> MethodConfig {
        self.max_response_bytes = Some(bytes);
        self
    }

    /// Has failed calls made again. Replaces hedging.
    #[must_use]
    pub const fn with_retry(mut self, policy: RetryPolicy) -> MethodConfig {
        self.attempts = Some(Attempts::Retry(policy));
        self
    }

    /// Has calls made several times at once. Replaces retries. It is for methods that may take effect more than once;
    /// [`ServiceConfig::method`](super::ServiceConfig::method) has the compiler ask for that.
    #[must_use]
    pub const fn with_hedging(mut self, policy: HedgingPolicy) -> MethodConfig {
        self.attempts = Some(Attempts::Hedge(policy));
        self
    }

    /// Has calls made once, whatever `#[rpc(retry(..))]` or `#[rpc(hedge(..))]` says of the method. Replaces retries and
    /// hedging. See [`Attempts::Once`].
    #[must_use]
    pub const fn with_one_attempt(mut self) -> MethodConfig {
        self.attempts = Some(Attempts::Once);
        self
    }

    /// Whether a call waits while the server cannot be reached.
    pub const fn wait_for_ready(&self) -> Option<bool> {
        self.wait_for_ready
    }

    /// How long a call may take. Zero is possible: such a call fails before it is sent.
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// How large an encoded request may be, in bytes. Zero is possible: only empty messages pass.
    pub const fn max_request_bytes(&self) -> Option<usize> {
        self.max_request_bytes
    }

    /// How large a response may be, in bytes. Zero is possible: only empty messages pass.
    pub const fn max_response_bytes(&self) -> Option<usize> {
        self.max_response_bytes
    }

    /// Whether a call may be made more than once.
    pub const fn attempts(&self) -> Option<&Attempts> {
        self.attempts.as_ref()
    }

    pub(super) fn read(object: &Object<'_>) -> Result<MethodConfig, InvalidServiceConfig> {
        let retry = object.read("retryPolicy", policies::retry)?.map(Attempts::Retry);
        let hedge = object.read("hedgingPolicy", policies::hedging)?.map(Attempts::Hedge);
        if retry.is_some() && hedge.is_some() {
            return Err(object.wrong(Mistake::RetryAndHedging));
        }
        Ok(MethodConfig {
            wait_for_ready: object.read("waitForReady", Node::bool)?,
            timeout: object.read("timeout", |node| node.duration(TIMEOUT))?,
            max_request_bytes: object.read("maxRequestMessageBytes", bytes)?,
            max_response_bytes: object.read("maxResponseMessageBytes", bytes)?,
            attempts: retry.or(hedge),
        })
    }
}

fn bytes(node: Node<'_>) -> Result<usize, InvalidServiceConfig> {
    let bytes = node.integer(BYTES)?;
    Ok(usize::try_from(bytes).unwrap_or(usize::MAX))
}

const TIMEOUT: &str = "a duration that is not negative, such as \"1.5s\"";
const BYTES: &str = "an integer from 0 to 4294967295";
