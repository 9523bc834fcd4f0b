//! The service config: what the owner of a service says about calls to it, as values that cannot be wrong.
//!
//! Pure: text in, values out. Where the text comes from (a resolver, the program), which config is in force (gRFC A21)
//! and what its fields do is decided by the channel and the engine. The fields are those of `service_config.proto`:
//!
//! | field | is |
//! |---|---|
//! | `loadBalancingConfig` | a list of `{"policy": {..}}`; the first policy that the channel knows |
//! | `loadBalancingPolicy` | older: the name of a policy, used where the list is missing |
//! | `methodConfig[].name[]` | what the entry is for: `{"service": "a.B", "method": "C"}`, all methods of a `service`, or with `{}` all others |
//! | `methodConfig[].waitForReady` | whether calls wait while the server cannot be reached |
//! | `methodConfig[].timeout` | how long a call may take, such as `"1.5s"` |
//! | `methodConfig[].maxRequestMessageBytes`, `maxResponseMessageBytes` | how large messages may be |
//! | `methodConfig[].retryPolicy` | `maxAttempts`, `initialBackoff`, `maxBackoff`, `backoffMultiplier`, `retryableStatusCodes`, and, if wanted, `perAttemptRecvTimeout` |
//! | `methodConfig[].hedgingPolicy` | `maxAttempts` and, if wanted, `hedgingDelay`, `nonFatalStatusCodes`; not beside `retryPolicy` |
//! | `retryThrottling` | `maxTokens`, `tokenRatio` |
//! | `healthCheckConfig.serviceName` | which service's health is watched. Read and checked; nothing watches it yet |
//! | `connectionScaling.maxConnectionsPerSubchannel` | how many connections a server may get (gRFC A105). Read and checked; a server gets one |
//!
//! Fields go by these names or by those of the `.proto` (`method_config`); null is the same as missing; numbers may be
//! text. A field that is not known is passed over. A known one with a value it cannot have makes the whole config
//! invalid, as does a key that is there twice.

mod duplicates;
mod duration;
mod error;
mod json;
mod load_balancing;
mod lookup;
mod method_config;
mod policies;
mod throttling;

use std::num::NonZeroU32;
use std::sync::Arc;

use serde_json::Value;

pub use error::InvalidServiceConfig;
pub use method_config::MethodConfig;
pub use throttling::RetryThrottling;

use self::error::Mistake;
use self::json::Node;
use self::lookup::{MethodConfigs, Name};
pub use crate::attempts::{Attempts, CodeSet, HedgingPolicy, InvalidPolicy, RetryPolicy};
use crate::lb::{Chosen, PolicyRegistry};
use crate::method::MethodDescriptor;

/// A service config, from JSON or made here.
///
/// ```
/// use std::time::Duration;
///
/// use grpc_runtime::lb::PolicyRegistry;
/// use grpc_runtime::service_config::{MethodConfig, ServiceConfig};
/// use grpc_runtime::{MethodDescriptor, MethodKind};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// static SAY_HELLO: MethodDescriptor =
///     MethodDescriptor::new("/helloworld.Greeter/SayHello", MethodKind::Unary);
///
/// let json = r#"{"methodConfig": [{"name": [{"service": "helloworld.Greeter"}], "timeout": "2s"}]}"#;
/// let read = ServiceConfig::parse(json, &PolicyRegistry::builtin())?;
/// let made = ServiceConfig::new()
///     .for_method(&SAY_HELLO, MethodConfig::new().with_timeout(Duration::from_secs(2)));
/// assert_eq!(read.method_config(&SAY_HELLO), made.method_config(&SAY_HELLO));
/// # Ok(()) }
/// # example().unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct ServiceConfig {
    load_balancing: Option<Chosen>,
    methods: MethodConfigs,
    retry_throttling: Option<RetryThrottling>,
    health_check_service_name: Option<String>,
    max_connections_per_subchannel: Option<NonZeroU32>,
}

impl ServiceConfig {
    /// One that says nothing, as `{}` does.
    pub fn new() -> ServiceConfig {
        ServiceConfig::default()
    }

    /// Reads JSON. `policies` are those that `loadBalancingConfig` may name, and read their own configuration.
    ///
    /// # Errors
    /// The text is not JSON, or a field has a value that it cannot have; the error names the field.
    pub fn parse(
        json: &str,
        policies: &PolicyRegistry,
    ) -> Result<ServiceConfig, InvalidServiceConfig> {
        let value: Value = serde_json::from_str(json)
            .map_err(|error| InvalidServiceConfig::new("", Mistake::NotJson(Arc::new(error))))?;
        if let Some(path) = duplicates::find(json) {
            return Err(InvalidServiceConfig::new(path, Mistake::Twice));
        }
        let config = Node::root(&value).object()?;
        Ok(ServiceConfig {
            load_balancing: load_balancing::read(&config, policies)?,
            methods: config.read("methodConfig", MethodConfigs::read)?.unwrap_or_default(),
            retry_throttling: config.read("retryThrottling", RetryThrottling::read)?,
            health_check_service_name: config.read("healthCheckConfig", health_check)?.flatten(),
            max_connections_per_subchannel: config
                .read("connectionScaling", connection_scaling)?
                .flatten(),
        })
    }

