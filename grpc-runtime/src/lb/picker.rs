//! The [`Picker`] trait: which subchannel a call takes. Called on the path of every call.
//!
//! Policies publish pickers; the engine asks the one published last. Waiting, failing fast and retrying are
//! the engine's.

use std::fmt;

use crate::attributes::Attributes;
use crate::lb::subchannel::{Subchannel, SubchannelId};
use crate::metadata::Metadata;
use crate::method::MethodDescriptor;
use crate::status::Status;

/// Decides for one call, again and again, until the policy publishes its successor.
///
/// # Who calls, when, on which task
///
/// The task of each call, for each attempt, many at once and on many threads. A picker is immutable but
/// for atomics; it takes no lock, does no I/O, and where it completes a pick it does not allocate. Calls may still
/// ask a picker after its successor was published.
///
/// It must not reach back to its policy. A queued pick is what asks for a connection: while the published
/// state is IDLE, the first [`Pick::Queue`] of a picker makes the channel call
/// [`Policy::exit_idle`](crate::lb::Policy::exit_idle).
pub trait Picker: Send + Sync + fmt::Debug {
    /// Where this call goes.
    fn pick(&self, call: &PickArgs<'_>) -> Pick;

    /// Why there was no connection the last time, if that is known. A queued call whose deadline passes is
    /// told, and so is a person who reads a log. Default: not known.
    fn last_failure(&self) -> Option<Status> {
        None
    }

    /// What a queued call waits for where nothing has failed yet, in a few words: `no answer so far from
    /// 192.0.2.1:50051`. A call whose deadline passes then is told. Default: not known.
    fn waits_for(&self) -> Option<String> {
        None
    }
}

/// What a picker may know of a call. It sees the request's metadata as the program and its layers made it, once for
/// each attempt.
#[derive(Debug, Clone, Copy)]
pub struct PickArgs<'a> {
    method: &'a MethodDescriptor,
    metadata: &'a Metadata,
    attributes: &'a Attributes,
    tried: &'a [SubchannelId],
}

impl<'a> PickArgs<'a> {
    /// The first attempt of a call without attributes.
    pub fn new(method: &'a MethodDescriptor, metadata: &'a Metadata) -> PickArgs<'a> {
        static NONE: Attributes = Attributes::new();
        PickArgs { method, metadata, attributes: &NONE, tried: &[] }
    }

    /// Sets the attributes of the call. Default: none.
    #[must_use]
    pub fn with_attributes(self, attributes: &'a Attributes) -> PickArgs<'a> {
        PickArgs { attributes, ..self }
    }

    /// Sets the subchannels of earlier attempts. Default: none.
    #[must_use]
    pub fn with_tried(self, tried: &'a [SubchannelId]) -> PickArgs<'a> {
        PickArgs { tried, ..self }
    }

    /// The method that is called.
    pub fn method(&self) -> &'a MethodDescriptor {
        self.method
    }

    /// What the call sends beside its messages.
    pub fn metadata(&self) -> &'a Metadata {
        self.metadata
    }

    /// What the program attached to the call.
    pub fn attributes(&self) -> &'a Attributes {
        self.attributes
    }

    /// The subchannels that earlier attempts of this call went to (retries, hedges), so that a picker can go
    /// elsewhere. A hint: `round_robin` passes them by while it has others, `pick_first` has only one.
    pub fn tried(&self) -> &'a [SubchannelId] {
        self.tried
    }

    pub(super) fn has_tried(&self, subchannel: &Subchannel) -> bool {
        self.tried.contains(&subchannel.id())
    }
}

/// What a picker decides.
///
/// | | a call that fails fast | a call that waits for ready |
/// |---|---|---|
/// | `Complete` | goes there | goes there |
/// | `Queue` | asks the next picker | asks the next picker |
/// | `Fail` | fails; its retry policy applies | asks the next picker |
/// | `Drop` | fails; is never retried | fails; is never retried |
///
/// Codes that a server alone may use (gRFC A54) are turned into INTERNAL.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "the engine treats each of them in a way of its own")]
pub enum Pick {
    /// Go there. If its connection is gone by then, the call picks again.
    Complete(Picked),
    /// Wait for the next picker.
    Queue,
    /// There is no connection, for this reason.
    Fail(Status),
    /// This call shall not be made at all.
    Drop(Status),
}

/// A subchannel for a call, and what goes with it.
#[derive(Debug)]
pub struct Picked {
    subchannel: Subchannel,
    on_end: Option<OnEnd>,
    metadata: Option<Box<Metadata>>,
}

impl Picked {
    /// This subchannel.
    pub fn new(subchannel: Subchannel) -> Picked {
        Picked { subchannel, on_end: None, metadata: None }
    }

