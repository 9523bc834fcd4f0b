//! The connections of one channel: what the load-balancing policy's subchannels stand for.
//!
//! A policy names subchannels; here each is tied to the server at its address, and two that name the same address share
//! its connection. What a server's subchannel does about an event is `machine`'s to decide; `pool` starts attempts, keeps
//! connections and hands them to calls, and puts news in line for the policy.
//!
//! It belongs to the channel's control task, which hands in every event and fetches the news. Not the choice of a
//! server (`lb`) and not calls (`engine`).

mod attempt;
mod failure;
mod machine;
mod pool;
mod server;

use std::sync::Arc;

use crate::backoff::BackoffConfig;
use crate::subchannel::failure::AttemptError;
use crate::transport::connect::Dialer;
use crate::transport::h2::{Connection, Http2Settings, TransportError};

pub(crate) use self::pool::{Subchannels, Use};

/// What connections are made with.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The `:authority`, whose host TLS verifies.
    pub(crate) authority: String,
    pub(crate) dialer: Dialer,
    pub(crate) http2: Http2Settings,
    pub(crate) backoff: BackoffConfig,
}

/// Where attempts and connections tell what happened to them; the control task hands it back to
/// [`on_event`](Subchannels::on_event). Must not block.
pub(crate) type Reporter = Arc<dyn Fn(Event) + Send + Sync>;

/// Something happened to an attempt or to the connection that came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event<T = Happened> {
    server: ServerId,
    /// Which attempt of that server, so that late news of an earlier one is known as such.
    attempt: u64,
    what: T,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Happened {
    Connected(Connection),
    Failed(AttemptError),
    /// The connection takes no more calls: with the error when it was lost, without one after a GOAWAY.
    Left(Option<TransportError>),
}

type ServerId = u64;

impl Event<()> {
    fn with<T>(self, what: T) -> Event<T> {
        Event { server: self.server, attempt: self.attempt, what }
    }
}
