//! Options of a call that cannot be: found where they are set, before anything is sent.

use std::error::Error;
use std::fmt;

use http::uri::InvalidUri;

use crate::status::{Delivery, Status};

/// An option that a call cannot have.
///
/// Where a call is made of it, it becomes an INTERNAL status that was not sent, as with invalid metadata.
#[derive(Debug)]
#[non_exhaustive]
pub enum InvalidOption {
    /// What was given as authority cannot be one.
    Authority {
        /// What was given.
        authority: String,
        /// What is wrong with it.
        cause: InvalidUri,
    },
    /// What was given as content-subtype cannot be one.
    ContentSubtype {
        /// What was given.
        subtype: String,
    },
}

impl fmt::Display for InvalidOption {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority { authority, .. } => write!(
                formatter,
                "{authority:?} is not an authority: write a host, or a host and a port"
            ),
            Self::ContentSubtype { subtype } => write!(
                formatter,
                "{subtype:?} is not a content-subtype: write a name such as \"json\", without \"application/grpc+\""
            ),
        }
    }
}

impl Error for InvalidOption {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Authority { cause, .. } => Some(cause),
            Self::ContentSubtype { .. } => None,
        }
    }
}

impl From<InvalidOption> for Status {
    /// INTERNAL: the caller's own doing, found before anything was sent.
    fn from(error: InvalidOption) -> Status {
        Status::internal(error.to_string()).with_delivery(Delivery::NotSent).with_source(error)
    }
}
