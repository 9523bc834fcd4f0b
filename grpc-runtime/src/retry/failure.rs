//! The words of both machines: how an attempt failed, and why there is no further one.
//!
//! Values only; `machine` and `hedge` make something of them.

use std::fmt;

use crate::retry::pushback::Pushback;
use crate::service_config::CodeSet;
use crate::status::Code;

/// How an attempt failed, as far as it matters for another.
///
/// A code of the picker's or of call credentials comes in after its rewriting (gRFC A54).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing of it left this process: the connection went away before the request headers were written.
    NotSent,
    /// The server said that it did not look at it: REFUSED_STREAM, or a GOAWAY that leaves the stream out.
    Refused,
    /// The load-balancing policy dropped it: a decision against the call, not a failure of a server.
    Dropped,
    /// It took longer than an attempt of this call may; the call has time left.
    TimedOut,
    /// It ended with this code, whoever made it. Pushback counts where the response was trailers only.
    Status { code: Code, pushback: Pushback },
}

impl Failure {
    /// Whether a policy that lists these codes goes on after it. An attempt's timeout is always covered: who limits
    /// attempts wants another.
    pub(super) fn is_covered(self, codes: CodeSet) -> bool {
        match self {
            Self::NotSent | Self::Dropped => false,
            Self::TimedOut => true,
            Self::Refused => codes.contains(Code::Unavailable),
            // A list may have OK in it, which makes no failure of it.
            Self::Status { code, .. } => code != Code::Ok && codes.contains(code),
        }
    }

    /// Why there is no further attempt when no policy covers it.
    pub(super) fn without_policy(self) -> GaveUp {
        match self {
            Self::Dropped => GaveUp::Dropped,
            Self::NotSent | Self::Refused | Self::TimedOut | Self::Status { .. } => GaveUp::Final,
        }
    }

    pub(super) fn pushback(self) -> Pushback {
        match self {
            Self::Status { pushback, .. } => pushback,
            Self::NotSent | Self::Refused | Self::Dropped | Self::TimedOut => Pushback::Absent,
        }
    }
}

/// What bound a call to one attempt (gRFC A6, "When Retries are Valid").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommittedBy {
    /// Response headers arrived: the program may have seen them.
    Headers,
    /// What was sent is too much to be kept.
    BufferLimit,
}

/// Why a failed call gets no further attempt.
///
/// As text, a fragment for the status of the last attempt, where [`is_worth_telling`](GaveUp::is_worth_telling).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GaveUp {
    /// The code is not one that the policy retries, or there is no policy.
    Final,
    /// See [`Failure::Dropped`].
    Dropped,
    /// All attempts that the policy and the channel's cap allow have failed.
    Exhausted { attempts: u32 },
    /// The target fails too much.
    Throttled,
    /// The server asked not to try again.
    PushedBack,
    /// The call was bound to the attempt that failed.
    Committed(CommittedBy),
}

impl GaveUp {
    /// Whether the code alone would have been retried, so that the person who reads the status wonders.
    pub(crate) fn is_worth_telling(self) -> bool {
        match self {
            Self::Exhausted { .. } | Self::Throttled | Self::PushedBack => true,
            Self::Committed(CommittedBy::BufferLimit) => true,
            Self::Committed(CommittedBy::Headers) => false,
            Self::Final | Self::Dropped => false,
        }
    }
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Final => f.write_str("not retried: the policy does not cover it"),
            Self::Dropped => f.write_str("not retried: dropped by the load-balancing policy"),
            // The words of grpc-go, which programs look for (RT-11).
            Self::Exhausted { attempts } => {
                write!(f, "max retries exhausted: failed after {attempts} attempts")
            }
            Self::Throttled => f.write_str("not retried: too many calls to this target fail"),
            Self::PushedBack => f.write_str("not retried: the server asked not to"),
            Self::Committed(CommittedBy::Headers) => {
                f.write_str("not retried: response headers had arrived")
            }
            Self::Committed(CommittedBy::BufferLimit) => {
                f.write_str("not retried: the requests sent are over the limit of what is kept")
            }
        }
    }
}
