//! One call below the codec: options, connection, deadline, bytes out, bytes in, and the status at the end.
//!
//! Not typed (messages are framed bytes by now) and not HTTP/2 itself (`transport`). A [`Request`] of the typed
//! edge becomes an [`Outgoing`], [`Engine::try_start`] makes it a stream, and the kind of the call reads its [`Incoming`].
//!
//! [`Request`]: crate::Request

mod again;
mod answer;
mod attempt;
mod changes;
mod ending;
mod hedging;
mod incoming;
mod invalid;
mod limits;
mod options;
mod outcome;
mod outgoing;
mod per_attempt;
mod pick;
mod replay;
mod snapshot;
mod template;
mod terms;
mod timer;
mod upload;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::attempts::Attempts;
use crate::codec::Framing;
use crate::compression::{Algorithms, Compression, Decompression};
use crate::framing;
use crate::metadata::Metadata;
use crate::method::MethodDescriptor;
use crate::retry::{Hedge, ReplayBuffer, Retry};
use crate::rt;
use crate::status::{Delivery, Status};
use crate::target::TargetUri;

use self::answer::Answer;
use self::hedging::Hedging;
use self::per_attempt::Ready;
use self::template::Template;
use self::terms::Terms;

pub(crate) use self::attempt::{NotStarted, Waiting};
pub use self::changes::{StateChange, StateChanges};
pub use self::incoming::Incoming;
pub use self::invalid::InvalidOption;
pub(crate) use self::limits::{Limits, Retries};
pub use self::options::CallOptions;
pub(crate) use self::outcome::panicked;
pub(crate) use self::outgoing::Outgoing;
pub use self::outgoing::{CallEnd, RequestBody, RequestStream};
pub(crate) use self::per_attempt::PerAttempt;
pub use self::per_attempt::{Attempt, AttemptInterceptor};
pub(crate) use self::pick::{closed, last_failure};
pub(crate) use self::snapshot::{Published, Snapshot, View};
pub(crate) use self::template::Templates;
pub(crate) use self::timer::Timer;

/// What every call of a channel shares. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Engine(Arc<dyn Share>);

/// A [`Shared`]. Were that in the type of a channel, the compiler would look through all that it is made of whenever it has to
/// know that a client can be sent between threads, many times for each method: programs would compile for longer.
trait Share: fmt::Debug + Send + Sync {
    fn shared(&self) -> &Shared;
}

impl Share for Shared {
    #[inline]
    fn shared(&self) -> &Shared {
        self
    }
}

#[derive(Debug)]
struct Shared {
    control: Box<dyn Control>,
    published: Arc<Published>,
    templates: Templates,
    limits: Limits,
    algorithms: Arc<Algorithms>,
    retries: Retries,
    per_attempt: PerAttempt,
}

/// What stands behind a channel, as its handles and calls reach it.
pub(crate) trait Control: Send + Sync + fmt::Debug {
    /// What the channel leads to, for messages.
    fn target(&self) -> &TargetUri;

    /// Leaves idleness: a connection is wanted. Comes once for each snapshot that is IDLE, from within a runtime.
    fn connect(&self);

    /// Forgets the failures so far, so that attempts begin at once.
    fn reset_backoff(&self);

    /// Ends everything, for good.
    fn close(&self);
}

/// What came with the one message of a unary or client-streaming call.
#[derive(Debug, Clone, Default)]
pub struct SingleReply {
    pub(crate) headers: Metadata,
    pub(crate) trailers: Metadata,
    /// The address that answered.
    pub(crate) peer: Option<Arc<str>>,
    /// How often the call was put on a connection.
    pub(crate) attempts: u32,
}

impl Engine {
    /// Makes calls as `control` has it in what it publishes.
    pub(crate) fn new(
        control: Box<dyn Control>,
        published: Arc<Published>,
        templates: Templates,
        limits: Limits,
        algorithms: Algorithms,
        retries: Retries,
        per_attempt: PerAttempt,
    ) -> Self {
        let algorithms = Arc::new(algorithms);
        Self(Arc::new(Shared {
            control,
            published,
            templates,
            limits,
            algorithms,
            retries,
            per_attempt,
        }))
    }

