//! Why an attempt to connect failed, and what calls and logs are told of it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::address::Address;
use crate::status::{Delivery, Origin, Status};
use crate::transport::connect::ConnectError;
use crate::transport::h2::TransportError;

/// Why one attempt failed.
#[derive(Debug)]
pub(crate) enum AttemptError {
    Connect(ConnectError),
    Handshake { address: Address, is_plaintext: bool, error: TransportError },
    TooSlow { address: Address, limit: Duration },
}

impl AttemptError {
    /// UNAVAILABLE, naming the address, the attempt and the pause; this error is its source.
    pub(super) fn into_status(self, address: &Address, attempt: u32, next_in: Duration) -> Status {
        let next_in = next_in.as_secs_f32();
        not_connected(format!("attempt {attempt} at {address} failed, next in {next_in:.1} s"))
            .with_source(self)
    }
}

/// UNAVAILABLE: a server ends connections as soon as they are made.
pub(super) fn short_lived(
    address: &Address,
    error: Option<TransportError>,
    next_in: Duration,
) -> Status {
    let next_in = next_in.as_secs_f32();
    lost_with(
        format!(
            "{address} ends each connection as soon as it is made, next attempt in {next_in:.1} s"
        ),
        error,
    )
}

/// UNAVAILABLE: why a subchannel that was READY is so no more.
pub(super) fn lost(address: &Address, error: Option<TransportError>) -> Status {
    match error {
        None => not_connected(format!("{address} takes no more calls on this connection (GOAWAY)")),
        error => lost_with(format!("the connection to {address} was lost"), error),
    }
}

fn lost_with(text: String, error: Option<TransportError>) -> Status {
    let status = not_connected(text);
    match error {
        Some(error) => status.with_source(error),
        None => status,
    }
}

fn not_connected(text: String) -> Status {
    Status::unavailable(text).with_origin(Origin::Transport).with_delivery(Delivery::NotSent)
}

impl fmt::Display for AttemptError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
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
            Self::TooSlow { address, limit } => write!(
                formatter,
                "no connection to {address} within {:.0} s: packets may be dropped on the way, or the server does not \
                 answer; `BackoffConfig::with_min_connect_timeout` sets the time",
                limit.as_secs_f32()
            ),
        }
    }
}

impl Error for AttemptError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Connect(error) => error.source(),
            Self::Handshake { error, .. } => Some(error),
            Self::TooSlow { .. } => None,
        }
    }
}

impl From<ConnectError> for AttemptError {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}
