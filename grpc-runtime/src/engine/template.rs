//! Where request headers are written: everything that is the same for all calls of a method is made once.
//!
//! A call clones its template, puts its deadline in the place kept for it, and appends its metadata.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::header::{CONTENT_TYPE, HeaderName, TE, USER_AGENT};
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version};

use crate::compression::Compression;
use crate::deadline;
use crate::engine::options::CallOptions;
use crate::method::{MethodDescriptor, MethodRef};
use crate::status::Status;

/// The templates of one channel.
#[derive(Debug)]
pub(crate) struct Templates {
    scheme: Scheme,
    authority: Authority,
    user_agent: HeaderValue,
    /// `grpc-accept-encoding`, where anything is accepted.
    accept: Option<HeaderValue>,
    made: ArcSwap<Made>,
}

type Made = HashMap<Key, Arc<Template>, BuildHasherDefault<AddressHasher>>;

/// A static method is known by its address. Two methods with the same descriptor may share one, so the codec's
/// content type, also a static, belongs to the key.
type Key = (usize, usize);

/// The head of a request, but for what differs from call to call.
#[derive(Debug)]
pub(crate) struct Template {
    plain: Request<()>,
    /// The same with `grpc-timeout` in front of the headers, where the specification wants it: the first value is its.
    timed: Request<()>,
}

impl Templates {
    pub(crate) fn new(
        scheme: Scheme,
        authority: Authority,
        user_agent: HeaderValue,
        accept: Option<HeaderValue>,
    ) -> Self {
        Self { scheme, authority, user_agent, accept, made: ArcSwap::default() }
    }

    /// The template of a method: found, or made and, for a static method, kept.
    pub(super) fn of(
        &self,
        method: &MethodRef,
        content_type: &'static str,
    ) -> Result<Arc<Template>, Status> {
        let MethodRef::Static(descriptor) = *method else {
            return self.make(method, content_type).map(Arc::new);
        };
        let key = (std::ptr::from_ref(descriptor).addr(), content_type.as_ptr().addr());
        if let Some(template) = self.made.load().get(&key) {
            return Ok(Arc::clone(template));
        }
        let template = Arc::new(self.make(descriptor, content_type)?);
        self.made.rcu(|made| {
            let mut made = Made::clone(made);
            made.insert(key, Arc::clone(&template));
            made
        });
        Ok(template)
    }

    fn make(
        &self,
        method: &MethodDescriptor,
        content_type: &'static str,
    ) -> Result<Template, Status> {
        let content_type = HeaderValue::from_str(content_type).map_err(|error| {
            Status::internal(format!(
                "the codec's content type {content_type:?} cannot be sent as a header"
            ))
            .with_source(error)
        })?;
        let path = PathAndQuery::try_from(method.path()).map_err(|error| {
            Status::internal(format!("the method path {:?} cannot be sent", method.path()))
                .with_source(error)
        })?;
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        let uri = Uri::from_parts(parts).map_err(|error| {
            Status::internal("the method path cannot be sent").with_source(error)
        })?;

        let mut plain = HeaderMap::with_capacity(4);
        plain.insert(TE, HeaderValue::from_static("trailers"));
        plain.insert(CONTENT_TYPE, content_type);
        plain.insert(USER_AGENT, self.user_agent.clone());
        if let Some(accept) = &self.accept {
            plain.insert(GRPC_ACCEPT_ENCODING, accept.clone());
        }
        let mut timed = HeaderMap::with_capacity(5);
        timed.insert(GRPC_TIMEOUT, HeaderValue::from_static("0n"));
        timed.extend(plain.clone());
        Ok(Template { plain: head(uri.clone(), plain), timed: head(uri, timed) })
    }
}

/// A value that hardly ever comes again. In HPACK's table it would push out those that do, and cost more than all others;
/// so it is marked as one that is not to be put there (RFC 7541, section 6.2.3), which is how `h2` wants it said.
fn timeout(remaining: Duration) -> HeaderValue {
    let mut value = deadline::grpc_timeout(remaining);
    value.set_sensitive(true);
    value
}

fn head(uri: Uri, headers: HeaderMap) -> Request<()> {
    let mut head = Request::new(());
    *head.method_mut() = Method::POST;
    *head.version_mut() = Version::HTTP_2;
    *head.uri_mut() = uri;
    *head.headers_mut() = headers;
    head
}

impl Template {
    /// The head of one request: HTTP/2 pseudo headers, then `grpc-timeout`, then our own, then the metadata.
    pub(super) fn request(
        &self,
        remaining: Option<Duration>,
        compression: Option<&Compression>,
        options: &CallOptions,
    ) -> Request<()> {
        // Cloned whole: putting a head together from its parts takes longer.
        let mut head = match remaining {
            None => self.plain.clone(),
            Some(remaining) => {
                let mut head = self.timed.clone();
                if let Some(place) = head.headers_mut().values_mut().next() {
                    *place = timeout(remaining);
                }
                head
            }
        };
        let headers = head.headers_mut();
        if let Some(compression) = compression {
            headers.insert(GRPC_ENCODING, compression.header().clone());
            headers.insert(GRPC_ACCEPT_ENCODING, compression.accept().clone());
        }
        if let Some(content_type) = options.content_type() {
            headers.insert(CONTENT_TYPE, content_type.clone());
        }
        options.metadata.append_to(headers);
        if let Some(authority) = options.own_authority() {
            *head.uri_mut() = self.with_authority(authority);
        }
        head
    }

    /// What calls say that do not name the server in another way.
    pub(super) fn authority(&self) -> &str {
        self.plain.uri().authority().map_or("", Authority::as_str)
    }

    /// Whether the channel's connections are made for this authority, so that it needs no proof of its own.
    pub(super) fn has_authority(&self, authority: &str) -> bool {
        self.plain.uri().authority().is_some_and(|own| own == authority)
    }

    fn with_authority(&self, authority: &Authority) -> Uri {
        let mut parts = self.plain.uri().clone().into_parts();
        parts.authority = Some(authority.clone());
        Uri::from_parts(parts).expect("scheme, authority and path make a URI")
    }
}

/// Spreads addresses. Nobody from outside has a say in them, so there is nothing to guard against, and the usual hash
/// would be one of the dearer steps of a call.
#[derive(Debug, Default, Clone, Copy)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_usize(usize::from(byte)));
    }

    fn write_usize(&mut self, address: usize) {
        // The golden ratio spreads neighbours (Knuth, The Art of Computer Programming, section 6.4), and the map takes
        // its bits from both ends.
        let mixed = (self.0 ^ address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
