//! [`CallCredentials`]: who a call is made for, as metadata that is made for each attempt of it.
//!
//! Not what protects the connection (`ClientTls`), and not a layer: a layer does not see how safe the connection is. The
//! engine asks credentials after the pick, and sends nothing before it has their answer.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::metadata::Metadata;
use crate::method::MethodDescriptor;

/// How a connection is protected, from the least to the most (gRFC L62).
///
/// | connection | level |
/// |---|---|
/// | TLS, however it is opened | `PrivacyAndIntegrity` |
/// | a Unix socket: it does not leave the machine | `PrivacyAndIntegrity` |
/// | TCP in plaintext, on loopback as well | `None` |
/// | a [`MemoryConnector`](crate::MemoryConnector): it does not leave the process | `PrivacyAndIntegrity` |
/// | another connector's stream in plaintext | what [`Connector::security_level`](crate::Connector::security_level) says; else `None` |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "gRPC defines these levels, for good")]
pub enum SecurityLevel {
    /// Anyone on the way can read and change what is sent.
    None,
    /// Nobody on the way can change what is sent; anyone can read it.
    IntegrityOnly,
    /// Nobody on the way can read or change what is sent.
    PrivacyAndIntegrity,
}

impl fmt::Display for SecurityLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "none",
            Self::IntegrityOnly => "integrity only",
            Self::PrivacyAndIntegrity => "privacy and integrity",
        })
    }
}

/// What [`CallCredentials::metadata`] returns: metadata to come.
pub type CredentialsFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Metadata, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// Says who a call is made for: gives the metadata that proves it, such as `authorization`. The same as grpc-go's
/// `PerRPCCredentials`.
///
/// A channel has them by [`ChannelBuilder::call_credentials`](crate::ChannelBuilder::call_credentials), a single call by
/// [`Call::call_credentials`](crate::Call::call_credentials). What both give is sent, that of the channel first.
/// [`BearerToken`](crate::credentials::BearerToken) is what most programs need; this trait is for schemes of one's own:
///
/// ```
/// use grpc_runtime::Metadata;
/// use grpc_runtime::credentials::{CallCredentials, CredentialsFuture, CredentialsRequest};
/// # struct Keys;
/// # impl Keys { async fn sign(&self, text: &str) -> Result<Vec<u8>, std::io::Error> { Ok(text.into()) } }
///
/// struct Signed(Keys);
///
/// impl CallCredentials for Signed {
///     fn metadata<'a>(&'a self, request: &'a CredentialsRequest<'a>) -> CredentialsFuture<'a> {
///         Box::pin(async move {
///             let mut metadata = Metadata::new();
///             metadata.insert_bin("x-signature-bin", self.0.sign(request.method().path()).await?)?;
///             Ok(metadata)
///         })
///     }
/// }
/// ```
///
/// # Who calls, when, on which task
///
/// The task of each call, for each attempt of it (retries and hedges included), once a connection is picked and before
/// anything is sent on it. Many at once: what is good for several calls is for the credentials to keep. The call's
/// deadline holds for the wait, during which the call takes no stream of the connection. Where the call is dropped, so is
/// the future.
///
/// # Errors
///
/// | `metadata` fails with | the attempt fails with |
/// |---|---|
/// | a [`Status`](crate::Status) | its code; INTERNAL in place of a code that only servers may use (gRFC A54) |
/// | [`InvalidMetadata`](crate::InvalidMetadata) | INTERNAL |
/// | any other error | UNAUTHENTICATED |
///
/// Nothing is sent then, and the method's retry policy applies. A panic is INTERNAL.
#[diagnostic::on_unimplemented(
    message = "`{Self}` gives no credentials for calls",
    note = "implement `grpc_runtime::credentials::CallCredentials`, or make a `BearerToken` of a token or of a function that fetches one"
)]
pub trait CallCredentials: Send + Sync + 'static {
    /// What to send beside the metadata of the call, for this attempt of it.
    ///
    /// # Cancel safety
    /// The future is dropped where the call is, or where its deadline passes.
    fn metadata<'a>(&'a self, request: &'a CredentialsRequest<'a>) -> CredentialsFuture<'a>;

    /// The same for any call that is made now, where it is known without waiting and is alike for every method and service:
    /// the call is then on its way at once. Asked before a connection is picked, and sent over none that is not safe enough.
    /// Default: `None`, and [`metadata`](CallCredentials::metadata) is asked; so it is for further attempts.
    fn metadata_now(&self) -> Option<Metadata> {
        None
    }

    /// How well a connection has to be protected before it may see these credentials. On one that is less, the call ends
    /// with UNAUTHENTICATED: nothing is sent, and the credentials are not asked. Default:
    /// [`SecurityLevel::PrivacyAndIntegrity`].
    fn required_security(&self) -> SecurityLevel {
        SecurityLevel::PrivacyAndIntegrity
    }
}

impl<C: CallCredentials + ?Sized> CallCredentials for Arc<C> {
    fn metadata<'a>(&'a self, request: &'a CredentialsRequest<'a>) -> CredentialsFuture<'a> {
        (**self).metadata(request)
    }

    fn metadata_now(&self) -> Option<Metadata> {
        (**self).metadata_now()
    }

    fn required_security(&self) -> SecurityLevel {
        (**self).required_security()
    }
}

/// What credentials may know of the call that they are for.
#[derive(Debug, Clone, Copy)]
pub struct CredentialsRequest<'a> {
    audience: &'a str,
    method: &'a MethodDescriptor,
    security_level: SecurityLevel,
}

impl<'a> CredentialsRequest<'a> {
    /// A request as the engine makes it; for tests of credentials.
    pub fn new(
        audience: &'a str,
        method: &'a MethodDescriptor,
        security_level: SecurityLevel,
    ) -> CredentialsRequest<'a> {
        CredentialsRequest { audience, method, security_level }
    }

    /// Which service the credentials are for: `https://`, the `:authority` of the call without port 443, `/` and the full
    /// name of the service, as in `https://greeter.prod/helloworld.Greeter`. It is what a token is made out to (`aud`).
    pub fn audience(&self) -> &'a str {
        self.audience
    }

    /// The method that is called.
    pub fn method(&self) -> &'a MethodDescriptor {
        self.method
    }

    /// How the connection is protected: at least as [required](CallCredentials::required_security).
    pub fn security_level(&self) -> SecurityLevel {
        self.security_level
    }
}

/// Channels and calls hold credentials as objects.
const _: fn(&dyn CallCredentials) = |_| {};
