//! What a single call asks for beside its message.

use std::any::Any;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderValue;
use http::uri::Authority;

use crate::attempts::Attempts;
use crate::attributes::Attributes;
use crate::compression::Encoding;
use crate::credentials::CallCredentials;
use crate::engine::invalid::InvalidOption;
use crate::metadata::Metadata;
use crate::status::{Delivery, Status};

/// Options of one call. Layers change them through [`Request::options_mut`](crate::Request::options_mut).
///
/// # Whose word counts?
///
/// The first that says something, in this order; "least" is the smallest of those that are given:
///
/// | | the call | service config | `#[rpc(..)]` | the channel's builder |
/// |---|---|---|---|---|
/// | timeout or deadline | least of both | least of both | else this | |
/// | wait for ready | first | second | third | |
/// | sizes of requests and responses | least of both | least of both | else this | else this |
/// | retries or hedging | first | second | third | off for all: [`disable_retry`](crate::ChannelBuilder::disable_retry) |
/// | compression | first | | second | third |
///
/// The service config is the resolver's; where the resolver has none, the one that
/// [`ChannelBuilder::default_service_config`](crate::ChannelBuilder::default_service_config) gives. They are not merged,
/// nor are the entries in one: that for the method holds, else that for its service, else that for all. Retries and
/// hedging are one thing: who says the one replaces the other, with all settings.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// Sent beside the message, as HTTP headers.
    pub metadata: Metadata,
    /// Whether the call waits while the server cannot be reached, rather than fail with UNAVAILABLE.
    pub wait_for_ready: Option<bool>,
    limit: Option<TimeLimit>,
    /// What holds beside the limit of its own, or the lack of one.
    latest: Option<Instant>,
    seldom: Option<Box<Seldom>>,
}

/// What hardly any call has, kept apart so that the others are small: a call moves through each of its layers.
#[derive(Debug, Clone, Default)]
struct Seldom {
    compression: Option<Encoding>,
    attributes: Attributes,
    max_request_bytes: Option<usize>,
    max_response_bytes: Option<usize>,
    retry_buffer_bytes: Option<usize>,
    authority: Option<Authority>,
    content_type: Option<HeaderValue>,
    attempts: Option<Attempts>,
    credentials: Credentials,
    /// Of the codec that made bytes of the messages, where that was done before the call came to the channel.
    encoded_as: Option<&'static str>,
    /// What it made of the only message, framed.
    framed: Option<Bytes>,
}

#[derive(Clone, Default)]
struct Credentials(Vec<Arc<dyn CallCredentials>>);

#[derive(Debug, Clone, Copy)]
enum TimeLimit {
    Timeout(Duration),
    Deadline(Instant),
}

