//! When a call is attempted again, and what is kept so that it can be (gRFC A6).
//!
//! Pure: a machine is told what happened to an attempt and answers what to do. Time and chance are arguments; streams,
//! timers and tasks are the engine's, which drives all of this. The policies that the machines follow are values of
//! `service_config`.
//!
//! | file | decides |
//! |---|---|
//! | `machine` | one attempt after the other: retries |
//! | `hedge` | several attempts at a time: hedging |
//! | `failure` | what there is to know about a failed attempt, and why a call is given up |
//! | `throttle` | whether a server that fails a lot is spared |
//! | `backoff` | how long to wait before a retry |
//! | `pushback` | what the server says about it |
//! | `attempts` | how many attempts there may be, and how the server is told the number |
//! | `buffer` | what is kept to be sent again, and when it is too much |

mod attempts;
mod backoff;
mod buffer;
mod failure;
mod hedge;
mod machine;
mod pushback;
mod throttle;

pub(crate) use attempts::{AttemptCap, previous_attempts};
pub(crate) use buffer::{
    BufferLimit, ChannelBuffer, DEFAULT_CALL_LIMIT, Pushed, ReplayBuffer, Replayed,
};
pub(crate) use failure::{CommittedBy, Failure, GaveUp, Interruption};
pub(crate) use hedge::{Action, AttemptId, Hedge, StartKind};
pub(crate) use machine::{Decision, Retry, RetryReason};
pub(crate) use pushback::Pushback;
pub(crate) use throttle::Throttle;
