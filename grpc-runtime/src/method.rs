//! What is known of an RPC method before any call of it: names, kind, defaults.
//!
//! Not the typed method (a marker type of generated code, which points here), and not a call.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::attempts::{Attempts, HedgingPolicy, RetryPolicy};
use crate::encoding::Encoding;

/// How many messages go each way. The list is closed: there are no other ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MethodKind {
    /// One request, one response.
    Unary,
    /// One request, any number of responses.
    ServerStreaming,
    /// Any number of requests, one response.
    ClientStreaming,
    /// Any number of both, in whatever order the method defines.
    Bidi,
}

impl MethodKind {
    /// Whether any number of requests can be sent.
    pub const fn is_client_streaming(self) -> bool {
        matches!(self, MethodKind::ClientStreaming | MethodKind::Bidi)
    }

    /// Whether any number of responses can arrive.
    pub const fn is_server_streaming(self) -> bool {
        matches!(self, MethodKind::ServerStreaming | MethodKind::Bidi)
    }
}

/// What making a call again does (`idempotency_level` of `google/protobuf/descriptor.proto`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Idempotency {
    /// Nobody has said. The default.
    #[default]
    Unknown,
    /// The same as making it once.
    Idempotent,
    /// Nothing: the method only reads.
    NoSideEffects,
}

/// A method: its path, its kind, and the defaults that its definition gives to calls.
///
/// Generated code has one as a constant for each method, so a call refers to it and copies nothing:
///
/// ```
/// use grpc_runtime::{MethodDescriptor, MethodKind};
///
/// static SAY_HELLO: MethodDescriptor =
///     MethodDescriptor::new("/helloworld.Greeter/SayHello", MethodKind::Unary);
/// assert_eq!(SAY_HELLO.service(), "helloworld.Greeter");
/// assert_eq!(SAY_HELLO.method(), "SayHello");
/// ```
///
/// What a call or a service config says goes before these defaults, as each of them says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodDescriptor {
    path: Cow<'static, str>,
    /// Where the `/` between service and method is.
    slash: usize,
    kind: MethodKind,
    idempotency: Idempotency,
    timeout: Option<Duration>,
    wait_for_ready: Option<bool>,
    compression: Option<Encoding>,
    max_request_bytes: Option<usize>,
    max_response_bytes: Option<usize>,
    attempts: Option<Attempts>,
}

impl MethodDescriptor {
    /// A method by its path on the wire, `/package.Service/Method`.
    ///
    /// # Panics
    /// On text that is not such a path; for a constant, that is an error of the compiler. A path that is
    /// known only at run time goes to [`dynamic`](MethodDescriptor::dynamic).
    pub const fn new(path: &'static str, kind: MethodKind) -> MethodDescriptor {
        match slash_of(path.as_bytes()) {
            Ok(slash) => MethodDescriptor::at(Cow::Borrowed(path), slash, kind),
            Err(_) => panic!("a method path must read /package.Service/Method"),
        }
    }

    /// A method by a path that is known only at run time.
    ///
    /// # Errors
    /// The text is not a path of the form `/package.Service/Method`.
    pub fn dynamic(
        path: impl Into<String>,
        kind: MethodKind,
    ) -> Result<MethodDescriptor, InvalidPath> {
        let path = path.into();
        match slash_of(path.as_bytes()) {
            Ok(slash) => Ok(MethodDescriptor::at(Cow::Owned(path), slash, kind)),
            Err(reason) => Err(InvalidPath { path, reason }),
        }
    }

    const fn at(path: Cow<'static, str>, slash: usize, kind: MethodKind) -> MethodDescriptor {
        MethodDescriptor {
            path,
            slash,
            kind,
            idempotency: Idempotency::Unknown,
            timeout: None,
            wait_for_ready: None,
            compression: None,
            max_request_bytes: None,
            max_response_bytes: None,
            attempts: None,
        }
    }

    /// Says what making a call again does. Default: [`Idempotency::Unknown`].
    #[must_use]
    pub const fn with_idempotency(mut self, idempotency: Idempotency) -> MethodDescriptor {
        self.idempotency = idempotency;
        self
    }

