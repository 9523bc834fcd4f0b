//! The handle on a connection that calls share: it opens streams. The bytes are moved by the driver's task.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use http::Request;
use tokio::sync::oneshot;

use crate::attributes::Attributes;
use crate::credentials::SecurityLevel;
use crate::transport::connect::ServerIdentity;
use crate::transport::h2::error::TransportError;
use crate::transport::h2::slots::{Slot, Slots, Usage};

/// One HTTP/2 connection that is, or was, ready for calls.
///
/// Dropping the last handle lets the driver finish what is on the wire, say GOAWAY and close.
#[derive(Debug)]
pub(crate) struct Connection {
    requests: SendRequest<Bytes>,
    slots: Arc<Slots>,
    peer: Peer,
    state: Arc<State>,
    header_limits: HeaderLimits,
    /// Tells the driver, by being dropped, that no handle is left; and by a word, to close at once. Held for that word only.
    driver: Mutex<Option<oneshot::Sender<()>>>,
}

/// Who is at the other end.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: Arc<str>,
    pub(crate) identity: ServerIdentity,
    pub(crate) security_level: SecurityLevel,
    /// What the resolver attached to the endpoint for this connection.
    pub(crate) attributes: Attributes,
}

/// How large a block of headers or trailers may be, in the bytes of RFC 9113 §6.5.2.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeaderLimits {
    pub(super) ours: u32,
    pub(super) of_peer: u32,
}

/// A stream just opened: the two halves and the slot they occupy.
#[derive(Debug)]
pub(crate) struct OpenStream {
    pub(crate) response: ResponseFuture,
    pub(crate) request: SendStream<Bytes>,
    pub(crate) slot: Slot,
}

/// What the driver tells the handles.
#[derive(Debug, Default)]
pub(super) struct State {
    leaving: AtomicBool,
    end: OnceLock<TransportError>,
}

impl Connection {
    pub(super) fn new(
        requests: SendRequest<Bytes>,
        slots: Arc<Slots>,
        peer: Peer,
        state: Arc<State>,
        header_limits: HeaderLimits,
        driver: oneshot::Sender<()>,
    ) -> Self {
        let driver = Mutex::new(Some(driver));
        Self { requests, slots, peer, state, header_limits, driver }
    }

    /// The largest block of headers or trailers that a call accepts.
    pub(crate) fn max_header_list_bytes(&self) -> u32 {
        self.header_limits.ours
    }

    /// The largest block of headers that the peer accepts, as far as it said so when the connection began.
    pub(crate) fn peer_max_header_list_bytes(&self) -> u32 {
        self.header_limits.of_peer
    }

    /// The address at the other end, as text.
    pub(crate) fn peer(&self) -> &Arc<str> {
        &self.peer.address
    }

    /// How well it is protected.
    pub(crate) fn security_level(&self) -> SecurityLevel {
        self.peer.security_level
    }

    /// What the resolver attached to the endpoint for this connection.
    pub(crate) fn attributes(&self) -> &Attributes {
        &self.peer.attributes
    }

    /// Whether the server may be called by this `:authority`, which is not the one that the connection was made for.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn check_authority(
        &self,
        authority: &str,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.peer.identity.check(authority)
    }

    /// Whether the connection takes no more streams: it was lost, or the peer sent GOAWAY.
    pub(crate) fn is_leaving(&self) -> bool {
        self.state.leaving.load(Ordering::Acquire)
    }

    /// Whether `error`, met in opening a stream, is the connection's end rather than a fault of the request. The
    /// connection takes no more streams then, though its driver may not have got to say so yet.
    pub(crate) fn leaves_by(&self, error: &TransportError) -> bool {
        if error.is_of_connection() {
            self.state.leave();
        }
        self.is_leaving()
    }

    /// Why the connection ended, once it has and there was a reason.
    pub(crate) fn end(&self) -> Option<&TransportError> {
        self.state.end.get()
    }

    /// Tells when it had a stream last.
    pub(crate) fn usage(&self) -> Usage {
        Usage::of(&self.slots)
    }

    /// Closes the connection at once, whoever uses it.
    pub(crate) fn close(&self) {
        let driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(driver) = driver {
            // Where the driver is gone, so is the connection.
            let _ = driver.send(());
        }
    }

    /// A place for one more stream, if there is one now and nobody waits for it.
    pub(crate) fn try_slot(&self) -> Option<Slot> {
        self.slots.try_take()
    }

    /// A place for one more stream; `None` when the connection leaves first. Cancel safe.
    pub(crate) async fn slot(&self) -> Option<Slot> {
        self.slots.take().await
    }

    /// Opens a stream. Nothing was sent when this fails.
    pub(crate) fn open(
        &self,
        request: Request<()>,
        slot: Slot,
    ) -> Result<OpenStream, TransportError> {
        // A clone per stream, because a handle that has a stream waiting for the peer's limit refuses another.
        let (response, request) = self.requests.clone().send_request(request, false)?;
        Ok(OpenStream { response, request, slot })
    }
}

impl State {
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    pub(super) fn ended(&self, error: TransportError) {
        // Only the driver ends a connection, and it does so once.
        let _ = self.end.set(error);
    }
}
