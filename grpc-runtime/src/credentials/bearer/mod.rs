//! [`BearerToken`]: `authorization: Bearer ..` beside every attempt of a call, from a token that is given once or fetched
//! when it is needed.
//!
//! When a token is fetched is decided in `freshness`; `cache` carries that out; `token` is what a fetch gives. Tokens are
//! made elsewhere: by an authorization server, by a file that something else writes, by a crate that signs.

mod cache;
mod freshness;
mod token;

pub use token::{InvalidToken, Token};

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, ready};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::credentials::call::{
    CallCredentials, CredentialsFuture, CredentialsRequest, SecurityLevel,
};
use crate::metadata::{InvalidMetadata, Metadata};
use crate::rt;
use crate::status::Status;

use self::cache::{BoxError, Cache, FetchFuture};

/// Credentials that are a token: `authorization: Bearer ..` (RFC 6750).
///
/// One token, for ever:
///
/// ```
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use grpc_runtime::Channel;
/// use grpc_runtime::credentials::BearerToken;
///
/// let channel = Channel::builder("dns:///greeter.prod:50051")
///     .call_credentials(BearerToken::new("ya29.a0AfH6SMB")?)
///     .build()?;
/// # Ok(()) }
/// ```
///
/// One that expires, from whoever gives them out:
///
/// ```
/// # struct Answer { access_token: String, expires_in: std::time::Duration }
/// # async fn ask_the_authorization_server() -> Result<Answer, std::io::Error> { unimplemented!() }
/// use grpc_runtime::credentials::{BearerToken, Token};
///
/// let credentials = BearerToken::fetched(|| async {
///     let answer = ask_the_authorization_server().await?;
///     Ok::<_, std::io::Error>(Token::new(answer.access_token).expires_in(answer.expires_in))
/// });
/// ```
///
/// | | |
/// |---|---|
/// | the first call | waits for a token; calls that come meanwhile wait for the same one |
/// | while it is good | calls take it as it is |
/// | in its last minute | the next call takes it as it is, and has another fetched in the background |
/// | in its last 30 seconds | it counts as expired, and calls wait for another |
/// | a fetch fails, and there is a good token | calls take it; another fetch follows after a pause |
/// | a fetch fails, and there is none | calls that wait end with the reason, and so do those in the pause after it |
///
/// Pauses grow as those between attempts to connect do: 1 s, 1.6 s, up to 2 minutes. Nothing is fetched while nobody
/// calls. Of a token that lives less than five minutes, the last fifth and the last tenth of its life take the places of the
/// minute and the 30 seconds. A fetch runs in a task of its own, so that a call which is given up does not take it away
/// from the others; it has [30 seconds](BearerToken::fetch_timeout).
///
/// Clones share the token. It is never logged: `Debug` does not show it, and no error does.
///
/// # A JWT of one's own making
///
/// [`fetched_for`](BearerToken::fetched_for) tells the function which service the token is for, and keeps one token for each. What
/// signs it is a crate of the program's choice; there is none in here.
///
/// ```
/// # fn sign(audience: &str) -> Result<String, std::io::Error> { Ok(audience.to_owned()) }
/// use std::time::Duration;
///
/// use grpc_runtime::credentials::{BearerToken, Token};
///
/// let credentials = BearerToken::fetched_for(|audience: String| async move {
///     // With the crate `jsonwebtoken`: `encode(&Header::new(Algorithm::RS256), &claims, &key)?`, where the claims are
///     // `iss`, `sub`, `iat`, `exp` and `aud: audience`.
///     let jwt = sign(&audience)?;
///     Ok::<_, std::io::Error>(Token::new(jwt).expires_in(Duration::from_secs(3600)))
/// });
/// ```
#[derive(Clone)]
pub struct BearerToken {
    source: Source,
    required_security: SecurityLevel,
}

#[derive(Clone)]
enum Source {
    /// The header, as it is always sent.
    Fixed(Arc<Metadata>),
    /// The same for every service.
    One(Arc<Cache>),
    /// One for each audience.
    PerAudience(Arc<Audiences>),
}

/// Makes the fetch of one audience.
type FetchFor = dyn Fn(String) -> FetchFuture + Send + Sync;

struct Audiences {
    fetch: Arc<FetchFor>,
    timeout: Duration,
    /// One for each service that was called. Held to find or add one; no foreign code runs under it.
    caches: Mutex<HashMap<String, Arc<Cache>>>,
}

impl BearerToken {
    /// The same token for every call.
    ///
    /// # Errors
    /// When it has characters that cannot be sent. The error does not show the token.
    pub fn new(token: impl AsRef<str>) -> Result<Self, InvalidMetadata> {
        let metadata = token::header(token.as_ref())?;
        Ok(Self::from_source(Source::Fixed(Arc::new(metadata))))
    }

    /// Tokens from `fetch`, which is asked when one is needed, and once for all calls that wait.
    ///
    /// An error that is a [`Status`] is what calls fail with, but for codes that only servers may use (gRFC A54); of any
    /// other they are UNAUTHENTICATED, with the error as the cause.
    pub fn fetched<F, R, E>(fetch: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Token, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self::from_source(Source::One(Arc::new(Cache::new(
            Box::new(move || boxed(fetch())),
            FETCH_TIMEOUT,
        ))))
    }

