//! What a single call asks for beside its message.

use std::time::{Duration, Instant};

use crate::attributes::Attributes;
use crate::compression::Encoding;
use crate::metadata::Metadata;
use crate::status::{Delivery, Status};

/// Options of one call. What is `None` is decided by the method's attribute, then by the channel.
///
/// Layers change them through [`Request::options_mut`](crate::Request::options_mut).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// Sent beside the message, as HTTP headers.
    pub metadata: Metadata,
    /// Whether the call waits while the server cannot be reached, rather than fail with UNAVAILABLE.
    pub wait_for_ready: Option<bool>,
    /// What request messages are compressed with; the identity for none.
    pub compression: Option<Encoding>,
    /// The largest request message, in bytes as encoded, or as compressed where it is.
    pub max_request_bytes: Option<usize>,
    /// The largest response message, in bytes, decompressed as well.
    pub max_response_bytes: Option<usize>,
    /// What the load-balancing policy may know of the call beside its method and metadata. Never sent.
    pub attributes: Attributes,
    limit: Option<TimeLimit>,
    /// What holds beside the limit of its own, or the lack of one.
    latest: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
enum TimeLimit {
    Timeout(Duration),
    Deadline(Instant),
}

impl CallOptions {
    /// The call may take this long from when it is sent. Replaces a deadline.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.limit = Some(TimeLimit::Timeout(timeout));
    }

    /// The call has to be over by then. Replaces a timeout.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.limit = Some(TimeLimit::Deadline(deadline));
    }

    /// The call has to be over by then at the latest, whatever timeout or deadline it has or gets beside: the earliest
    /// counts. How a [`CallContext`](crate::CallContext) passes its deadline on.
    pub fn no_later_than(&mut self, latest: Instant) {
        self.latest = Some(self.latest.map_or(latest, |before| before.min(latest)));
    }

    /// The timeout, if the call has one of its own.
    pub fn timeout(&self) -> Option<Duration> {
        match self.limit {
            Some(TimeLimit::Timeout(timeout)) => Some(timeout),
            Some(TimeLimit::Deadline(_)) | None => None,
        }
    }

    /// The deadline, if the call has one of its own that is a point in time.
    pub fn deadline(&self) -> Option<Instant> {
        match self.limit {
            Some(TimeLimit::Deadline(deadline)) => Some(deadline),
            Some(TimeLimit::Timeout(_)) | None => None,
        }
    }

    /// When the call has to be over, with the clock read only if there is a limit at all; `otherwise` is the timeout of a
    /// call without a limit of its own. A timeout too long for the clock is none.
    ///
    /// # Errors
    /// DEADLINE_EXCEEDED when that time has passed already: nothing is sent then (gRPC over HTTP/2, "Timeout").
    pub(crate) fn deadline_from(
        &self,
        otherwise: Option<Duration>,
        now: impl Fn() -> Instant,
    ) -> Result<Option<Instant>, Status> {
        let limit = self.limit.or(otherwise.map(TimeLimit::Timeout));
        if limit.is_none() && self.latest.is_none() {
            return Ok(None);
        }
        let now = now();
        let deadline = limit.and_then(|limit| match limit {
            TimeLimit::Timeout(timeout) => now.checked_add(timeout),
            TimeLimit::Deadline(deadline) => Some(deadline),
        });
        match deadline.into_iter().chain(self.latest).min() {
            Some(deadline) if deadline <= now => {
                Err(Status::deadline_exceeded("the deadline had passed before the call was sent")
                    .with_delivery(Delivery::NotSent))
            }
            deadline => Ok(deadline),
        }
    }
}
