//! The bound on every wait of the suites. No suite calls `sleep`: it waits for the thing itself.

use std::future::Future;
use std::time::Duration;

/// How long anything on loopback may take before a test gives up. It is generous, because a loaded machine
/// is slow and a test that waits for the thing itself loses nothing by it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Awaits `future` for at most [`PATIENCE`].
///
/// # Panics
///
/// When it is not done by then; `what` names it in the message.
#[track_caller]
pub fn within<F: Future>(what: &str, future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(PATIENCE, future).await {
            Ok(output) => output,
            Err(_) => panic!("{caller}: waited {PATIENCE:?} for {what}"),
        }
    }
}
