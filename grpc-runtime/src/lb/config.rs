//! The configuration of a policy, between JSON and the policy: parsed once, then a value.
//!
//! Not the service config as a whole; of that, this is what stands under a policy's name.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A configuration as the policy's own builder parsed it. Cloning counts a reference.
///
/// ```
/// use grpc_runtime::lb::ParsedConfig;
///
/// #[derive(Debug)]
/// struct Mine { limit: u32 }
///
/// let config = ParsedConfig::new(Mine { limit: 3 });
/// assert_eq!(config.get::<Mine>().map(|mine| mine.limit), Some(3));
/// assert!(ParsedConfig::none().get::<Mine>().is_none());
/// ```
#[derive(Clone)]
pub struct ParsedConfig(Option<Arc<dyn Config>>);

trait Config: Any + fmt::Debug + Send + Sync {}

impl<T: Any + fmt::Debug + Send + Sync> Config for T {}

impl ParsedConfig {
    /// This configuration.
    pub fn new<T: Any + fmt::Debug + Send + Sync>(config: T) -> ParsedConfig {
        ParsedConfig(Some(Arc::new(config)))
    }

    /// No configuration: the policy's defaults.
    pub const fn none() -> ParsedConfig {
        ParsedConfig(None)
    }

    /// The configuration, if there is one and it is a `T`.
    pub fn get<T: Any>(&self) -> Option<&T> {
        let config: &dyn Any = self.0.as_deref()?;
        config.downcast_ref()
    }
}

impl fmt::Debug for ParsedConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(config) => fmt::Debug::fmt(config, f),
            None => f.write_str("default"),
        }
    }
}

/// A load-balancing configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// `loadBalancingConfig` is not a list.
    NotAList,
    /// An entry of the list is not an object with one key, the name of a policy. Entries count from zero.
    NotOnePolicy {
        /// Which entry it is.
        entry: usize,
    },
    /// The list names no policy that is registered.
    NoKnownPolicy {
        /// The names in the list.
        named: Vec<String>,
    },
    /// What stands under a policy's name is not an object.
    NotAnObject {
        /// The policy.
        policy: String,
    },
    /// A field of a policy's configuration has a value that it cannot have.
    Field {
        /// The policy.
        policy: String,
        /// The field, in the spelling of JSON.
        field: String,
        /// What the value would have to be, such as `a bool`.
        expected: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAList => f.write_str("loadBalancingConfig is not a list"),
            Self::NotOnePolicy { entry } => {
                write!(f, "entry {entry} of loadBalancingConfig is not an object with one policy")
            }
            Self::NoKnownPolicy { named } if named.is_empty() => {
                f.write_str("loadBalancingConfig names no policy")
            }
            Self::NoKnownPolicy { named } => {
                write!(
                    f,
                    "none of the policies of loadBalancingConfig is known: {}",
                    named.join(", ")
                )
            }
            Self::NotAnObject { policy } => {
                write!(f, "the configuration of {policy} is not an object")
            }
            Self::Field { policy, field, expected } => {
                write!(f, "{field} in the configuration of {policy} is not {expected}")
            }
        }
    }
}

impl Error for ConfigError {}
