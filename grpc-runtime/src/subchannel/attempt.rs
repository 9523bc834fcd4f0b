//! The task that connects: resolve, try the addresses, shake hands; on failure wait and do it again.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::rt;
use crate::status::Status;
use crate::subchannel::addresses::Addresses;
use crate::subchannel::failure::ConnectFailure;
use crate::subchannel::race::race;
use crate::subchannel::state::State;
use crate::subchannel::{Shared, lock};
use crate::transport::connect::ConnectError;
use crate::transport::h2::{self, Connection, TransportError};

/// Connects until there is a connection, or until a backoff passes in which nobody wanted one.
pub(super) async fn until_ready(shared: Arc<Shared>, given_up: GiveUp) {
    let mut addresses = Addresses::of(&shared.settings.target, &shared.settings.resolving);
    loop {
        let started = rt::now();
        let (number, pause, limit) = {
            let mut attempts = lock(&shared.attempts);
            attempts.number += 1;
            let pause = attempts.backoff.next(rt::random());
            (attempts.number, pause, attempts.backoff.attempt_timeout(pause))
        };
        let error = match rt::until(started + limit, connect(&shared, &mut addresses)).await {
            Some(Ok(connection)) => {
                {
                    let mut attempts = lock(&shared.attempts);
                    attempts.number = 0;
                    attempts.backoff.reset();
                }
                given_up.disarm();
                shared.replace(State::Ready(Arc::new(connection)));
                // It may have left before anyone could be told.
                shared.forget_connection();
                return;
            }
            Some(Err(error)) => error,
            None => AttemptError::TooSlow(limit),
        };
        let failure = ConnectFailure::new(shared.settings.target.uri(), number, pause, error);
        shared.wanted.store(false, std::sync::atomic::Ordering::Relaxed);
        addresses.led_nowhere();
        let hurried = shared.hurry.notified();
        shared.replace(State::TransientFailure(failure.clone()));
        // Measured from the start of one attempt to the start of the next (gRPC connection backoff).
        rt::until(started + pause, hurried).await;

        let is_wanted = shared.wanted.load(std::sync::atomic::Ordering::Relaxed)
            || shared.changed.receiver_count() > 0;
        if !is_wanted {
            break;
        }
        shared.replace(State::Connecting { last: Some(failure) });
    }
    drop(given_up);
}

/// Nobody connects any more: the next call may start again. Also when the task's runtime ends under it, even before
/// the task ran for the first time.
pub(super) struct GiveUp(Option<Arc<Shared>>);

impl GiveUp {
    pub(super) fn armed(shared: &Arc<Shared>) -> Self {
        Self(Some(Arc::clone(shared)))
    }

    /// There is a connection. What comes after it is not this task's to undo.
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for GiveUp {
    fn drop(&mut self) {
        let Some(shared) = &self.0 else { return };
        shared.replace_if(|state| match state {
            State::Connecting { .. } | State::TransientFailure(_) => {
                Some(State::Idle { last: state.last_failure().cloned() })
            }
            State::Idle { .. } | State::Ready(_) => None,
        });
    }
}

async fn connect(
    shared: &Arc<Shared>,
    addresses: &mut Addresses,
) -> Result<Connection, AttemptError> {
    let addresses = addresses.get().await.map_err(AttemptError::Resolve)?;
    let attempts = addresses.into_iter().map(|address| connect_to(Arc::clone(shared), address));
    race(attempts, STAGGER).await.map_err(|last| last.unwrap_or(AttemptError::NoAddresses))
}

async fn connect_to(shared: Arc<Shared>, address: Address) -> Result<Connection, AttemptError> {
    let settings = &shared.settings;
    let io = settings.dialer.connect(&address, &settings.authority).await?;
    let owner = Arc::downgrade(&shared);
    let on_leave = move |_error: Option<TransportError>| Shared::on_leave(&owner);
    h2::connect(io, address.to_string().into(), &settings.http2, on_leave).await.map_err(|error| {
        AttemptError::Handshake { address, is_plaintext: settings.dialer.is_plaintext(), error }
    })
}

/// How long an address may keep silent before the next one is tried beside it (gRFC A61).
const STAGGER: Duration = Duration::from_millis(250);

/// Why one attempt failed.
#[derive(Debug)]
enum AttemptError {
    Resolve(Status),
    NoAddresses,
    Connect(ConnectError),
    Handshake { address: Address, is_plaintext: bool, error: TransportError },
    TooSlow(Duration),
}

impl fmt::Display for AttemptError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve(status) => formatter.write_str(status.message()),
            Self::NoAddresses => formatter.write_str("the name resolved to no addresses"),
            Self::Connect(error) => fmt::Display::fmt(error, formatter),
            Self::Handshake { address, is_plaintext, .. } => {
                write!(formatter, "{address} accepted the connection but did not speak HTTP/2")?;
                match is_plaintext {
                    true => formatter.write_str(
                        "; if it expects TLS, say `.tls(..)`; a server that speaks only HTTP/1.1 looks the same",
                    ),
                    // ALPN agreed on HTTP/2. In TLS 1.3 a server judges the client after the client's side of the
                    // handshake, and its alert is easily lost to a closed socket: the cause may be a bare broken pipe.
                    false => formatter.write_str(
                        " after the TLS handshake; if it asks clients for a certificate, give one with \
                         `ClientTls::identity_pem`",
                    ),
                }
            }
            Self::TooSlow(limit) => write!(
                formatter,
                "no connection within {:.0} s: packets may be dropped on the way, or the server does not answer",
                limit.as_secs_f32()
            ),
        }
    }
}

impl Error for AttemptError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Resolve(status) => status.source(),
            Self::Connect(error) => error.source(),
            Self::Handshake { error, .. } => Some(error),
            Self::NoAddresses | Self::TooSlow(_) => None,
        }
    }
}

impl From<ConnectError> for AttemptError {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}
