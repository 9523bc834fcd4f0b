//! Why a channel could not be built.

use std::error::Error;
use std::fmt;

use crate::compression::UnknownEncoding;
#[cfg(feature = "tls")]
use crate::credentials::TlsConfigError;
use crate::service_config::InvalidServiceConfig;
use crate::target::InvalidTarget;

/// What is wrong with a channel's description. Found before any I/O.
#[derive(Debug)]
#[non_exhaustive]
pub enum ChannelError {
    /// The target cannot be understood.
    Target(InvalidTarget),
    /// The TLS settings do not hold together.
    #[cfg(feature = "tls")]
    Tls(TlsConfigError),
    /// TLS is the default, and this program was built without it.
    TlsNotBuiltIn,
    /// The target's scheme says one thing and the builder another.
    Contradiction {
        /// What the target says: `http` or `https`.
        scheme: &'static str,
        /// What the builder says.
        setting: &'static str,
    },
    /// What was given as authority cannot be one.
    Authority {
        /// The text that was given or derived.
        authority: String,
        /// What the parser of URIs says.
        cause: http::uri::InvalidUri,
    },
    /// An encoding is named that there is no compressor for.
    Compression(UnknownEncoding),
    /// The user agent has bytes that a header cannot carry.
    UserAgent(String),
    /// The default service config cannot be used.
    ServiceConfig(InvalidServiceConfig),
    /// No load-balancing policy of this name is registered, or it cannot do without a configuration.
    LoadBalancing(String),
}

impl fmt::Display for ChannelError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(error) => fmt::Display::fmt(error, formatter),
            #[cfg(feature = "tls")]
            Self::Tls(error) => fmt::Display::fmt(error, formatter),
            Self::TlsNotBuiltIn => formatter.write_str(
                "a channel uses TLS unless told otherwise, and grpc-runtime was built without it: enable its feature \
                 `tls-ring` or `tls-aws-lc`, or ask for `.plaintext()`",
            ),
            Self::Contradiction { scheme, setting } => write!(
                formatter,
                "the target begins with `{scheme}://` but the builder says `{setting}`: drop one of the two"
            ),
            Self::Authority { authority, .. } => write!(
                formatter,
                "{authority:?} is not an authority: write a host, or a host and a port"
            ),
            Self::Compression(error) => fmt::Display::fmt(error, formatter),
            Self::UserAgent(text) => {
                write!(formatter, "the user agent {text:?} cannot be sent: use visible ASCII only")
            }
            Self::ServiceConfig(_) => {
                formatter.write_str("the default service config is invalid")
            }
            Self::LoadBalancing(name) => write!(
                formatter,
                "no load-balancing policy {name:?} that needs no configuration: there are `pick_first`, `round_robin` \
                 and what was given to `.load_balancing_policy(..)`"
            ),
        }
    }
}

impl Error for ChannelError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Target(error) => error.source(),
            #[cfg(feature = "tls")]
            Self::Tls(error) => error.source(),
            Self::Authority { cause, .. } => Some(cause),
            Self::ServiceConfig(error) => Some(error),
            Self::TlsNotBuiltIn
            | Self::Contradiction { .. }
            | Self::Compression(_)
            | Self::UserAgent(_)
            | Self::LoadBalancing(_) => None,
        }
    }
}

impl From<InvalidServiceConfig> for ChannelError {
    fn from(error: InvalidServiceConfig) -> Self {
        Self::ServiceConfig(error)
    }
}

impl From<InvalidTarget> for ChannelError {
    fn from(error: InvalidTarget) -> Self {
        Self::Target(error)
    }
}

impl From<UnknownEncoding> for ChannelError {
    fn from(error: UnknownEncoding) -> Self {
        Self::Compression(error)
    }
}

#[cfg(feature = "tls")]
impl From<TlsConfigError> for ChannelError {
    fn from(error: TlsConfigError) -> Self {
        Self::Tls(error)
    }
}
