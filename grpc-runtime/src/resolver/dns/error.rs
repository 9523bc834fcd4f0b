//! [`LookupError`]: which name could not be looked up, where, why, and what to do.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use crate::resolver::dns::lookup::Query;
use crate::status::{Delivery, Origin, Status};

/// A name that could not be looked up.
#[derive(Debug)]
pub(super) struct LookupError {
    host: String,
    /// Whom we asked; `None` for the operating system.
    asked: Option<String>,
    connector: bool,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Timeout(Duration),
    OperatingSystem(io::Error),
    #[cfg(feature = "dns")]
    Dns(Box<dyn Error + Send + Sync>),
    /// The server that the target names is itself a name.
    #[cfg(feature = "dns")]
    Server(io::Error),
}

impl LookupError {
    pub(super) fn timeout(query: &Query, asked: Option<String>, after: Duration) -> Self {
        Self::new(query, asked, Reason::Timeout(after))
    }

    pub(super) fn operating_system(query: &Query, cause: io::Error) -> Self {
        Self::new(query, None, Reason::OperatingSystem(cause))
    }

    #[cfg(feature = "dns")]
    pub(super) fn dns(
        query: &Query,
        asked: String,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::new(query, Some(asked), Reason::Dns(cause.into()))
    }

    #[cfg(feature = "dns")]
    pub(super) fn server(query: &Query, asked: String, cause: io::Error) -> Self {
        Self::new(query, Some(asked), Reason::Server(cause))
    }

    fn new(query: &Query, asked: Option<String>, reason: Reason) -> Self {
        Self { host: query.host.clone(), asked, connector: query.connector, reason }
    }

    /// UNAVAILABLE, with all there is to know in its message, since that is what policies hand on.
    pub(super) fn into_status(self) -> Status {
        let mut message = self.to_string();
        if let Some(cause) = self.source() {
            message = format!("{message}: {cause}");
        }
        if let Some(advice) = self.advice() {
            message = format!("{message}; {advice}");
        }
        Status::unavailable(message)
            .with_origin(Origin::Transport)
            .with_delivery(Delivery::NotSent)
            .with_source(self)
    }

    fn advice(&self) -> Option<String> {
        match &self.reason {
            _ if self.connector => Some(format!(
                "if the channel's connector knows the name, let the target be \"passthrough:///{}\"",
                self.host
            )),
            Reason::Timeout(_) => Some(match &self.asked {
                Some(_) => "check that it answers from here".to_owned(),
                None => "check that the DNS servers of this machine answer".to_owned(),
            }),
            Reason::OperatingSystem(_) => {
                Some("check the spelling and this machine's DNS".to_owned())
            }
            #[cfg(feature = "dns")]
            Reason::Server(_) => Some("write its IP address in the target".to_owned()),
            #[cfg(feature = "dns")]
            Reason::Dns(_) => None,
        }
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the name {:?} could not be looked up", self.host)?;
        match &self.asked {
            Some(asked) => write!(formatter, " at {asked}")?,
            None => formatter.write_str(" by the operating system")?,
        }
        match &self.reason {
            Reason::Timeout(after) => write!(formatter, ": no answer within {after:?}"),
            #[cfg(feature = "dns")]
            Reason::Server(_) => formatter.write_str(": that name is not known itself"),
            #[cfg(feature = "dns")]
            Reason::Dns(_) => Ok(()),
            Reason::OperatingSystem(_) => Ok(()),
        }
    }
}

impl Error for LookupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            Reason::Timeout(_) => None,
            Reason::OperatingSystem(cause) => Some(cause),
            #[cfg(feature = "dns")]
            Reason::Server(cause) => Some(cause),
            #[cfg(feature = "dns")]
            Reason::Dns(cause) => Some(&**cause),
        }
    }
}