    /// Sets the load-balancing policy. Default: none; the channel decides.
    #[must_use]
    pub fn with_load_balancing(mut self, policy: Chosen) -> ServiceConfig {
        self.load_balancing = Some(policy);
        self
    }

    /// Sets what holds for calls of this method, in place of what was set for it before. It goes before what is set for
    /// its service, of which then nothing holds. A method that is known as a type goes to
    /// [`method`](ServiceConfig::method).
    #[must_use]
    pub fn for_method(mut self, method: &MethodDescriptor, config: MethodConfig) -> ServiceConfig {
        self.methods.set(Name::Method(method.path().to_owned()), config);
        self
    }

    /// Sets what holds for calls of all methods of a service, by its full name such as `helloworld.Greeter`, but those
    /// that have a config of their own. Empty text is the same as
    /// [`default_method`](ServiceConfig::default_method).
    #[must_use]
    pub fn for_service(mut self, service: &str, config: MethodConfig) -> ServiceConfig {
        self.methods.set(Name::service(service), config);
        self
    }

    /// Sets what holds for all calls for which nothing else is set.
    #[must_use]
    pub fn default_method(mut self, config: MethodConfig) -> ServiceConfig {
        self.methods.set(Name::Default, config);
        self
    }

    /// Sets when retries and hedges stop because too many calls fail. Default: never.
    #[must_use]
    pub fn with_retry_throttling(mut self, throttling: RetryThrottling) -> ServiceConfig {
        self.retry_throttling = Some(throttling);
        self
    }

    /// Has the health of this service watched at each server (gRFC A17); empty text is the server as a whole. Default:
    /// it is not watched.
    #[doc(hidden)]
    #[must_use]
    pub fn with_health_check(mut self, service_name: impl Into<String>) -> ServiceConfig {
        self.health_check_service_name = Some(service_name.into());
        self
    }

    /// Sets how many connections a server may get when its limit of calls on one is reached (gRFC A105). Default: one.
    /// More than the channel allows are as many as it allows.
    #[doc(hidden)]
    #[must_use]
    pub fn with_max_connections_per_subchannel(mut self, connections: NonZeroU32) -> ServiceConfig {
        self.max_connections_per_subchannel = Some(connections);
        self
    }

    /// The load-balancing policy, if it names one.
    pub fn load_balancing(&self) -> Option<&Chosen> {
        self.load_balancing.as_ref()
    }

    /// What holds for calls of this method: what is set for it, else for its service, else for all. These are not
    /// merged.
    ///
    /// Cheap enough for each call: at most two lookups by hash, no allocation.
    pub fn method_config(&self, method: &MethodDescriptor) -> Option<&MethodConfig> {
        self.methods.find(method)
    }

    /// When retries and hedges stop because too many calls fail.
    pub fn retry_throttling(&self) -> Option<RetryThrottling> {
        self.retry_throttling
    }

    /// The service whose health is watched at each server; empty text is the server as a whole, `None` is not at all.
    #[doc(hidden)]
    pub fn health_check_service_name(&self) -> Option<&str> {
        self.health_check_service_name.as_deref()
    }

    /// How many connections a server may get.
    #[doc(hidden)]
    pub fn max_connections_per_subchannel(&self) -> Option<NonZeroU32> {
        self.max_connections_per_subchannel
    }
}

/// What a channel can be given as its default: JSON text, or a [`ServiceConfig`].
#[derive(Debug, Clone)]
pub struct DefaultServiceConfig(Given);

#[derive(Debug, Clone)]
enum Given {
    Json(String),
    Config(ServiceConfig),
}

impl DefaultServiceConfig {
    pub(crate) fn read(
        self,
        policies: &PolicyRegistry,
    ) -> Result<ServiceConfig, InvalidServiceConfig> {
        match self.0 {
            Given::Json(json) => ServiceConfig::parse(&json, policies),
            Given::Config(config) => Ok(config),
        }
    }
}

impl From<&str> for DefaultServiceConfig {
    fn from(json: &str) -> DefaultServiceConfig {
        DefaultServiceConfig(Given::Json(json.to_owned()))
    }
}

impl From<String> for DefaultServiceConfig {
    fn from(json: String) -> DefaultServiceConfig {
        DefaultServiceConfig(Given::Json(json))
    }
}

impl From<ServiceConfig> for DefaultServiceConfig {
    fn from(config: ServiceConfig) -> DefaultServiceConfig {
        DefaultServiceConfig(Given::Config(config))
    }
}

fn health_check(node: Node<'_>) -> Result<Option<String>, InvalidServiceConfig> {
    node.object()?.read("serviceName", |node| node.string().map(str::to_owned))
}

fn connection_scaling(node: Node<'_>) -> Result<Option<NonZeroU32>, InvalidServiceConfig> {
    node.object()?.read("maxConnectionsPerSubchannel", |node| {
        NonZeroU32::new(node.integer(CONNECTIONS)?).ok_or_else(|| node.must_be(CONNECTIONS))
    })
}

const CONNECTIONS: &str = "an integer of 1 or more";

#[cfg(test)]
mod tests;