    /// Sets the time that a call has where it does not say so itself. Default: none, which is no limit.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> MethodDescriptor {
        self.timeout = Some(timeout);
        self
    }

    /// Sets whether a call that does not say so itself waits for a connection, instead of failing while
    /// there is none to be had. Default: not said, which is not to wait.
    #[must_use]
    pub const fn with_wait_for_ready(mut self, wait_for_ready: bool) -> MethodDescriptor {
        self.wait_for_ready = Some(wait_for_ready);
        self
    }

    /// Sets what the requests of a call that does not say so itself are compressed with; the identity for nothing.
    /// Default: not said, which is what the channel says.
    #[must_use]
    pub const fn with_compression(mut self, encoding: Encoding) -> MethodDescriptor {
        self.compression = Some(encoding);
        self
    }

    /// Sets how large an encoded request may be, in bytes. Default: not said; the channel's limit holds.
    #[must_use]
    pub const fn with_max_request_bytes(mut self, bytes: usize) -> MethodDescriptor {
        self.max_request_bytes = Some(bytes);
        self
    }

    /// Sets how large a response may be, in bytes, each message of a stream by itself. Default: not said;
    /// the channel's limit holds.
    #[must_use]
    pub const fn with_max_response_bytes(mut self, bytes: usize) -> MethodDescriptor {
        self.max_response_bytes = Some(bytes);
        self
    }

    /// Has calls that fail made again, where neither the call nor the service config says otherwise. Replaces hedging.
    /// Default: a call is made once.
    #[must_use]
    pub const fn with_retry(mut self, policy: RetryPolicy) -> MethodDescriptor {
        self.attempts = Some(Attempts::Retry(policy));
        self
    }

    /// Has calls made several times at once, where neither the call nor the service config says otherwise. Replaces
    /// retries. For methods that do no harm when they take effect more than once. Default: a call is made once.
    #[must_use]
    pub const fn with_hedging(mut self, policy: HedgingPolicy) -> MethodDescriptor {
        self.attempts = Some(Attempts::Hedge(policy));
        self
    }

    /// The path on the wire, such as `/helloworld.Greeter/SayHello`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The full name of the service, such as `helloworld.Greeter`.
    pub fn service(&self) -> &str {
        self.path.get(1..self.slash).unwrap_or_default()
    }

    /// The name of the method in its service, such as `SayHello`.
    pub fn method(&self) -> &str {
        self.path.get(self.slash + 1..).unwrap_or_default()
    }

    /// How many messages go each way.
    pub const fn kind(&self) -> MethodKind {
        self.kind
    }

    /// What making a call again does.
    pub const fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    /// The time that a call has by default.
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Whether a call waits for a connection by default.
    pub const fn wait_for_ready(&self) -> Option<bool> {
        self.wait_for_ready
    }

    /// What requests are compressed with by default.
    pub const fn compression(&self) -> Option<Encoding> {
        self.compression
    }

    /// How large an encoded request may be, in bytes.
    pub const fn max_request_bytes(&self) -> Option<usize> {
        self.max_request_bytes
    }

    /// How large a response may be, in bytes.
    pub const fn max_response_bytes(&self) -> Option<usize> {
        self.max_response_bytes
    }

    /// Whether a call may be made more than once.
    pub const fn attempts(&self) -> Option<&Attempts> {
        self.attempts.as_ref()
    }
}

/// Shows the path.
impl fmt::Display for MethodDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.path)
    }
}

/// A [`MethodDescriptor`] that calls hold on to: mostly a constant of generated code, or one made at run
/// time and shared.
#[derive(Clone)]
pub enum MethodRef {
    /// Of generated code.
    Static(&'static MethodDescriptor),
    /// Made at run time.
    Shared(Arc<MethodDescriptor>),
}

impl Deref for MethodRef {
    type Target = MethodDescriptor;

    fn deref(&self) -> &MethodDescriptor {
        match self {
            MethodRef::Static(descriptor) => descriptor,
            MethodRef::Shared(descriptor) => descriptor,
        }
    }
}

impl fmt::Debug for MethodRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl From<&'static MethodDescriptor> for MethodRef {
    fn from(descriptor: &'static MethodDescriptor) -> MethodRef {
        MethodRef::Static(descriptor)
    }
}

impl From<Arc<MethodDescriptor>> for MethodRef {
    fn from(descriptor: Arc<MethodDescriptor>) -> MethodRef {
        MethodRef::Shared(descriptor)
    }
}

impl From<MethodDescriptor> for MethodRef {
    fn from(descriptor: MethodDescriptor) -> MethodRef {
        MethodRef::Shared(Arc::new(descriptor))
    }
}

/// Text that is not the path of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPath {
    path: String,
    reason: PathReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PathReason {
    NoLeadingSlash,
    NoService,
    NoMethod,
    Byte { byte: u8, position: usize },
}