    /// Tokens from `fetch`, one for each service that is called. It is told the
    /// [audience](CredentialsRequest::audience); for the rest see [`fetched`](BearerToken::fetched).
    pub fn fetched_for<F, R, E>(fetch: F) -> Self
    where
        F: Fn(String) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Token, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let fetch: Arc<FetchFor> = Arc::new(move |audience| boxed(fetch(audience)));
        let caches = Mutex::default();
        Self::from_source(Source::PerAudience(Arc::new(Audiences {
            fetch,
            timeout: FETCH_TIMEOUT,
            caches,
        })))
    }

    /// A JSON Web Token from a file that something else keeps fresh, such as a service account's in Kubernetes (gRFC A97).
    /// It is read when a call needs it, and again before the token in it expires, by its claim `exp`.
    ///
    /// A file that cannot be read ends calls with UNAVAILABLE, one without a JWT that is still good with UNAUTHENTICATED.
    pub fn jwt_file(path: impl Into<PathBuf>) -> Self {
        let path: Arc<Path> = path.into().into();
        Self::fetched(move || {
            let path = Arc::clone(&path);
            async move {
                let text = rt::read_file(Arc::clone(&path)).await.map_err(|error| {
                    Status::unavailable(format!("the token file {} cannot be read", path.display()))
                        .with_source(error)
                })?;
                Token::from_jwt(text.trim()).map_err(|error| {
                    Status::unauthenticated(format!(
                        "the token file {} is of no use",
                        path.display()
                    ))
                    .with_source(error)
                })
            }
        })
    }

    /// How long a fetch may take, after which it counts as failed. Default: 30 s. Without effect on a token that is not
    /// fetched. To be set before the first use: what was fetched so far is forgotten.
    #[must_use]
    pub fn fetch_timeout(mut self, timeout: Duration) -> Self {
        self.source = match self.source {
            Source::Fixed(metadata) => Source::Fixed(metadata),
            Source::One(cache) => Source::One(Arc::new(cache.with_timeout(timeout))),
            Source::PerAudience(audiences) => Source::PerAudience(Arc::new(Audiences {
                fetch: Arc::clone(&audiences.fetch),
                timeout,
                caches: Mutex::default(),
            })),
        };
        self
    }

    /// Lets the token be sent on connections that are not protected, where anyone on the way can read it and use it: for
    /// tests on loopback, and behind a proxy on the same machine. Default: not; such a call ends with UNAUTHENTICATED.
    #[must_use]
    pub fn allow_plaintext(mut self) -> Self {
        self.required_security = SecurityLevel::None;
        self
    }

    /// Forgets what was fetched, so that the next call has another fetched: for a program that learns that a token was
    /// revoked. One that is under way is waited for all the same. Without effect on a token that is not fetched.
    pub fn forget(&self) {
        match &self.source {
            Source::Fixed(_) => {}
            Source::One(cache) => cache.forget(),
            Source::PerAudience(audiences) => {
                let caches: Vec<_> = audiences.lock().values().cloned().collect();
                caches.iter().for_each(|cache| cache.forget());
            }
        }
    }

    fn from_source(source: Source) -> Self {
        Self { source, required_security: SecurityLevel::PrivacyAndIntegrity }
    }
}

impl CallCredentials for BearerToken {
    fn metadata<'a>(&'a self, request: &'a CredentialsRequest<'a>) -> CredentialsFuture<'a> {
        let cache = match &self.source {
            Source::Fixed(metadata) => {
                return Box::pin(ready(Ok(Metadata::clone(metadata))));
            }
            Source::One(cache) => Arc::clone(cache),
            Source::PerAudience(audiences) => audiences.cache(request.audience()),
        };
        Box::pin(async move { Ok(cache.header().await?) })
    }

    fn metadata_now(&self) -> Option<Metadata> {
        match &self.source {
            Source::Fixed(metadata) => Some(Metadata::clone(metadata)),
            Source::One(cache) => cache.header_now(),
            Source::PerAudience(_) => None,
        }
    }

    fn required_security(&self) -> SecurityLevel {
        self.required_security
    }
}

impl Audiences {
    fn cache(&self, audience: &str) -> Arc<Cache> {
        let mut caches = self.lock();
        if let Some(cache) = caches.get(audience) {
            return Arc::clone(cache);
        }
        let (fetch, owned) = (Arc::clone(&self.fetch), audience.to_owned());
        let cache = Arc::new(Cache::new(Box::new(move || fetch(owned.clone())), self.timeout));
        caches.insert(audience.to_owned(), Arc::clone(&cache));
        cache
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Cache>>> {
        self.caches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BearerToken")
            .field("required_security", &self.required_security)
            .finish_non_exhaustive()
    }
}

fn boxed<E: Into<BoxError>>(
    fetch: impl Future<Output = Result<Token, E>> + Send + 'static,
) -> FetchFuture {
    Box::pin(async move { fetch.await.map_err(Into::into) })
}

const FETCH_TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
