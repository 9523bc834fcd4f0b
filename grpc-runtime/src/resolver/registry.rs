//! [`ResolverRegistry`]: which factory serves a target.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;

use crate::resolver::dns::DnsResolverFactory;
use crate::resolver::passthrough::PassthroughFactory;
use crate::resolver::statics::StaticFactory;
use crate::resolver::{Resolver, ResolverFactory, ResolverOptions};
use crate::target::{InvalidTarget, SecurityHint, TargetUri};

/// The resolver factories of a channel, by scheme; cheap to clone.
///
/// A target whose scheme is not among them is as a whole a name for the default scheme, `dns`, so that
/// `greeter.prod:50051` needs no scheme. A URL (`http://`, `https://`) stands for the host and port in it, looked up
/// by the factory of `dns`.
///
/// Channels use the registry of the process where they are given none.
/// [`register_process_wide`](ResolverRegistry::register_process_wide) adds to it, which is for programs and not for
/// libraries: what one adds, all others see.
#[derive(Clone)]
pub struct ResolverRegistry {
    factories: BTreeMap<String, Arc<dyn ResolverFactory>>,
    default_scheme: String,
}

impl ResolverRegistry {
    /// The factories that come with this crate: `dns`, `passthrough`, `unix`, `unix-abstract`, `ipv4` and `ipv6`.
    pub fn builtin() -> Self {
        let registry = Self { factories: BTreeMap::new(), default_scheme: "dns".to_owned() };
        StaticFactory::ALL
            .into_iter()
            .fold(registry, Self::with)
            .with(PassthroughFactory)
            .with(DnsResolverFactory::new())
    }

    /// The registry of the process as it is now: [`builtin`](ResolverRegistry::builtin) and what was added.
    pub fn process_wide() -> Self {
        Self::clone(&PROCESS.load())
    }

    /// Adds a factory to the registry of the process, in place of an earlier one of its scheme, for channels that are
    /// built from now on.
    pub fn register_process_wide(factory: impl ResolverFactory) {
        let factory: Arc<dyn ResolverFactory> = Arc::new(factory);
        PROCESS.rcu(|registry| Self::clone(registry).with_shared(Arc::clone(&factory)));
    }

    /// The same and `factory`, in place of an earlier one of its scheme. A factory of the scheme `http` or `https`
    /// takes over what URLs mean.
    #[must_use]
    pub fn with(self, factory: impl ResolverFactory) -> Self {
        self.with_shared(Arc::new(factory))
    }

    /// The same with another scheme for targets that have none that is known. Default: `dns`. One that is not
    /// registered is an error of each such target.
    #[must_use]
    pub fn with_default_scheme(mut self, scheme: impl Into<String>) -> Self {
        self.default_scheme = scheme.into().to_ascii_lowercase();
        self
    }

    /// The schemes of the factories, in lower case and sorted.
    pub fn schemes(&self) -> impl Iterator<Item = &str> {
        self.factories.keys().map(String::as_str)
    }

    fn with_shared(mut self, factory: Arc<dyn ResolverFactory>) -> Self {
        self.factories.insert(factory.scheme().to_ascii_lowercase(), factory);
        self
    }

    /// Finds the factory for a target (N-01). The target is read by the factory when it
    /// [builds](Chosen::build).
    ///
    /// # Errors
    /// A URL that cannot be understood, or no factory for the default scheme.
    pub(crate) fn choose(&self, text: &str) -> Result<Chosen, InvalidTarget> {
        let is_known = |scheme: &str| self.factories.contains_key(scheme);
        let uri = TargetUri::choose(text, &self.default_scheme, is_known)?;
        match self.factories.get(uri.scheme()) {
            Some(factory) => Ok(Chosen { factory: Arc::clone(factory), uri }),
            None => Err(uri.invalid(
                format!("no resolver is registered for the scheme {:?}", uri.scheme()),
                self.example(),
            )),
        }
    }

    fn example(&self) -> String {
        let scheme = self.factories.keys().next().map_or("dns", String::as_str);
        format!("{scheme}:///..")
    }
}

impl Default for ResolverRegistry {
    /// [`process_wide`](ResolverRegistry::process_wide).
    fn default() -> Self {
        Self::process_wide()
    }
}

impl fmt::Debug for ResolverRegistry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResolverRegistry")
            .field("schemes", &self.factories.keys())
            .field("default_scheme", &self.default_scheme)
            .finish()
    }
}

/// A target and the factory that understands it.
#[derive(Clone)]
pub(crate) struct Chosen {
    factory: Arc<dyn ResolverFactory>,
    uri: TargetUri,
}

impl Chosen {
    /// A resolver, which has done nothing yet.
    pub(crate) fn build(
        &self,
        options: &ResolverOptions,
    ) -> Result<Box<dyn Resolver>, InvalidTarget> {
        self.factory.build(&self.uri, options)
    }

    /// The `:authority` of calls where the program sets none: a URL's own, else the factory's, else the target's.
    pub(crate) fn authority(&self) -> String {
        match self.uri.url_authority() {
            Some(authority) => authority.to_owned(),
            None => {
                self.factory.authority(&self.uri).unwrap_or_else(|| self.uri.default_authority())
            }
        }
    }

    /// What the target says about security.
    pub(crate) fn security(&self) -> Option<SecurityHint> {
        self.uri.security()
    }

    /// The target.
    pub(crate) fn uri(&self) -> &TargetUri {
        &self.uri
    }
}

impl fmt::Debug for Chosen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Chosen").field("uri", &self.uri).finish_non_exhaustive()
    }
}

static PROCESS: LazyLock<ArcSwap<ResolverRegistry>> =
    LazyLock::new(|| ArcSwap::from_pointee(ResolverRegistry::builtin()));
