//! What a resolver finds, and what it hears back.

use crate::attributes::Attributes;
use crate::lb::Endpoint;
use crate::status::Status;

/// Everything a resolver knows now; each update replaces the one before, as a whole.
#[derive(Debug, Clone)]
pub struct ResolverUpdate {
    /// The servers, in the order that the policy `pick_first` is to try them; or why they are not known, in which
    /// case those of before stay in use.
    ///
    /// No servers at all is news, not an error: those of before are given up, and calls fail with UNAVAILABLE and the
    /// [`note`](ResolverUpdate::note).
    pub endpoints: Result<Vec<Endpoint>, Status>,
    /// What the policy may want to know that belongs to no single endpoint.
    pub attributes: Attributes,
    /// A remark for the texts of failed calls, such as which name has no addresses (a fragment, without a full stop).
    pub note: Option<String>,
    /// The service config, where the resolver looks for one.
    pub service_config: ServiceConfigUpdate,
}

impl ResolverUpdate {
    /// These servers, and nothing else to say.
    pub fn endpoints(endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        Self::of(Ok(endpoints.into_iter().collect()))
    }

    /// The servers could not be found out. `status` says why, as calls will that cannot be made because of it; its
    /// code should be UNAVAILABLE.
    pub fn error(status: Status) -> Self {
        Self::of(Err(status))
    }

    /// The same with attributes.
    #[must_use]
    pub fn with_attributes(mut self, attributes: Attributes) -> Self {
        self.attributes = attributes;
        self
    }

    /// The same with a remark for the texts of failed calls.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// The same with a service config.
    #[must_use]
    pub fn with_service_config(mut self, service_config: ServiceConfigUpdate) -> Self {
        self.service_config = service_config;
        self
    }

    fn of(endpoints: Result<Vec<Endpoint>, Status>) -> Self {
        Self {
            endpoints,
            attributes: Attributes::default(),
            note: None,
            service_config: ServiceConfigUpdate::None,
        }
    }
}

/// What a resolver knows of a service config (gRFC A21).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ServiceConfigUpdate {
    /// There is none: the channel's default applies.
    #[default]
    None,
    /// This one, as JSON text. The channel reads it, and rejects the update if it cannot.
    Json(String),
    /// There is one that cannot be used, and why. The channel keeps the one in force, if there is one.
    Invalid(Status),
}

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an update is taken or it is not")]
pub enum UpdateOutcome {
    /// It is in force.
    Accepted,
    /// The policy or the reader of service configs refused it, for example because it has no servers.
    Rejected,
}