impl CallOptions {
    /// The call may take this long from when it is sent. Replaces a deadline.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.limit = Some(TimeLimit::Timeout(timeout));
    }

    /// The call has to be over by then. Replaces a timeout.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.limit = Some(TimeLimit::Deadline(deadline));
    }

    /// The call has to be over by then at the latest, whatever timeout or deadline it has or gets beside: the earliest
    /// counts. How a [`CallContext`](crate::CallContext) passes its deadline on.
    pub fn no_later_than(&mut self, latest: Instant) {
        self.latest = Some(self.latest.map_or(latest, |before| before.min(latest)));
    }

    /// The timeout, if the call has one of its own.
    pub fn timeout(&self) -> Option<Duration> {
        match self.limit {
            Some(TimeLimit::Timeout(timeout)) => Some(timeout),
            Some(TimeLimit::Deadline(_)) | None => None,
        }
    }

    /// The deadline, if the call has one of its own that is a point in time.
    pub fn deadline(&self) -> Option<Instant> {
        match self.limit {
            Some(TimeLimit::Deadline(deadline)) => Some(deadline),
            Some(TimeLimit::Timeout(_)) | None => None,
        }
    }

    /// What request messages are compressed with; the identity for none. See [`Call::compress`](crate::Call::compress).
    pub fn set_compression(&mut self, encoding: Encoding) {
        self.seldom().compression = Some(encoding);
    }

    /// What request messages are compressed with, if the call says so itself.
    pub fn compression(&self) -> Option<Encoding> {
        self.seldom.as_ref()?.compression
    }

    /// Tells the load-balancing policy something of the call that is not sent, in place of what it was told of that type. See
    /// [`Call::attribute`](crate::Call::attribute).
    pub fn set_attribute<T>(&mut self, value: T)
    where
        T: Any + fmt::Debug + PartialEq + Send + Sync,
    {
        let attributes = &mut self.seldom().attributes;
        *attributes = mem::take(attributes).with(value);
    }

    /// What the load-balancing policy may know of the call beside its method and metadata.
    pub fn attributes(&self) -> &Attributes {
        static NONE: Attributes = Attributes::new();
        self.seldom.as_ref().map_or(&NONE, |seldom| &seldom.attributes)
    }

    /// No request message may be larger than this, in bytes as encoded, or as compressed where it is.
    pub fn set_max_request_bytes(&mut self, bytes: usize) {
        self.seldom().max_request_bytes = Some(bytes);
    }

    /// The largest request message, if the call has a limit of its own.
    pub fn max_request_bytes(&self) -> Option<usize> {
        self.seldom.as_ref()?.max_request_bytes
    }

    /// No response message may be larger than this, in bytes, decompressed as well.
    pub fn set_max_response_bytes(&mut self, bytes: usize) {
        self.seldom().max_response_bytes = Some(bytes);
    }

    /// The largest response message, if the call has a limit of its own.
    pub fn max_response_bytes(&self) -> Option<usize> {
        self.seldom.as_ref()?.max_response_bytes
    }

    /// How many bytes of its requests the call keeps, so that they can be sent again. A call that has sent more is not
    /// retried. In place of what the channel says
    /// ([`retry_buffer_bytes`](crate::ChannelBuilder::retry_buffer_bytes)).
    pub fn set_retry_buffer_bytes(&mut self, bytes: usize) {
        self.seldom().retry_buffer_bytes = Some(bytes);
    }

    /// How many bytes of its requests the call keeps, if it says so itself.
    pub fn retry_buffer_bytes(&self) -> Option<usize> {
        self.seldom.as_ref()?.retry_buffer_bytes
    }

    /// Names the server in another way than the channel does: `:authority`, a host or a host and a port.
    ///
    /// With TLS the server's certificate has to be valid for that host as well, or the call ends with UNAVAILABLE and
    /// is not sent (gRFC A81). See [`Call::authority`](crate::Call::authority).
    ///
    /// # Errors
    /// When it cannot be an authority.
    pub fn set_authority(&mut self, authority: impl Into<String>) -> Result<(), InvalidOption> {
        let authority = authority.into();
        let parsed = Authority::try_from(authority.as_str())
            .map_err(|cause| InvalidOption::Authority { authority, cause })?;
        self.seldom().authority = Some(parsed);
        Ok(())
    }

    /// The `:authority`, if the call has one of its own.
    pub fn authority(&self) -> Option<&str> {
        self.own_authority().map(Authority::as_str)
    }

    /// Says what messages are written in, in place of what their codec says: `application/grpc+` and this. Nothing
    /// but the header changes. See [`Call::content_subtype`](crate::Call::content_subtype).
    ///
    /// # Errors
    /// When it is no subtype: empty, or with other characters than letters, digits and `! # $ & - ^ _ . +`
    /// (RFC 6838, section 4.2).
    pub fn set_content_subtype(&mut self, subtype: impl Into<String>) -> Result<(), InvalidOption> {
        let subtype = subtype.into();
        let is_name = !subtype.is_empty()
            && subtype
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte));
        let text = format!("{CONTENT_TYPE}{}", subtype.to_ascii_lowercase());
        let Some(value) = is_name.then(|| HeaderValue::try_from(text).ok()).flatten() else {
            return Err(InvalidOption::ContentSubtype { subtype });
        };
        self.seldom().content_type = Some(value);
        Ok(())
    }

    /// The content-subtype, if the call has one of its own, in lower case.
    pub fn content_subtype(&self) -> Option<&str> {
        self.content_type()?.to_str().ok()?.strip_prefix(CONTENT_TYPE)
    }

    /// Says whether the call may be made more than once: a [`RetryPolicy`](crate::service_config::RetryPolicy), a
    /// [`HedgingPolicy`](crate::service_config::HedgingPolicy) or [`Attempts::Once`], in place of what the service config
    /// or the method's attribute says. See [`Call::retry`](crate::Call::retry).
    pub fn set_attempts(&mut self, attempts: impl Into<Attempts>) {
        self.seldom().attempts = Some(attempts.into());
    }

    /// Whether the call may be made more than once, if it says so itself.
    pub fn attempts(&self) -> Option<&Attempts> {
        self.seldom.as_ref()?.attempts.as_ref()
    }

    /// Adds credentials to the call, after those that it has; the channel's are sent beside them. Asked for each attempt,
    /// once it is known which connection it takes. See [`credentials`](crate::credentials).
    pub fn add_call_credentials(&mut self, credentials: impl CallCredentials) {
        self.seldom().credentials.0.push(Arc::new(credentials));
    }

    /// The messages are bytes by now, which a codec of this content type made.
    pub(crate) fn set_encoded_as(&mut self, content_type: &'static str) {
        self.seldom().encoded_as = Some(content_type);
    }

    /// The content type of the codec that made bytes of the messages; `None` where that is yet to be done.
    pub(crate) fn encoded_as(&self) -> Option<&'static str> {
        self.seldom.as_ref()?.encoded_as
    }

    /// The only message lies in here, behind its prefix.
    pub(crate) fn set_framed(&mut self, framed: Bytes) {
        self.seldom().framed = Some(framed);
    }

    pub(crate) fn take_framed(&mut self) -> Option<Bytes> {
        self.seldom.as_mut()?.framed.take()
    }

    /// The credentials of the call itself.
    pub(super) fn call_credentials(&self) -> &[Arc<dyn CallCredentials>] {
        self.seldom.as_ref().map_or(&[], |seldom| &seldom.credentials.0)
    }

    pub(super) fn own_authority(&self) -> Option<&Authority> {
        self.seldom.as_ref()?.authority.as_ref()
    }

    pub(super) fn content_type(&self) -> Option<&HeaderValue> {
        self.seldom.as_ref()?.content_type.as_ref()
    }

    fn seldom(&mut self) -> &mut Seldom {
        self.seldom.get_or_insert_default()
    }

    /// When the call has to be over, with the clock read only if there is a limit at all; `otherwise` is the timeout of a
    /// call without a limit of its own. A timeout too long for the clock is none.
    ///
    /// # Errors
    /// DEADLINE_EXCEEDED when that time has passed already: nothing is sent then (gRPC over HTTP/2, "Timeout").
    pub(crate) fn deadline_from(
        &self,
        otherwise: Option<Duration>,
        now: impl Fn() -> Instant,
    ) -> Result<Option<Instant>, Status> {
        let limit = self.limit.or(otherwise.map(TimeLimit::Timeout));
        if limit.is_none() && self.latest.is_none() {
            return Ok(None);
        }
        let now = now();
        let deadline = limit.and_then(|limit| match limit {
            TimeLimit::Timeout(timeout) => now.checked_add(timeout),
            TimeLimit::Deadline(deadline) => Some(deadline),
        });
        match deadline.into_iter().chain(self.latest).min() {
            Some(deadline) if deadline <= now => {
                Err(Status::deadline_exceeded("the deadline had passed before the call was sent")
                    .with_delivery(Delivery::NotSent))
            }
            deadline => Ok(deadline),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} not shown", self.0.len())
    }
}

const CONTENT_TYPE: &str = "application/grpc+";
