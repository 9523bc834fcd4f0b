//! Why there is no connection, kept to be told to every call that needed one.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::status::{Delivery, Origin, Status};

/// One failed attempt to connect. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ConnectFailure(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    target: String,
    attempt: u32,
    next_in: Duration,
    cause: SharedError,
}

impl ConnectFailure {
    pub(super) fn new(
        target: &impl fmt::Display,
        attempt: u32,
        next_in: Duration,
        cause: impl Error + Send + Sync + 'static,
    ) -> Self {
        let (target, cause) = (target.to_string(), SharedError(Arc::new(cause)));
        Self(Arc::new(Inner { target, attempt, next_in, cause }))
    }

    /// Whether both are the failure of one attempt.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// UNAVAILABLE, for a call that does not wait.
    pub(crate) fn status(&self) -> Status {
        self.explain(Status::unavailable(self.to_string()))
    }

    /// DEADLINE_EXCEEDED, for a call that waited in vain.
    pub(crate) fn status_too_late(&self) -> Status {
        self.explain(Status::deadline_exceeded(format!(
            "the deadline passed while waiting for a connection: {self}"
        )))
    }

    fn explain(&self, status: Status) -> Status {
        status
            .with_origin(Origin::Transport)
            .with_delivery(Delivery::NotSent)
            .with_source(self.0.cause.clone())
    }
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { target, attempt, next_in, .. } = &*self.0;
        write!(
            formatter,
            "cannot connect to {target} (attempt {attempt}, next in {:.1} s)",
            next_in.as_secs_f32()
        )
    }
}

/// One error as the cause of many.
#[derive(Debug, Clone)]
struct SharedError(Arc<dyn Error + Send + Sync>);

impl fmt::Display for SharedError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl Error for SharedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
