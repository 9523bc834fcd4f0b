//! [`Running`]: the thread of a [`Server`](super::Server) while it runs, and the two ways to end it.

use std::thread;

use tokio::sync::oneshot;

/// Dropping it ends the server abruptly.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) graceful: Option<oneshot::Sender<()>>,
    pub(super) abrupt: Option<oneshot::Sender<()>>,
    pub(super) ended: oneshot::Receiver<()>,
    pub(super) thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    pub(super) fn signal_graceful(&mut self) {
        // A sender that is taken is dropped, which is the signal.
        self.graceful.take();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.abrupt.take();
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed, and the test fails by what it waits for.
            let _ = thread.join();
        }
    }
}
