//! The second start of a call that the server did not look at (gRFC A6, "Transparent Retries").
//!
//! Not the retries of a policy: this happens once, without a pause, whatever the method is, because the server itself
//! said that it did not begin: by REFUSED_STREAM, or by a GOAWAY that leaves the stream out. A call of which nothing left
//! this process is started again as often as it takes, before there is anything to repeat (`Engine::start`).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::engine::Engine;
use crate::engine::attempt::Waiting;
use crate::engine::incoming::Incoming;
use crate::lb::SubchannelId;
use crate::status::Status;

/// What it takes to make the call once more: its one message is kept as bytes, shared with the first attempt.
pub(super) struct Again {
    engine: Engine,
    call: Waiting,
    /// Where the first attempt went.
    subchannel: SubchannelId,
}

impl Again {
    pub(super) fn new(engine: Engine, call: Waiting, subchannel: SubchannelId) -> Self {
        Self { engine, call, subchannel }
    }

    pub(super) fn start(self) -> Restart {
        let Self { engine, mut call, subchannel } = self;
        call.tried.push(subchannel);
        Restart(Box::pin(async move { engine.start(Box::new(call)).await }))
    }
}

/// The call on its way to another connection.
pub(super) struct Restart(Pin<Box<dyn Future<Output = Result<Incoming, Status>> + Send>>);

impl Future for Restart {
    type Output = Result<Incoming, Status>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Again {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Again").finish_non_exhaustive()
    }
}

impl fmt::Debug for Restart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Restart").finish_non_exhaustive()
    }
}
