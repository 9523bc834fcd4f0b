//! The task that moves a connection's bytes, watches the peer's SETTINGS and GOAWAY, and says good-bye.
//!
//! It decides nothing about calls. Whoever connects passes `on_leave`, which is told once when the connection
//! takes no more streams.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

use crate::rt;
use crate::transport::h2::connection::{Connection, HeaderLimits, Peer, State};
use crate::transport::h2::error::TransportError;
use crate::transport::h2::greeting::{PeerLimit, Watched};
use crate::transport::h2::settings::{Http2Settings, SETTINGS_NOT_SEEN};
use crate::transport::h2::slots::Slots;

/// Shakes hands over `io`, waits for the peer's SETTINGS (a server that sends none is not ready, gRPC connection
/// backoff specification), and starts the driver's task.
///
/// `on_leave` runs on that task, once: with `None` after a graceful GOAWAY, with the error when the connection
/// was lost. Cancel safe: dropping the future closes the connection.
///
/// # Errors
/// When the peer does not speak HTTP/2 or goes away before its SETTINGS.
pub(crate) async fn connect<T>(
    io: T,
    peer: Peer,
    settings: &Http2Settings,
    on_leave: impl FnOnce(Option<TransportError>) + Send + 'static,
) -> Result<Connection, TransportError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let peer_limit = PeerLimit::new();
    let io = Watched::new(io, peer_limit.clone());
    let (requests, mut connection) = settings.builder().handshake::<_, Bytes>(io).await?;
    poll_fn(|context| until_settings(&requests, &mut connection, context)).await?;

    let slots = Slots::new(requests.current_max_send_streams());
    let state = Arc::new(State::default());
    let (owner, handles) = oneshot::channel();
    let driver = Driver {
        connection,
        probe: requests.clone(),
        handles,
        leaver: Leaver {
            slots: Arc::clone(&slots),
            state: Arc::clone(&state),
            on_leave: Some(on_leave),
        },
    };
    rt::spawn_detached(driver.run());
    let limits = HeaderLimits { ours: settings.max_header_list_bytes, of_peer: peer_limit.get() };
    Ok(Connection::new(requests, slots, peer, state, limits, owner))
}

type H2<T> = h2::client::Connection<T, Bytes>;

fn until_settings<T>(
    requests: &SendRequest<Bytes>,
    connection: &mut H2<T>,
    context: &mut Context<'_>,
) -> Poll<Result<(), TransportError>>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let polled = Pin::new(connection).poll(context);
    if requests.current_max_send_streams() != SETTINGS_NOT_SEEN {
        return Poll::Ready(Ok(()));
    }
    polled.map(|ended| match ended {
        Err(error) => Err(error.into()),
        Ok(()) => Err(TransportError::closed_before_settings()),
    })
}

struct Driver<T, F: FnOnce(Option<TransportError>)>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    connection: H2<T>,
    /// Answers "may a stream be opened", which a GOAWAY turns into an error; and keeps the connection open.
    probe: SendRequest<Bytes>,
    /// Hears a word when the connection is to be closed at once, and none when the last handle is gone.
    handles: oneshot::Receiver<()>,
    leaver: Leaver<F>,
}

impl<T, F> Driver<T, F>
where
    T: AsyncRead + AsyncWrite + Unpin,
    F: FnOnce(Option<TransportError>),
{
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` keeps its arguments twice, and these are most of a connection's task"
    )]
    fn run(mut self) -> impl Future<Output = ()> {
        async move {
            let ended = poll_fn(|context| self.poll_connection(context)).await;
            match ended {
                Ended::Lost(error) => self.leaver.leave(error),
                Ended::Closed => self.leaver.leave(Some(TransportError::closed_by_program())),
                Ended::Released => {
                    // `h2` says GOAWAY and closes by itself once nobody can open a stream; a peer that does not read
                    // that gets a bounded time.
                    drop(self.probe);
                    let closed = poll_fn(|context| Pin::new(&mut self.connection).poll(context));
                    rt::until(rt::now() + GOOD_BYE, closed).await;
                }
            }
        }
    }

    /// `h2` sees nothing wrong in a peer that closes an idle connection, with or without a GOAWAY before.
    fn end_without_error(&mut self, context: &mut Context<'_>) -> Option<TransportError> {
        match self.probe.poll_ready(context) {
            Poll::Ready(Err(error)) if error.is_go_away() => None,
            Poll::Ready(_) | Poll::Pending => Some(TransportError::closed_by_peer()),
        }
    }

    fn poll_connection(&mut self, context: &mut Context<'_>) -> Poll<Ended> {
        if let Poll::Ready(result) = Pin::new(&mut self.connection).poll(context) {
            return Poll::Ready(Ended::Lost(match result {
                Ok(()) => self.end_without_error(context),
                Err(error) => Some(error.into()),
            }));
        }
        self.leaver.slots.set_limit(self.probe.current_max_send_streams());
        if let Poll::Ready(Err(_goaway)) = self.probe.poll_ready(context) {
            self.leaver.leave(None);
        }
        Pin::new(&mut self.handles).poll(context).map(|word| match word {
            Ok(()) => Ended::Closed,
            Err(_gone) => Ended::Released,
        })
    }
}

/// Tells the handles, the queue and the owner, once, that no more streams can be opened; by being dropped if by
/// nothing else, because a runtime may end before its connections do.
struct Leaver<F: FnOnce(Option<TransportError>)> {
    slots: Arc<Slots>,
    state: Arc<State>,
    on_leave: Option<F>,
}

impl<F: FnOnce(Option<TransportError>)> Leaver<F> {
    fn leave(&mut self, error: Option<TransportError>) {
        if let Some(error) = &error {
            self.state.ended(error.clone());
        }
        self.state.leave();
        self.slots.close();
        if let Some(on_leave) = self.on_leave.take() {
            on_leave(error);
        }
    }
}

impl<F: FnOnce(Option<TransportError>)> Drop for Leaver<F> {
    fn drop(&mut self) {
        self.leave(None);
    }
}

enum Ended {
    /// By the peer, or on the way.
    Lost(Option<TransportError>),
    /// The program closed it.
    Closed,
    /// Nobody needs it any more.
    Released,
}

/// How long a connection that nobody needs any more may take to say GOAWAY and close.
const GOOD_BYE: Duration = Duration::from_secs(5);
