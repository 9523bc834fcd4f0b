//! [`MethodSettings`]: what a service config written in Rust says of a method, which is named by its type.
//!
//! Only a way to write it: what it says is a [`MethodConfig`], as one that was read from JSON. It is here and not in
//! `service_config` because methods are types from this row on.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::attempts::{HedgingPolicy, RetryPolicy};
use crate::call::method::{Idempotent, Method};
use crate::service_config::{MethodConfig, ServiceConfig};

/// What holds for calls of `M`, to be written in [`ServiceConfig::method`]. Its methods are those of
/// [`Call`](crate::Call), for all calls at once.
///
/// What is not set is decided by the method's attribute and the channel, as if there were no service config.
#[must_use = "settings have an effect where they are given back to `ServiceConfig::method`"]
pub struct MethodSettings<M> {
    config: MethodConfig,
    method: PhantomData<fn(M)>,
}

impl ServiceConfig {
    /// Sets what holds for calls of the method `M`, in place of what was set for it before. It goes before what is set
    /// for its service, of which then nothing holds.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use grpc_runtime::service_config::{CodeSet, RetryPolicy, ServiceConfig};
    /// use grpc_runtime::{Channel, Code, Status, grpc_client};
    ///
    /// #[grpc_client(service = "helloworld.Greeter")]
    /// pub trait Greeter {
    ///     async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
    /// }
    /// # #[derive(Clone, PartialEq, prost::Message)]
    /// # pub struct HelloRequest {}
    /// # #[derive(Clone, PartialEq, prost::Message)]
    /// # pub struct HelloReply {}
    ///
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let retry = RetryPolicy::new(4, CodeSet::of(&[Code::Unavailable]))?;
    /// let config = ServiceConfig::new()
    ///     .method::<greeter::SayHello>(|m| m.timeout(Duration::from_secs(2)).retry(retry));
    /// let channel = Channel::builder("dns:///greeter.prod:50051").default_service_config(config).build()?;
    /// # Ok(()) }
    /// ```
    ///
    /// A method that is known only at run time goes to [`for_method`](ServiceConfig::for_method), all methods of a service
    /// to [`for_service`](ServiceConfig::for_service).
    #[must_use]
    pub fn method<M: Method>(
        self,
        settings: impl FnOnce(MethodSettings<M>) -> MethodSettings<M>,
    ) -> ServiceConfig {
        let none = MethodSettings { config: MethodConfig::new(), method: PhantomData };
        self.for_method(M::DESCRIPTOR, settings(none).config)
    }
}

impl<M: Method> MethodSettings<M> {
    /// How long a call may take, all of its attempts included. A call that gives itself less time has less.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config = self.config.with_timeout(timeout);
        self
    }

    /// Whether a call waits while the server cannot be reached, unless it says so itself.
    pub fn wait_for_ready(mut self, wait: bool) -> Self {
        self.config = self.config.with_wait_for_ready(wait);
        self
    }

    /// The largest request message, in bytes as encoded, or as compressed where it is. The smaller limit counts where
    /// the call has one too.
    pub fn max_request_bytes(mut self, bytes: usize) -> Self {
        self.config = self.config.with_max_request_bytes(bytes);
        self
    }

    /// The largest response message, in bytes, decompressed as well. The smaller limit counts where the call has one
    /// too.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.config = self.config.with_max_response_bytes(bytes);
        self
    }

    /// Makes calls again when they fail. Replaces hedging, and what the method's attribute says of either.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.config = self.config.with_retry(policy);
        self
    }

    /// Makes calls several times at once. Replaces retries, and what the method's attribute says of either.
    ///
    /// The method has to be marked `idempotent` or `no_side_effects`; the compiler refuses others.
    pub fn hedge(self, policy: HedgingPolicy) -> Self
    where
        M: Idempotent,
    {
        self.hedge_allowing_duplicates(policy)
    }

    /// As [`hedge`](MethodSettings::hedge), for a method that is not marked, and where a call that takes effect several
    /// times is all the same right.
    pub fn hedge_allowing_duplicates(mut self, policy: HedgingPolicy) -> Self {
        self.config = self.config.with_hedging(policy);
        self
    }

    /// Makes calls once, whatever the method's attribute says. Replaces retries and hedging. See
    /// [`Call::disable_retry`](crate::Call::disable_retry).
    pub fn disable_retry(mut self) -> Self {
        self.config = self.config.with_one_attempt();
        self
    }
}

impl<M: Method> fmt::Debug for MethodSettings<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MethodSettings")
            .field("method", &M::DESCRIPTOR.path())
            .field("config", &self.config)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempts::{Attempts, CodeSet};
    use crate::call::any::AnyMethod;
    use crate::status::Code;

    #[test]
    fn settings_are_a_method_config() {
        let retry = RetryPolicy::new(4, CodeSet::of(&[Code::Aborted])).unwrap();
        let second = Duration::from_secs(1);
        let config = ServiceConfig::new().method::<AnyMethod>(|m| {
            m.timeout(second)
                .wait_for_ready(false)
                .max_request_bytes(1)
                .max_response_bytes(2)
                .retry(retry)
        });
        let expected = MethodConfig::new()
            .with_timeout(second)
            .with_wait_for_ready(false)
            .with_max_request_bytes(1)
            .with_max_response_bytes(2)
            .with_retry(retry);
        assert_eq!(config.method_config(AnyMethod::DESCRIPTOR), Some(&expected));
    }

    #[test]
    fn the_last_word_on_attempts_counts_and_the_last_settings_of_a_method() {
        let hedging = HedgingPolicy::new(2).unwrap();
        let attempts = |config: &ServiceConfig| {
            config.method_config(AnyMethod::DESCRIPTOR).unwrap().attempts().copied()
        };
        let config = ServiceConfig::new()
            .method::<AnyMethod>(|m| m.disable_retry().hedge_allowing_duplicates(hedging));
        assert_eq!(attempts(&config), Some(Attempts::Hedge(hedging)));
        let config = config.method::<AnyMethod>(MethodSettings::disable_retry);
        assert_eq!(attempts(&config), Some(Attempts::Once));
        let config = config.method::<AnyMethod>(|m| m);
        assert_eq!(attempts(&config), None);
    }
}