    pub(crate) fn control(&self) -> &dyn Control {
        &*self.0.shared().control
    }

    pub(crate) fn published(&self) -> &Published {
        &self.0.shared().published
    }

    /// Connects and waits until the channel is READY.
    pub(crate) async fn wait_ready(&self, timeout: Duration) -> Result<(), Status> {
        in_runtime()?;
        pick::until_ready(self.0.shared(), rt::now().checked_add(timeout)).await
    }

    /// How request messages are written: as the call, the service config (if it is known already), the method or the
    /// channel says. An encoding that the channel does not know fails the call when it starts.
    #[inline]
    pub(crate) fn framing(
        &self,
        view: View<'_>,
        method: &MethodDescriptor,
        options: &CallOptions,
    ) -> Framing {
        let max_bytes =
            terms::max_request_bytes(method, options, view.config, &self.0.shared().limits);
        Framing { max_bytes, compression: self.compression(method, options).unwrap_or_default() }
    }

    #[inline]
    fn compression(
        &self,
        method: &MethodDescriptor,
        options: &CallOptions,
    ) -> Result<Option<Compression>, Status> {
        Ok(self.0.shared().algorithms.choose(options.compression().or(method.compression()))?)
    }

    /// Puts the call on a connection that is ready now; gives it back when it has to wait for one. A streaming
    /// request goes on from there by itself.
    pub(crate) fn try_start(&self, view: View<'_>, call: Outgoing) -> Result<Incoming, NotStarted> {
        let mut waiting = match self.settle(view, &call) {
            Ok((settled, further)) => Box::new(Waiting::new(call, settled, further)),
            Err(status) => return Err(NotStarted::Failed(call.fail(status))),
        };
        if waiting.further.hedge.is_some() {
            return Err(NotStarted::Waits(waiting));
        }
        match per_attempt::ready(self.0.shared(), view.snapshot, &waiting.starting()) {
            Ready::Picked(picked) => waiting.start_on(picked, self, Incoming::of),
            Ready::NotYet => Err(NotStarted::Waits(waiting)),
            Ready::Refused(not_picked) => {
                waiting.refused = Some(Box::new(not_picked));
                Err(NotStarted::Waits(waiting))
            }
        }
    }

    /// Waits for a connection and puts the call on it.
    pub(crate) async fn start(&self, mut waiting: Box<Waiting>) -> Result<Incoming, Status> {
        in_runtime().map_err(|status| waiting.fail(status))?;
        if !waiting.settled.is_final {
            self.settle_again(&mut waiting).await.map_err(|status| waiting.fail(status))?;
        }
        match waiting.further.hedge.take() {
            Some(hedge) => Ok(Incoming::of_several(Hedging::new(self.clone(), waiting, hedge))),
            None => self.attempt(waiting).await.map(Incoming::of),
        }
    }

    /// As [`start`](Engine::start), for a call that is settled and has one attempt at a time.
    async fn attempt(&self, mut waiting: Box<Waiting>) -> Result<Answer, Status> {
        loop {
            let picked = match waiting.refused.take() {
                Some(refused) => Err(*refused),
                None => per_attempt::pick(self.0.shared(), &waiting.starting()).await,
            };
            let picked = match picked {
                Ok(picked) => picked,
                Err(not_picked) => {
                    let pause = waiting.pause(not_picked, self.0.shared()).await;
                    pause.map_err(|status| waiting.fail(status))?;
                    continue;
                }
            };
            match waiting.start_on(picked, self, |answer| answer) {
                Ok(answer) => return Ok(answer),
                Err(NotStarted::Waits(again)) => waiting = again,
                Err(NotStarted::Failed(status)) => return Err(status),
            }
        }
    }

