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
//! | `tokens` | what a call that is bound to an attempt owes it |
//! | `backoff` | how long to wait before a retry |
//! | `pushback` | what the server says about it |
//! | `attempts` | how many attempts there may be, and how the server is told the number |
//! | `buffer` | what is kept to be sent again, and when it is too much |
//!
//! # How it is driven
//!
//! A call has a [`Retry`], or a [`Hedge`] where its method has a hedging policy, and a [`ReplayBuffer`]. A message is
//! pushed to the buffer before any attempt sends it; each attempt knows its position there. What ends an attempt, or binds
//! the call to it, is told to the machine, which says what to do. When it says to commit, so is the buffer, at the
//! position of the attempt that is left. No request is taken from the program in a pause: there is nobody to send it.
//!
//! An attempt that is told of is over, and its stream is gone before the next one starts. Where nothing left this process,
//! the answer is to start over at once, so whoever drives must wait for another connection and not spin. The deadline
//! spans attempts and pauses, and is the caller's to watch.

mod attempts;
mod backoff;
mod buffer;
mod failure;
mod hedge;
mod machine;
mod pushback;
mod throttle;
mod tokens;

pub(crate) use attempts::{AttemptCap, previous_attempts};
pub(crate) use buffer::{ChannelBuffer, DEFAULT_CALL_LIMIT, Pushed, ReplayBuffer, Replayed};
pub(crate) use failure::{CommittedBy, Failure, GaveUp};
pub(crate) use hedge::{Action, AttemptId, Hedge};
pub(crate) use machine::{Decision, Retry};
pub(crate) use pushback::Pushback;
pub(crate) use throttle::Throttle;
pub(crate) use tokens::Tokens;

#[cfg(test)]
mod tests;
