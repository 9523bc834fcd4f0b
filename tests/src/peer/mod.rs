//! A scripted HTTP/2 peer, for what no honest server would do.
//!
//! A script reads like a trace of the connection, from the peer's side. It plays on a thread of its own
//! with blocking reads, each bounded by [`PATIENCE`](crate::PATIENCE); PING and SETTINGS of the client are
//! acknowledged on the way unless the script says [`mute`](Script::mute).
//!
//! ```no_run
//! # async fn example() {
//! use tests::peer::{Peer, message};
//!
//! let peer = Peer::script()
//!     .accept()
//!     .preface()
//!     .settings([])
//!     .read_headers()
//!     .headers([(":status", "200"), ("content-type", "application/grpc")])
//!     .data(&message(b"half a mess")[..9])
//!     .trailers([("grpc-status", "0")])
//!     .stall()
//!     .play();
//! // .. call `peer.target()` and look at the status ..
//! let record = peer.finish().await;
//! assert_eq!(record.requests().await[0].path, "/helloworld.Greeter/SayHello");
//! # }
//! ```
//!
//! For a peer that behaves, use [`server`](crate::server).

mod frames;
mod play;
mod record;
mod script;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use crate::wait::within;

pub use frames::{Frame, PREFACE, code, flag, header_block, kind, message, setting};
pub use record::{Record, RequestHead};
pub use script::Script;

use play::Player;

/// A script that is being played. Dropping it ends a [`stall`](Script::stall) at once, and any other wait of
/// the script when its bound is over.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    release: Arc<AtomicBool>,
    told: mpsc::UnboundedReceiver<()>,
    outcome: Option<oneshot::Receiver<Result<Record, String>>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Peer {
    /// An empty script.
    pub fn script() -> Script {
        Script::default()
    }

    /// Where to connect: `http://127.0.0.1:PORT`. The port listens from the start; connections wait until
    /// the script accepts them.
    pub fn target(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address of [`target`](Self::target).
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the script gets to its next [`tell`](Script::tell).
    ///
    /// # Panics
    ///
    /// When the script ends before, or takes longer than [`PATIENCE`](crate::PATIENCE).
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing.
    pub async fn told(&mut self) {
        within("a word of the script", self.told.recv()).await.expect("the script tells so often");
    }

    /// Ends a [`stall`](Script::stall), waits for the script's end and hands over what arrived.
    ///
    /// # Panics
    ///
    /// When the client did not do what the script waited for; the message shows the script's step and all
    /// frames that arrived.
    ///
    /// # Cancel safety
    ///
    /// Dropping it is dropping the peer.
    pub async fn finish(mut self) -> Record {
        self.release.store(true, Ordering::Release);
        let outcome = self.outcome.take().expect("only `finish` takes it, and it takes `self`");
        match within("the end of the script", outcome).await {
            Ok(Ok(record)) => record,
            Ok(Err(failure)) => panic!("{failure}"),
            Err(_) => panic!("the peer's thread panicked; its message is above"),
        }
    }

    fn launch(script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let release = Arc::new(AtomicBool::new(false));
        let (sender, outcome) = oneshot::channel();
        let (tell, told) = mpsc::unbounded_channel();
        let mut player = Player::new(listener, Arc::clone(&release), tell);
        let body = move || {
            // The test may have dropped its handle; then nobody asks.
            let _ = sender.send(player.play(script));
        };
        let thread = thread::Builder::new().name("peer".to_owned()).spawn(body);
        Peer {
            address,
            release,
            told,
            outcome: Some(outcome),
            thread: Some(thread.expect("a process may have one more thread")),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.release.store(true, Ordering::Release);
        if self.outcome.is_none()
            && let Some(thread) = self.thread.take()
        {
            // `finish` has its answer, so the thread is through; a panic there has been printed.
            let _ = thread.join();
        }
    }
}
