//! [`AttemptInterceptor`]: sees each attempt of each call of a channel, below retries and after the pick.
//!
//! Not an [`Interceptor`](crate::Interceptor), which sees a call once, with its messages.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crate::attributes::Attributes;
use crate::credentials::SecurityLevel;
use crate::engine::again::failure_of;
use crate::engine::ending::Ending;
use crate::engine::options::CallOptions;
use crate::engine::outcome::panicked;
use crate::engine::per_attempt::Starting;
use crate::engine::pick::{NotPicked, Picked, not_sent};
use crate::lb::CallResult;
use crate::metadata::Metadata;
use crate::method::MethodDescriptor;
use crate::status::Status;
use crate::transport::h2::Connection;

/// Sees each attempt of each call of a channel before it is sent: retries, the unseen ones included, and hedges. Set by
/// [`ChannelBuilder::attempt_interceptor`](crate::ChannelBuilder::attempt_interceptor).
///
/// It knows what a layer cannot: which server the attempt goes to, and how many went before it. It may send metadata with
/// this attempt alone, fail it, and be told how it ended. A closure is one:
///
/// ```
/// # fn example() -> Result<(), grpc_runtime::ChannelError> {
/// use grpc_runtime::{Attempt, Channel};
///
/// let channel = Channel::builder("dns:///greeter.prod:50051")
///     .attempt_interceptor(|attempt: &mut Attempt<'_>| {
///         let (path, number) = (attempt.method().path().to_owned(), attempt.number());
///         let peer = attempt.peer().to_owned();
///         attempt.on_end(move |end| {
///             if let Err(status) = end.outcome {
///                 eprintln!("attempt {number} of {path} at {peer}: {}", status.code());
///             }
///         });
///         Ok(())
///     })
///     .build()?;
/// # Ok(()) }
/// ```
///
/// # Who calls, when, on which task
///
/// The task of each call, for each attempt, when its connection is picked and its credentials are there; many at once and
/// on many threads. It must not block. A panic ends the attempt with INTERNAL.
///
/// A call whose connection turns out to be gone picks another, which is another attempt, though nothing was sent of the
/// one before: its end says so.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not intercept attempts",
    note = "implement `AttemptInterceptor`, or write a closure `|attempt: &mut Attempt<'_>| Ok(())`: the type has to stand there"
)]
pub trait AttemptInterceptor: Send + Sync + 'static {
    /// An attempt is about to be sent.
    ///
    /// # Errors
    /// Fails the attempt with this status, and nothing is sent. The call fails with it, unless its retry policy makes
    /// another attempt of it. Any code will do.
    fn on_attempt(&self, attempt: &mut Attempt<'_>) -> Result<(), Status>;
}

impl<F> AttemptInterceptor for F
where
    F: Fn(&mut Attempt<'_>) -> Result<(), Status> + Send + Sync + 'static,
{
    fn on_attempt(&self, attempt: &mut Attempt<'_>) -> Result<(), Status> {
        self(attempt)
    }
}

/// One attempt of a call, about to be sent.
pub struct Attempt<'a> {
    method: &'a MethodDescriptor,
    options: &'a CallOptions,
    connection: &'a Connection,
    deadline: Option<Instant>,
    previous_attempts: u32,
    metadata: Box<Metadata>,
    ending: &'a mut Ending,
}

impl Attempt<'_> {
    /// The method that is called.
    pub fn method(&self) -> &MethodDescriptor {
        self.method
    }

    /// Which attempt of the call this is; the first is 1. One that was made because no server looked at the one before
    /// has that one's number, as the server is told it too (`grpc-previous-rpc-attempts`, gRFC A6).
    pub fn number(&self) -> u32 {
        self.previous_attempts.saturating_add(1)
    }

    /// The address that it goes to, as text.
    pub fn peer(&self) -> &str {
        self.connection.peer()
    }

    /// What the resolver said of the endpoint to whoever makes the connection
    /// ([`Endpoint::with_connection_attributes`](crate::lb::Endpoint::with_connection_attributes)).
    pub fn attributes(&self) -> &Attributes {
        self.connection.attributes()
    }

    /// How the connection is protected.
    pub fn security_level(&self) -> SecurityLevel {
        self.connection.security_level()
    }

    /// When the call has to be over, if it has a deadline from wherever.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// What the call asks for, its metadata included.
    pub fn options(&self) -> &CallOptions {
        self.options
    }

    /// What this attempt sends beside the call's own metadata: what the load-balancing policy and credentials gave, and
    /// interceptors before this one.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The same, to change. A key that the call has as well is sent with the values of both.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// Calls `hook` when the attempt is over: exactly once, whatever ends it, on the task of the call. It must not block;
    /// a panic of it is logged and goes no further. Hooks are called in the order in which they were added.
    pub fn on_end(&mut self, hook: impl FnOnce(&CallResult<'_>) + Send + 'static) {
        self.ending.add(hook);
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Attempt")
            .field("method", &self.method.path())
            .field("number", &self.number())
            .field("peer", &self.peer())
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

/// Shows the attempt to all of them, up to one that fails it.
pub(super) fn tell(
    interceptors: &[Arc<dyn AttemptInterceptor>],
    starting: &Starting<'_>,
    mut picked: Picked,
) -> Result<Picked, NotPicked> {
    if interceptors.is_empty() {
        return Ok(picked);
    }
    let mut attempt = Attempt {
        method: starting.method,
        options: starting.options,
        connection: &picked.connection,
        deadline: starting.settled.terms.deadline,
        previous_attempts: starting.previous_attempts,
        metadata: picked.metadata.take().unwrap_or_default(),
        ending: &mut picked.ending,
    };
    let told = interceptors.iter().try_for_each(|interceptor| {
        catch_unwind(AssertUnwindSafe(|| interceptor.on_attempt(&mut attempt)))
            .unwrap_or_else(|panic| Err(panicked("an attempt interceptor", &*panic)))
    });
    let metadata = attempt.metadata;
    match told {
        Ok(()) => {
            picked.metadata = (!metadata.is_empty()).then_some(metadata);
            Ok(picked)
        }
        Err(status) => {
            let status = not_sent(status.with_peer(picked.connection.peer()));
            picked.ending.end(Err(&status), None);
            Err(NotPicked { failure: Some(failure_of(&status)), status })
        }
    }
}

/// Channels hold interceptors as objects.
const _: fn(&dyn AttemptInterceptor) = |_| {};
