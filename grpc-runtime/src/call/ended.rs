//! [`Ended`]: how a call came to its end, told exactly once, whatever ended it.
//!
//! Not the outcome that the program gets (that is a `Result`): this also tells the end that nobody waited for. A
//! [`Streaming`](crate::Streaming) and an [`EndGuard`] drive it.

use std::fmt;

use crate::engine::SingleReply;
use crate::metadata::Metadata;
use crate::status::{Code, Status};

/// How a call ended, as [`Response::on_end`](crate::Response::on_end),
/// [`Streaming::on_end`](crate::Streaming::on_end) and [`layer::on_end`](crate::layer::on_end()) tell it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Ended<'a> {
    /// The server ended it with OK, and everything was read.
    #[non_exhaustive]
    Ok {
        /// What the server sent after its last message.
        trailers: &'a Metadata,
        /// The address that answered; `None` where the answer came from no connection.
        peer: Option<&'a str>,
        /// How many attempts there were, as [`Status::attempts`] counts them.
        attempts: u32,
    },
    /// It failed. The trailers are [`Status::metadata`].
    Failed(&'a Status),
    /// The program let go of it before its end: it dropped the future, or the stream with messages or the end
    /// unread. The server was told to stop, if it was still at it.
    Dropped,
}

impl<'a> Ended<'a> {
    /// The end of a call that has brought its only message.
    pub(super) fn of(reply: &'a SingleReply) -> Self {
        let SingleReply { trailers, peer, attempts, .. } = reply;
        Self::Ok { trailers, peer: peer.as_deref(), attempts: *attempts }
    }
}

impl Ended<'_> {
    /// The code of the end: CANCELLED where the call was dropped.
    pub fn code(&self) -> Code {
        match self {
            Ended::Ok { .. } => Code::Ok,
            Ended::Failed(status) => status.code(),
            Ended::Dropped => Code::Cancelled,
        }
    }

    /// The failure, if the call had one; a dropped call has none.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Ended::Failed(status) => Some(status),
            Ended::Ok { .. } | Ended::Dropped => None,
        }
    }

    /// The end as whoever still sends learns it.
    pub(crate) fn result(&self) -> Result<(), Status> {
        match self {
            Ended::Ok { .. } => Ok(()),
            Ended::Failed(status) => Err((*status).clone()),
            Ended::Dropped => Err(Status::cancelled("the call was dropped")),
        }
    }

    /// What the server sent at the end; empty where it did not get that far.
    pub fn trailers(&self) -> Option<&Metadata> {
        match self {
            Ended::Ok { trailers, .. } => Some(trailers),
            Ended::Failed(status) => Some(status.metadata()),
            Ended::Dropped => None,
        }
    }

    /// The address that the call went to last; `None` where it came to no connection, and where the call was dropped.
    pub fn peer(&self) -> Option<&str> {
        match self {
            Ended::Ok { peer, .. } => *peer,
            Ended::Failed(status) => status.peer(),
            Ended::Dropped => None,
        }
    }

    /// How many attempts the call had, as [`Status::attempts`] counts them; `None` where it was dropped.
    pub fn attempts(&self) -> Option<u32> {
        match self {
            Ended::Ok { attempts, .. } => Some(*attempts),
            Ended::Failed(status) => Some(status.attempts()),
            Ended::Dropped => None,
        }
    }
}

/// What is told of an end: a function, or a layer's own state.
pub trait EndHook: Send + 'static {
    /// The call has ended like this.
    fn ended(self, ended: Ended<'_>);
}

impl<F: FnOnce(Ended<'_>) + Send + 'static> EndHook for F {
    fn ended(self, ended: Ended<'_>) {
        self(ended);
    }
}

/// The hooks of a call or a stream. Those that were added first are run first; none is run twice.
#[derive(Default)]
pub(super) struct EndHooks(Vec<BoxedHook>);

type BoxedHook = Box<dyn FnOnce(Ended<'_>) + Send>;

impl EndHooks {
    /// Adds one.
    pub(super) fn push(&mut self, hook: impl EndHook) {
        self.0.push(Box::new(|ended: Ended<'_>| hook.ended(ended)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Runs them; there are none afterwards.
    pub(super) fn run(&mut self, ended: Ended<'_>) {
        // Taken out first: one that panics must not be met again by `drop`.
        for hook in std::mem::take(&mut self.0) {
            hook(ended);
        }
    }
}

impl EndHook for EndHooks {
    fn ended(mut self, ended: Ended<'_>) {
        self.run(ended);
    }
}

impl Drop for EndHooks {
    fn drop(&mut self) {
        self.run(Ended::Dropped);
    }
}

impl fmt::Debug for EndHooks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("EndHooks").field(&self.0.len()).finish()
    }
}

/// Tells a hook of the end of one call, from before it is made: dropping the guard is an end as well.
pub(crate) struct EndGuard<H: EndHook>(Option<H>);

impl<H: EndHook> EndGuard<H> {
    /// A guard for a call that is about to be made.
    pub(crate) fn new(hook: H) -> Self {
        Self(Some(hook))
    }

    /// The call has ended like this.
    pub(crate) fn end(mut self, ended: Ended<'_>) {
        if let Some(hook) = self.0.take() {
            hook.ended(ended);
        }
    }

    /// The hook, for what goes on after the response began.
    pub(crate) fn into_hook(mut self) -> H {
        self.0.take().expect("only consuming methods take it")
    }
}

impl<H: EndHook> Drop for EndGuard<H> {
    fn drop(&mut self) {
        if let Some(hook) = self.0.take() {
            hook.ended(Ended::Dropped);
        }
    }
}