impl fmt::Display for InvalidPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "method path {:?} ", self.path)?;
        match self.reason {
            PathReason::NoLeadingSlash => f.write_str("does not begin with '/'")?,
            PathReason::NoService => f.write_str("names no service")?,
            PathReason::NoMethod => f.write_str("names no method")?,
            PathReason::Byte { byte, position } => write!(
                f,
                "has '{}' at byte {position}, which a path cannot have",
                byte.escape_ascii()
            )?,
        }
        f.write_str(": write it as \"/package.Service/Method\"")
    }
}

impl Error for InvalidPath {}

/// The place of the last `/`, which parts service and method: the protocol lets a service name have more
/// of them (PROTOCOL-HTTP2, "Path").
const fn slash_of(path: &[u8]) -> Result<usize, PathReason> {
    if path.is_empty() || path[0] != b'/' {
        return Err(PathReason::NoLeadingSlash);
    }
    let mut slash = 0;
    let mut position = 1;
    while position < path.len() {
        let byte = path[position];
        if byte == b'/' {
            slash = position;
        } else if !is_path_byte(byte) {
            return Err(PathReason::Byte { byte, position });
        }
        position += 1;
    }
    match slash {
        0 => Err(PathReason::NoMethod),
        1 => Err(PathReason::NoService),
        last if last + 1 == path.len() => Err(PathReason::NoMethod),
        _ => Ok(slash),
    }
}

/// RFC 3986, "pchar".
const fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b':' | b'@')
        || matches!(
            byte,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::attempts::CodeSet;
    use crate::status::Code;

    const FULL: MethodDescriptor = MethodDescriptor::new("/pkg.Svc/Get", MethodKind::Bidi)
        .with_idempotency(Idempotency::NoSideEffects)
        .with_timeout(Duration::from_millis(500))
        .with_wait_for_ready(true)
        .with_compression(Encoding::GZIP)
        .with_max_request_bytes(1)
        .with_max_response_bytes(2)
        .with_retry(RETRY);

    const RETRY: RetryPolicy = match RetryPolicy::new(2, CodeSet::of(&[Code::Unavailable])) {
        Ok(policy) => policy,
        Err(_) => panic!("two attempts after a code are a policy"),
    };

    #[test]
    fn a_constant_keeps_what_it_is_given() {
        static STATIC: MethodDescriptor = FULL;
        let method = MethodRef::from(&STATIC);
        assert_eq!((method.service(), method.method()), ("pkg.Svc", "Get"));
        assert_eq!((method.path(), method.kind()), ("/pkg.Svc/Get", MethodKind::Bidi));
        assert_eq!(method.idempotency(), Idempotency::NoSideEffects);
        assert_eq!(method.timeout(), Some(Duration::from_millis(500)));
        assert_eq!(method.wait_for_ready(), Some(true));
        assert_eq!(method.compression(), Some(Encoding::GZIP));
        assert_eq!((method.max_request_bytes(), method.max_response_bytes()), (Some(1), Some(2)));
        assert_eq!(method.attempts(), Some(&Attempts::Retry(RETRY)));
        let hedged = FULL.with_hedging(HedgingPolicy::new(3).unwrap());
        assert!(matches!(hedged.attempts(), Some(Attempts::Hedge(_))), "{hedged:?}");
    }

    #[test]
    fn a_path_may_come_at_run_time() {
        let method = MethodDescriptor::dynamic("/a/b.C/D", MethodKind::Unary).unwrap();
        assert_eq!((method.service(), method.method()), ("a/b.C", "D"));
        assert_eq!(MethodRef::from(method).path(), "/a/b.C/D");
    }

    #[test]
    fn other_text_is_refused_with_the_reason() {
        for (path, reason) in [
            ("", "does not begin"),
            ("a.B/C", "does not begin"),
            ("/", "names no method"),
            ("/a.B", "names no method"),
            ("/a.B/", "names no method"),
            ("//C", "names no service"),
            ("/a b/C", "has ' ' at byte 2"),
            ("/a.B/C?x", "has '?' at byte 6"),
            ("/a.B/\u{e9}", "has '\\xc3' at byte 5"),
            ("/a.B/\n", "has '\\n' at byte 5"),
        ] {
            let error = MethodDescriptor::dynamic(path, MethodKind::Unary).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(reason) && text.contains("/package.Service/Method"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_a_path_of_http(path: String) {
            if let Ok(method) = MethodDescriptor::dynamic(format!("/s/{path}"), MethodKind::Unary) {
                prop_assert!(method.path().parse::<http::uri::PathAndQuery>().is_ok());
                let joined = format!("/{}/{}", method.service(), method.method());
                prop_assert_eq!(joined, method.path());
            }
        }
    }
}
