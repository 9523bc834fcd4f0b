//! One attempt to connect to one address: socket, TLS, HTTP/2, the server's SETTINGS, in bounded time.

use std::sync::Arc;
use std::time::Instant;

use crate::address::Address;
use crate::attributes::Attributes;
use crate::rt;
use crate::subchannel::failure::AttemptError;
use crate::subchannel::{Event, Happened, Reporter, Settings};
use crate::transport::h2::{self, Connection, Peer};

/// What an attempt needs to know.
pub(super) struct Attempt {
    pub(super) settings: Arc<Settings>,
    pub(super) address: Address,
    pub(super) attributes: Attributes,
    pub(super) deadline: Instant,
    /// Says which attempt it is in what it reports.
    pub(super) of: Event<()>,
    pub(super) reporter: Reporter,
}

impl Attempt {
    /// Connects, and reports the connection or why there is none. A connection later reports its own end.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up: nothing is reported, and what was opened is closed.
    pub(super) async fn run(self) {
        let started = rt::now();
        let happened = match rt::until(self.deadline, self.connect()).await {
            Some(Ok(connection)) => Happened::Connected(connection),
            Some(Err(error)) => Happened::Failed(error),
            None => {
                let limit = self.deadline.saturating_duration_since(started);
                Happened::Failed(AttemptError::TooSlow { address: self.address, limit })
            }
        };
        (self.reporter)(self.of.with(happened));
    }

    async fn connect(&self) -> Result<Connection, AttemptError> {
        let Self { settings, address, attributes, .. } = self;
        let io = settings.dialer.connect(address, attributes, &settings.authority).await?;
        let identity = io.server_identity();
        let (of, reporter) = (self.of, Arc::clone(&self.reporter));
        let on_leave = move |error| reporter(of.with(Happened::Left(error)));
        let peer = Peer {
            address: address.to_string().into(),
            identity,
            security_level: settings.dialer.security_level(address),
            attributes: attributes.clone(),
        };
        h2::connect(io, peer, &settings.http2, on_leave).await.map_err(|error| {
            let is_plaintext = settings.dialer.is_plaintext();
            AttemptError::Handshake { address: address.clone(), is_plaintext, error }
        })
    }
}