    /// Once it is known which service config holds: that is, after the resolver's first word.
    async fn settle_again(&self, waiting: &mut Waiting) -> Result<(), Status> {
        let started = rt::now();
        let snapshot =
            pick::until_configured(self.0.shared(), waiting.settled.terms.deadline).await?;
        let Outgoing { method, options, body, .. } = &mut waiting.call;
        let view = snapshot.view(method);
        let terms =
            Terms::settle(method, options, view.config, &self.0.shared().limits, || started)?;
        if terms.max_request_bytes < waiting.settled.terms.max_request_bytes {
            body.limit(terms.max_request_bytes)?;
        }
        waiting.further = self.further(view, method, options);
        waiting.settled.terms = terms;
        waiting.settled.is_final = true;
        Ok(())
    }

    #[inline]
    fn settle(&self, view: View<'_>, call: &Outgoing) -> Result<(Settled, Further), Status> {
        let Outgoing { method, options, body, .. } = call;
        let terms = Terms::settle(method, options, view.config, &self.0.shared().limits, rt::now)?;
        // Only a timer or a task needs the runtime here; a warm unary call need not ask for it.
        if terms.deadline.is_some() || matches!(body, RequestBody::Stream(_)) {
            in_runtime()?;
        }
        let compression = self.compression(method, options)?.filter(|_| match body {
            RequestBody::Message(message) => framing::is_compressed(message),
            RequestBody::Stream(_) => true,
        });
        let template = self.0.shared().templates.of(method, call.content_type)?;
        let is_final = view.snapshot.config.is_some();
        let further = self.further(view, method, options);
        Ok((Settled { template, terms, compression, is_final }, further))
    }

    /// What decides about further attempts of a call: as the call, the service config, the method or the channel says.
    #[inline]
    fn further(&self, view: View<'_>, method: &MethodDescriptor, options: &CallOptions) -> Further {
        let Retries { is_on, cap, .. } = self.0.shared().retries;
        let throttle = view.snapshot.throttle();
        let attempts = match is_on {
            true => terms::attempts(method, options, view.config),
            false => &Attempts::Once,
        };
        let once = |throttle| Further::retry(Retry::new(None, cap, throttle));
        match attempts {
            Attempts::Once => once(throttle),
            Attempts::Retry(policy) => Further {
                attempt_timeout: policy.per_attempt_receive_timeout(),
                ..Further::retry(Retry::new(Some(policy), cap, throttle))
            },
            Attempts::Hedge(policy) => {
                Further { hedge: Some(Box::new(Hedge::new(policy, cap, throttle))), ..once(None) }
            }
        }
    }

    /// Where a call keeps what it sends.
    fn replay_buffer(&self, options: &CallOptions) -> ReplayBuffer {
        let Retries { buffer_bytes, channel_buffer, .. } = &self.0.shared().retries;
        let bytes = options.retry_buffer_bytes().unwrap_or(*buffer_bytes);
        ReplayBuffer::new(bytes, Arc::clone(channel_buffer))
    }

    fn decompression(&self, sent: Option<Compression>, max_bytes: usize) -> Decompression {
        Decompression::new(&self.0.shared().algorithms, sent, max_bytes)
    }
}

/// What is settled of a call before there is a connection.
struct Settled {
    template: Arc<Template>,
    terms: Terms,
    /// What its messages, or some of them, are compressed with.
    compression: Option<Compression>,
    /// Whether the terms are those of a service config, and not of a time when none was known.
    is_final: bool,
}

/// Who decides about further attempts of a call: both say that a refused one starts over.
struct Further {
    /// One attempt after the other.
    retry: Retry,
    /// How long one of those may take until the response headers.
    attempt_timeout: Option<Duration>,
    /// Several side by side, where that is the policy, until they begin.
    hedge: Option<Box<Hedge>>,
}

impl Further {
    fn retry(retry: Retry) -> Self {
        Self { retry, attempt_timeout: None, hedge: None }
    }
}

fn in_runtime() -> Result<(), Status> {
    if rt::is_entered() {
        return Ok(());
    }
    Err(Status::internal(
        "this call was polled outside a tokio runtime: await it in a task of one that has I/O and time enabled",
    )
    .with_delivery(Delivery::NotSent))
}
