//! What happens for each attempt between the pick and the stream: call credentials are asked, and attempt interceptors
//! have their say. Retries, transparent retries and hedges each come through here.
//!
//! A call that has neither costs two comparisons. Who else picks a connection for a call does it through [`ready`] and
//! [`pick`](fn@pick), and not through `engine::pick`.

mod credentials;
mod interceptor;

use std::fmt;
use std::sync::Arc;

use crate::credentials::CallCredentials;
use crate::engine::options::CallOptions;
use crate::engine::pick::{self, NotPicked, Picked};
use crate::engine::snapshot::Snapshot;
use crate::engine::terms::Terms;
use crate::engine::{Settled, Shared};
use crate::lb::{PickArgs, SubchannelId};
use crate::method::MethodDescriptor;

pub use self::interceptor::{Attempt, AttemptInterceptor};

/// What the channel wants for each attempt of every call.
#[derive(Clone, Default)]
pub(crate) struct PerAttempt {
    pub(crate) credentials: Vec<Arc<dyn CallCredentials>>,
    /// In the order in which they see an attempt.
    pub(crate) interceptors: Vec<Arc<dyn AttemptInterceptor>>,
}

/// A call of which an attempt is to begin.
#[derive(Clone, Copy)]
pub(super) struct Starting<'a> {
    pub(super) method: &'a MethodDescriptor,
    pub(super) options: &'a CallOptions,
    pub(super) settled: &'a Settled,
    /// Where earlier attempts went.
    pub(super) tried: &'a [SubchannelId],
    pub(super) previous_attempts: u32,
}

impl<'a> Starting<'a> {
    /// What a picker may know of it.
    fn pick_args(&self) -> PickArgs<'a> {
        PickArgs::new(self.method, &self.options.metadata)
            .with_attributes(self.options.attributes())
            .with_tried(self.tried)
    }
}

/// What can be had without waiting.
pub(super) enum Ready {
    /// All of it.
    Picked(Picked),
    /// Not all of it.
    NotYet,
    /// The attempt has failed already.
    Refused(NotPicked),
}

/// Looks for a connection, and for what has to be sent there beside the call's own.
pub(super) fn ready(shared: &Shared, snapshot: &Snapshot, starting: &Starting<'_>) -> Ready {
    if !shared.per_attempt.concerns(starting.options) {
        return pick::ready(snapshot, &starting.pick_args()).map_or(Ready::NotYet, Ready::Picked);
    }
    // Before the pick: it counts as an attempt for the picker, and there is none where a token has to be waited for.
    let now = credentials::now(shared, starting);
    let picked = now.and_then(|metadata| {
        let picked = pick::ready(snapshot, &starting.pick_args())?;
        Some(credentials::add(shared, starting, picked, metadata))
    });
    let interceptors = &shared.per_attempt.interceptors;
    match picked.map(|picked| interceptor::tell(interceptors, starting, picked?)) {
        Some(Ok(picked)) => Ready::Picked(picked),
        Some(Err(refused)) => Ready::Refused(refused),
        None => Ready::NotYet,
    }
}

/// Waits for a connection with room, and for what has to be sent there beside the call's own.
///
/// # Errors
/// Those of [`pick::pick`], of credentials and of interceptors.
pub(super) async fn pick(shared: &Shared, starting: &Starting<'_>) -> Result<Picked, NotPicked> {
    let Terms { wait_for_ready, deadline, .. } = starting.settled.terms;
    let args = starting.pick_args();
    loop {
        let picked = pick::pick(shared, &args, wait_for_ready, deadline).await?;
        if !shared.per_attempt.concerns(starting.options) {
            return Ok(picked);
        }
        // In a box, so that other calls are not larger for it.
        if let Some(picked) = Box::pin(prepare(shared, starting, picked)).await? {
            return Ok(picked);
        }
    }
}

/// `None` when the connection has gone meanwhile.
async fn prepare(
    shared: &Shared,
    starting: &Starting<'_>,
    picked: Picked,
) -> Result<Option<Picked>, NotPicked> {
    let Some(picked) = credentials::ask(shared, starting, picked).await? else { return Ok(None) };
    interceptor::tell(&shared.per_attempt.interceptors, starting, picked).map(Some)
}

impl PerAttempt {
    fn concerns(&self, options: &CallOptions) -> bool {
        !self.credentials.is_empty()
            || !self.interceptors.is_empty()
            || !options.call_credentials().is_empty()
    }
}

impl fmt::Debug for PerAttempt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PerAttempt")
            .field("credentials", &self.credentials.len())
            .field("interceptors", &self.interceptors.len())
            .finish()
    }
}