    /// Sets what is called when the attempt is over. Default: nothing.
    ///
    /// Called exactly once, on the task of the call, also where the call is dropped or finds no connection here; it must
    /// not block. A panic of it is logged and goes no further. Costs an allocation a call. A parent that adds its own calls the one that was there before.
    #[must_use]
    pub fn on_end(mut self, on_end: impl FnOnce(&CallResult<'_>) + Send + 'static) -> Picked {
        self.on_end = Some(OnEnd(match self.on_end {
            None => Box::new(on_end),
            Some(OnEnd(before)) => Box::new(move |result| {
                before(result);
                on_end(result);
            }),
        }));
        self
    }

    /// Sets what this attempt sends beside the call's own metadata. Default: nothing.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Picked {
        self.metadata = Some(Box::new(metadata));
        self
    }

    /// The call does not go there, and whoever waits for its end is told.
    pub(super) fn decline(self) {
        if let Some(on_end) = self.on_end {
            let status = Status::cancelled("the call went elsewhere");
            on_end.call(&CallResult::new(Err(&status)));
        }
    }

    /// The subchannel.
    pub fn subchannel(&self) -> &Subchannel {
        &self.subchannel
    }

    pub(crate) fn into_parts(self) -> (Subchannel, Option<OnEnd>, Option<Box<Metadata>>) {
        (self.subchannel, self.on_end, self.metadata)
    }
}

/// What a picker wants to be told; the engine calls it.
pub(crate) struct OnEnd(Box<dyn FnOnce(&CallResult<'_>) + Send>);

impl OnEnd {
    pub(crate) fn new(on_end: impl FnOnce(&CallResult<'_>) + Send + 'static) -> OnEnd {
        OnEnd(Box::new(on_end))
    }

    pub(crate) fn call(self, result: &CallResult<'_>) {
        (self.0)(result);
    }
}

impl fmt::Debug for OnEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnEnd")
    }
}

/// How an attempt went.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct CallResult<'a> {
    /// `Err` where the attempt failed, by the server's word or on the way.
    pub outcome: Result<(), &'a Status>,
    /// Whether anything of the request was handed to the connection.
    pub is_sent: bool,
    /// Whether anything of a response arrived.
    pub is_received: bool,
    /// The trailers, if it came to that: where servers report their load.
    pub trailers: Option<&'a Metadata>,
}

impl<'a> CallResult<'a> {
    /// An attempt that ended thus, with nothing sent and nothing received.
    pub fn new(outcome: Result<(), &'a Status>) -> CallResult<'a> {
        CallResult { outcome, is_sent: false, is_received: false, trailers: None }
    }
}

/// Queues every call: there is nothing to pick from yet.
#[derive(Debug, Clone, Default)]
pub struct QueuePicker {
    last_failure: Option<Status>,
    waits_for: Option<String>,
}

impl QueuePicker {
    /// Nothing has failed so far.
    pub fn new() -> QueuePicker {
        QueuePicker::default()
    }

    /// This failed the last time.
    pub fn after(last_failure: Option<Status>) -> QueuePicker {
        QueuePicker { last_failure, waits_for: None }
    }

    /// Says what the calls [wait for](Picker::waits_for). Default: not known.
    #[must_use]
    pub fn with_waits_for(self, waits_for: Option<String>) -> QueuePicker {
        QueuePicker { waits_for, ..self }
    }
}

impl Picker for QueuePicker {
    fn pick(&self, _: &PickArgs<'_>) -> Pick {
        Pick::Queue
    }

    fn last_failure(&self) -> Option<Status> {
        self.last_failure.clone()
    }

    fn waits_for(&self) -> Option<String> {
        self.waits_for.clone()
    }
}

/// Fails every call that does not wait for ready.
#[derive(Debug, Clone)]
pub struct FailPicker(Status);

impl FailPicker {
    /// With this status.
    pub fn new(status: Status) -> FailPicker {
        FailPicker(status)
    }
}

impl Picker for FailPicker {
    fn pick(&self, _: &PickArgs<'_>) -> Pick {
        Pick::Fail(self.0.clone())
    }

    fn last_failure(&self) -> Option<Status> {
        Some(self.0.clone())
    }
}

/// Sends every call to one subchannel.
#[derive(Debug, Clone)]
pub struct OnePicker(Subchannel);

impl OnePicker {
    /// To this one.
    pub fn new(subchannel: Subchannel) -> OnePicker {
        OnePicker(subchannel)
    }
}

impl Picker for OnePicker {
    fn pick(&self, _: &PickArgs<'_>) -> Pick {
        Pick::Complete(Picked::new(self.0.clone()))
    }
}

const _: () = {
    const fn is_object_safe(_: Option<&dyn Picker>) {}
    is_object_safe(None);
    const fn flows<T: Send + 'static>() {}
    flows::<Pick>();
};
