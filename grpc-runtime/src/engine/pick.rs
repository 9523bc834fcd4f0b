//! From "there is a channel" to "there is a connection with room for one more stream".
//!
//! The ready path takes no lock, does not wait and does not allocate. The other waits for the next snapshot, or for
//! a stream slot, until the deadline.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crate::connectivity::ConnectivityState;
use crate::engine::Shared;
use crate::engine::again::failure_of;
use crate::engine::ending::Ending;
use crate::engine::outcome::panicked;
use crate::engine::snapshot::Snapshot;
use crate::lb::{Pick, PickArgs, Picker, SubchannelId};
use crate::metadata::Metadata;
use crate::retry::Failure;
use crate::rt;
use crate::status::{Code, Delivery, Origin, Status};
use crate::transport::h2::{Connection, Slot};

/// A connection, a place on it, and what the picker said beside.
pub(super) struct Picked {
    pub(super) connection: Arc<Connection>,
    pub(super) slot: Slot,
    pub(super) subchannel: SubchannelId,
    pub(super) metadata: Option<Box<Metadata>>,
    pub(super) ending: Ending,
}

/// A connection that may or may not have room.
struct Found {
    connection: Arc<Connection>,
    subchannel: SubchannelId,
    metadata: Option<Box<Metadata>>,
    ending: Ending,
}

/// Why there is no connection for a call.
pub(super) struct NotPicked {
    pub(super) status: Status,
    /// What it is to a retry policy; none where no attempt could help.
    pub(super) failure: Option<Failure>,
}

/// What a snapshot has for a call.
enum Answer {
    Found(Found),
    /// Nothing yet: wait for the next one.
    Queue,
    /// There is no connection.
    Fail(Status),
    /// The call shall not be made.
    Drop(Status),
}

/// What can be had without waiting. Takes no lock.
pub(super) fn ready(snapshot: &Snapshot, call: &PickArgs<'_>) -> Option<Picked> {
    let Answer::Found(found) = ask(snapshot, call) else { return None };
    let slot = found.connection.try_slot()?;
    (!found.connection.is_leaving()).then(|| found.with(slot))
}

/// Waits for a connection with room.
///
/// # Errors
/// UNAVAILABLE when the server cannot be reached and the call does not wait for it; DEADLINE_EXCEEDED, which says
/// what the call was waiting for; CANCELLED when the channel is closed; what the picker says where it drops the call.
pub(super) async fn pick(
    shared: &Shared,
    call: &PickArgs<'_>,
    wait_for_ready: bool,
    deadline: Option<Instant>,
) -> Result<Picked, NotPicked> {
    let waiting = wait(shared, call, wait_for_ready);
    match deadline {
        None => waiting.await,
        Some(deadline) => match rt::until(deadline, waiting).await {
            Some(picked) => picked,
            None => Err(NotPicked { status: too_late(shared, Some(call)), failure: None }),
        },
    }
}

async fn wait(
    shared: &Shared,
    call: &PickArgs<'_>,
    wait_for_ready: bool,
) -> Result<Picked, NotPicked> {
    let _in_use = shared.published.wait();
    let mut changes = shared.published.changes();
    loop {
        // Marked as seen before the snapshot is read: a change after that ends the wait below.
        changes.borrow_and_update();
        let snapshot = Arc::clone(&shared.published.load());
        match ask(&snapshot, call) {
            Answer::Found(found) => {
                let connection = Arc::clone(&found.connection);
                // Where it leaves while the call queues for a slot, nothing was sent: the snapshot decides again.
                if let Some(slot) = connection.slot().await {
                    return Ok(found.with(slot));
                }
                continue;
            }
            Answer::Fail(status) if !wait_for_ready => {
                let target = shared.control.target();
                let failure = Some(failure_of(&status));
                let status = status.context(format!("cannot connect to {target}"));
                return Err(NotPicked { status, failure });
            }
            Answer::Drop(status) => {
                return Err(NotPicked { status, failure: Some(Failure::Dropped) });
            }
            Answer::Queue | Answer::Fail(_) => {}
        }
        if snapshot.asks_to_connect() {
            shared.control.connect();
            continue;
        }
        drop(snapshot);
        if changes.changed().await.is_err() {
            return Err(NotPicked { status: closed(), failure: None });
        }
    }
}

/// One pick, with all that may be wrong about it put right.
fn ask(snapshot: &Snapshot, call: &PickArgs<'_>) -> Answer {
    // A picker may be anybody's. Its panic is the end of this call, not of the task that makes it.
    let pick = match catch_unwind(AssertUnwindSafe(|| snapshot.picker.pick(call))) {
        Ok(pick) => pick,
        Err(panic) => return Answer::Drop(panicked("the load-balancing policy's picker", &*panic)),
    };
    match pick {
        Pick::Complete(picked) => {
            let (subchannel, on_end, metadata) = picked.into_parts();
            let ending = Ending::new(on_end);
            let id = subchannel.id();
            match subchannel.slot().load::<Connection>() {
                Some(connection) if !connection.is_leaving() => {
                    Answer::Found(Found { connection, subchannel: id, metadata, ending })
                }
                // Its connection is gone, and the policy is about to say so (CS-06).
                Some(_) | None => Answer::Queue,
            }
        }
        Pick::Queue => Answer::Queue,
        Pick::Fail(status) => Answer::Fail(not_sent(of_control_plane(status, POLICY))),
        Pick::Drop(status) => Answer::Drop(not_sent(of_control_plane(status, POLICY))),
    }
}

