//! The [`Policy`] trait: what decides which connections there are and which one a call takes.
//!
//! The contract only. Who drives it is the channel's task; what it may ask for is [`Context`]; what it
//! publishes for calls is a [`Picker`](crate::lb::Picker).

use std::error::Error;
use std::fmt;

use crate::attributes::Attributes;
use crate::lb::config::ParsedConfig;
use crate::lb::context::Context;
use crate::lb::endpoint::Endpoint;
use crate::lb::subchannel::{SubchannelId, SubchannelState, TimerId};
use crate::status::Status;

/// A load-balancing policy: from endpoints and the states of connections to a picker.
///
/// # Who calls, when, on which task
///
/// The task that owns the channel calls every method, one at a time; nothing is called while another call
/// runs. A policy needs no lock, must not block, and does no I/O: it reads the time and randomness from its
/// [`Context`], and asks it for what shall be done. That is carried out after the method has returned.
///
/// A policy is made when the channel leaves idle or its configuration names another policy, and dropped when the
/// channel goes idle, is closed, or has [switched](crate::lb::GracefulSwitch) to its successor. All that it asked for
/// and has not yet withdrawn is then withdrawn for it, so there is no method for the end.
///
/// [`update`](Policy::update) or [`on_resolver_error`](Policy::on_resolver_error) comes first. Events about a
/// subchannel or a timer that the policy has let go do not come; a policy should pass over a name that it does
/// not know, all the same.
///
/// A new policy counts as CONNECTING with a picker that queues until it publishes something.
///
/// What happens if one panics: the channel fails calls with INTERNAL and drops it; the program goes on.
pub trait Policy: Send {
    /// The resolver found endpoints, or the configuration changed. `update` replaces all of the one before.
    ///
    /// Called at the start and whenever there is news, which may be the same as the last. Connections to what
    /// is still there are to be kept.
    ///
    /// # Errors
    /// The update is of no use, as it has no endpoints for example. A resolver that polls then backs off and asks again. The
    /// policy stays in charge and must have published what calls shall meet.
    fn update(&mut self, update: Update, context: &mut Context<'_>) -> Result<(), Rejected>;

    /// The resolver failed: there is nothing new.
    ///
    /// With endpoints from before, the policy goes on with them, and may add the error to what failing
    /// calls are told; without, it publishes TRANSIENT_FAILURE with the error.
    fn on_resolver_error(&mut self, error: Status, context: &mut Context<'_>);

    /// A subchannel of this policy (or of a child) is now in `state`. Told in order, none left out.
    fn on_subchannel_state(
        &mut self,
        subchannel: SubchannelId,
        state: SubchannelState,
        context: &mut Context<'_>,
    );

    /// A timer of this policy (or of a child) is due.
    fn on_timeout(&mut self, timer: TimerId, context: &mut Context<'_>);

    /// A connection is wanted: a call was queued while the policy was IDLE, or the program asked to connect.
    ///
    /// Does nothing in a policy that is not IDLE. Called at most once for each picker published.
    fn exit_idle(&mut self, context: &mut Context<'_>);
}

/// What a policy works with: the endpoints and what came with them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Update {
    /// The servers, in the resolver's order.
    pub endpoints: Vec<Endpoint>,
    /// What the resolver says of them all. Default: nothing.
    pub attributes: Attributes,
    /// What the resolver wants failing calls to be told, such as that an answer is old. Default: nothing.
    pub note: Option<String>,
    /// The policy's configuration, as its builder parsed it. Default: [`ParsedConfig::none`].
    pub config: ParsedConfig,
}

impl Update {
    /// These endpoints, and defaults for the rest.
    pub fn new(endpoints: Vec<Endpoint>) -> Update {
        Update {
            endpoints,
            attributes: Attributes::new(),
            note: None,
            config: ParsedConfig::none(),
        }
    }

    /// Sets the configuration.
    #[must_use]
    pub fn with_config(mut self, config: impl Into<ParsedConfig>) -> Update {
        self.config = config.into();
        self
    }

    /// Sets what failing calls are told.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Update {
        self.note = Some(note.into());
        self
    }

    /// Sets what the resolver says of all endpoints.
    #[must_use]
    pub fn with_attributes(mut self, attributes: Attributes) -> Update {
        self.attributes = attributes;
        self
    }
}

/// A policy had no use for an update.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected(Status);

impl Rejected {
    /// With the reason, which is also what failing calls are told.
    pub fn new(reason: Status) -> Rejected {
        Rejected(reason)
    }

    /// The reason.
    pub fn status(&self) -> &Status {
        &self.0
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the policy has no use for what the resolver found")
    }
}

impl Error for Rejected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

const _: () = {
    const fn is_object_safe(_: Option<&dyn Policy>) {}
    is_object_safe(None);
};
