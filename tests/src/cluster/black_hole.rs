//! [`BlackHole`]: accepts connections and never says a word.

use std::io::{ErrorKind, Read as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc;

use crate::wait::within;

/// A listener on a thread of its own, which ends when this is dropped, along with what it accepted.
#[derive(Debug)]
pub(super) struct BlackHole {
    address: SocketAddr,
    accepted: mpsc::UnboundedReceiver<()>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl BlackHole {
    pub(super) fn start(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("the port is ours");
        let (sender, accepted) = mpsc::unbounded_channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let body = move || {
            let mut swallowed = Vec::new();
            for stream in listener.incoming() {
                if stopped.load(Ordering::Acquire) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                // What the peer has closed need not be kept.
                swallowed.retain(is_open);
                swallowed.push(stream);
                let _ = sender.send(());
            }
        };
        let thread = thread::Builder::new().name("black hole".to_owned()).spawn(body);
        let thread = Some(thread.expect("a process may have one more thread"));
        BlackHole { address, accepted, stop, thread }
    }

    pub(super) async fn swallowed(&mut self) {
        within("a connection to the black hole", self.accepted.recv())
            .await
            .expect("it accepts until it is dropped");
    }
}

impl Drop for BlackHole {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Wakes the thread, which waits for a connection.
        let waking = TcpStream::connect(self.address);
        if waking.is_ok()
            && let Some(thread) = self.thread.take()
        {
            // A panic there has been printed.
            let _ = thread.join();
        }
    }
}

/// Whether the peer has not closed. What it sent meanwhile is read and forgotten.
fn is_open(stream: &TcpStream) -> bool {
    let mut bytes = [0; 1024];
    if stream.set_nonblocking(true).is_err() {
        return false;
    }
    loop {
        match (&*stream).read(&mut bytes) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}