impl Found {
    fn with(self, slot: Slot) -> Picked {
        let Self { connection, subchannel, metadata, ending } = self;
        Picked { connection, slot, subchannel, metadata, ending }
    }
}

/// Waits until it is known which service config holds, and asks for a connection if nobody makes one.
///
/// # Errors
/// DEADLINE_EXCEEDED.
pub(super) async fn until_configured(
    shared: &Shared,
    deadline: Option<Instant>,
) -> Result<Arc<Snapshot>, Status> {
    let is_configured = |snapshot: &Snapshot| {
        snapshot.config.is_some() || snapshot.state == ConnectivityState::Shutdown
    };
    until(shared, is_configured, deadline).await
}

/// Waits until the channel is READY.
///
/// # Errors
/// DEADLINE_EXCEEDED, which says why it is not; CANCELLED when it is closed.
pub(super) async fn until_ready(shared: &Shared, deadline: Option<Instant>) -> Result<(), Status> {
    let is_over = |snapshot: &Snapshot| {
        matches!(snapshot.state, ConnectivityState::Ready | ConnectivityState::Shutdown)
    };
    match until(shared, is_over, deadline).await?.state {
        ConnectivityState::Shutdown => Err(closed()),
        ConnectivityState::Ready
        | ConnectivityState::Idle
        | ConnectivityState::Connecting
        | ConnectivityState::TransientFailure => Ok(()),
    }
}

/// Waits for this instant; not any longer once the channel is closed, as whoever picks then learns.
pub(super) async fn pause(shared: &Shared, due: Instant) {
    let is_closed = |snapshot: &Snapshot| snapshot.state == ConnectivityState::Shutdown;
    drop(rt::until(due, until(shared, is_closed, None)).await);
}

/// Waits for such a snapshot, and asks for a connection where nobody makes one.
async fn until(
    shared: &Shared,
    is_it: impl Fn(&Snapshot) -> bool,
    deadline: Option<Instant>,
) -> Result<Arc<Snapshot>, Status> {
    let waiting = async {
        let _in_use = shared.published.wait();
        let mut changes = shared.published.changes();
        loop {
            changes.borrow_and_update();
            let snapshot = Arc::clone(&shared.published.load());
            if is_it(&snapshot) {
                return Ok(snapshot);
            }
            if snapshot.asks_to_connect() {
                shared.control.connect();
                continue;
            }
            drop(snapshot);
            if changes.changed().await.is_err() {
                return Err(closed());
            }
        }
    };
    match deadline {
        None => waiting.await,
        Some(deadline) => match rt::until(deadline, waiting).await {
            Some(outcome) => outcome,
            None => Err(too_late(shared, None)),
        },
    }
}

/// Why there was no connection the last time, as far as the picker says. It may be anybody's: its panic is an answer too.
pub(crate) fn last_failure(picker: &dyn Picker) -> Option<Status> {
    catch_unwind(AssertUnwindSafe(|| picker.last_failure()))
        .unwrap_or_else(|panic| Some(panicked("the load-balancing policy's picker", &*panic)))
}

/// What queued calls wait for, as far as the picker says; a panic says nothing that the pick does not.
fn waits_for(picker: &dyn Picker) -> Option<String> {
    catch_unwind(AssertUnwindSafe(|| picker.waits_for())).unwrap_or(None)
}

/// CANCELLED: the program closed the channel.
pub(crate) fn closed() -> Status {
    Status::cancelled("the channel was closed").with_delivery(Delivery::NotSent)
}

fn too_late(shared: &Shared, call: Option<&PickArgs<'_>>) -> Status {
    let snapshot = shared.published.load();
    let target = shared.control.target();
    if let Some(failure) = last_failure(&*snapshot.picker) {
        let text = format!("the deadline passed while waiting for a connection to {target}");
        return not_sent(failure.with_code(Code::DeadlineExceeded).context(text));
    }
    let waited_for = match call.map(|call| ask(&snapshot, call)) {
        Some(Answer::Found(found)) => format!(
            "a free stream on the connection to {}, whose limit of concurrent calls is reached",
            found.connection.peer()
        ),
        Some(Answer::Queue | Answer::Fail(_) | Answer::Drop(_)) | None => {
            match waits_for(&*snapshot.picker) {
                Some(what) => format!("a connection to {target}: {what}"),
                None => format!("a connection to {target}"),
            }
        }
    };
    let text = format!("the deadline passed while waiting for {waited_for}");
    not_sent(Status::deadline_exceeded(text).with_origin(Origin::Transport))
}

/// Codes that only servers may use are a mistake of the control plane (gRFC A54).
pub(super) fn of_control_plane(status: Status, whose: &str) -> Status {
    match status.code() {
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::DataLoss => {
            let code = status.code();
            status.with_code(Code::Internal).context(format!(
                "{whose} failed the call with {code}, which only servers may do and is a bug"
            ))
        }
        Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::Unauthenticated => status,
    }
}

/// The same, if the request did not leave this process.
pub(super) fn not_sent(status: Status) -> Status {
    match status.delivery() {
        Delivery::NotSent => status,
        Delivery::NotProcessed | Delivery::Unknown | Delivery::Answered => {
            status.with_delivery(Delivery::NotSent)
        }
    }
}

const POLICY: &str = "the load-balancing policy";
