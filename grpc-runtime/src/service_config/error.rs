//! What is wrong with a service config: [`InvalidServiceConfig`].
//!
//! Not what a channel does about it: that is gRFC A21, and the channel's.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::lb::ConfigError;

/// A service config cannot be used, because of one field. It is refused as a whole then (gRFC A21).
///
/// `Display` names the field by its path, what stands there, and what could:
///
/// ```
/// use grpc_runtime::lb::PolicyRegistry;
/// use grpc_runtime::service_config::ServiceConfig;
///
/// let json = r#"{"methodConfig": [{"name": [{}], "timeout": "5 seconds"}]}"#;
/// let error = ServiceConfig::parse(json, &PolicyRegistry::builtin()).unwrap_err();
/// assert_eq!(error.path(), "methodConfig[0].timeout");
/// assert_eq!(
///     error.to_string(),
///     r#"methodConfig[0].timeout is "5 seconds", and must be a duration that is not negative, such as "1.5s""#,
/// );
/// ```
#[derive(Debug, Clone)]
pub struct InvalidServiceConfig {
    path: String,
    mistake: Mistake,
}

/// What is wrong at the path.
#[derive(Debug, Clone)]
pub(super) enum Mistake {
    NotJson(Arc<serde_json::Error>),
    /// The path is that of the field.
    Twice,
    /// A field under both of its names.
    BothSpellings {
        other: String,
    },
    Value {
        found: String,
        expected: Cow<'static, str>,
    },
    Missing {
        expected: &'static str,
    },
    NameTwice {
        name: String,
        first: String,
    },
    RetryAndHedging,
    LoadBalancing(ConfigError),
}

impl InvalidServiceConfig {
    pub(super) fn new(path: impl Into<String>, mistake: Mistake) -> InvalidServiceConfig {
        InvalidServiceConfig { path: path.into(), mistake }
    }

    /// Where the mistake is, such as `methodConfig[2].retryPolicy.maxAttempts`; lists count from zero. Empty where it is
    /// the text as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for InvalidServiceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str("the service config")?,
            path => f.write_str(path)?,
        }
        match &self.mistake {
            Mistake::NotJson(_) => f.write_str(" is not JSON"),
            Mistake::Twice => f.write_str(" is given twice"),
            Mistake::BothSpellings { other } => {
                write!(f, " is given twice, the other time as {other}")
            }
            Mistake::Value { found, expected } => write!(f, " is {found}, and must be {expected}"),
            Mistake::Missing { expected } => write!(f, " is missing, and must be {expected}"),
            Mistake::NameTwice { name, first } => {
                write!(f, " names {name}, which {first} names already")
            }
            Mistake::RetryAndHedging => f.write_str(
                " has both retryPolicy and hedgingPolicy; a method can have one of them",
            ),
            Mistake::LoadBalancing(_) => f.write_str(" cannot be used"),
        }
    }
}

impl Error for InvalidServiceConfig {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.mistake {
            Mistake::NotJson(error) => Some(error.as_ref()),
            Mistake::LoadBalancing(error) => Some(error),
            Mistake::Twice
            | Mistake::BothSpellings { .. }
            | Mistake::Value { .. }
            | Mistake::Missing { .. }
            | Mistake::NameTwice { .. }
            | Mistake::RetryAndHedging => None,
        }
    }
}
