//! [`DnsResolverFactory`]: the settings of `dns`.

use std::time::Duration;

use crate::resolver::dns::driver::DnsResolver;
use crate::resolver::dns::lookup::{Grouping, Query};
use crate::resolver::statics::StaticResolver;
use crate::resolver::{Resolver, ResolverFactory, ResolverOptions};
use crate::target::{self, InvalidTarget, Target, TargetUri};

/// Makes the resolvers of `dns:[//server[:port]/]host[:port]`, the default scheme.
///
/// Each address of the name is a server of its own, in the order of RFC 6724. An IP address is taken as it is;
/// `localhost` and the names under it are this machine's, by its own tables; `/etc/hosts` goes before DNS. A name
/// without a dot at its end is completed by the search list of the machine (`resolv.conf`), which is read for each
/// resolution, so that a machine may move between networks.
///
/// # When is a name resolved?
///
/// When the channel first needs it, and again when the channel asks, because a connection was lost or could not be
/// made; then not within [`minimum_interval`](DnsResolverFactory::minimum_interval) of the last time. There is no
/// polling and no regard to the TTL, as in the other gRPC implementations: servers that are added are seen when a
/// connection ends, so give servers a maximum connection age. A resolution that fails, or finds no address, is
/// repeated after 1.6 s, and then after pauses that grow by 1.6 up to 120 s, each made up to a fifth longer or shorter
/// by chance; servers that are in use stay in use if it fails, and are given up if the name is gone.
///
/// # Service configs
///
/// The TXT record of `_grpc_config.` and the name that begins with `grpc_config=` holds a list of choices (gRFC A2);
/// the first that is for this client is the service config. `clientLanguage` is `rust`, in any letter case;
/// `clientHostname` is the name of this machine; for `percentage` the lot is drawn once for each choice and resolver,
/// so that a client does not change sides with each resolution. An unknown key or an invalid choice makes the whole
/// list invalid. If the record cannot be looked up, the service config of before stays.
///
/// # Without the feature `dns`
///
/// Names are looked up by the operating system ([`operating_system`](DnsResolverFactory::operating_system)).
///
/// ```
/// use std::time::Duration;
///
/// use grpc_runtime::resolver::{DnsResolverFactory, ResolverRegistry};
///
/// let dns = DnsResolverFactory::new().minimum_interval(Duration::from_secs(5));
/// let registry = ResolverRegistry::builtin().with(dns);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a factory does nothing until it is registered"]
pub struct DnsResolverFactory {
    settings: Settings,
}

/// How names are resolved.
#[derive(Debug, Clone)]
pub(in crate::resolver) struct Settings {
    pub(super) minimum_interval: Duration,
    pub(super) timeout: Duration,
    pub(super) service_config: bool,
    pub(super) means: Means,
}

/// Who looks names up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// We do, by asking DNS servers.
    #[cfg(feature = "dns")]
    Dns,
    /// `getaddrinfo`.
    OperatingSystem,
}

impl DnsResolverFactory {
    /// The settings of the other gRPC implementations: see each for its default.
    pub fn new() -> Self {
        Self { settings: Settings::new() }
    }

    /// The shortest time from the end of one resolution to the start of another that the channel asks for. Default: 30 s.
    pub fn minimum_interval(mut self, interval: Duration) -> Self {
        self.settings.minimum_interval = interval;
        self
    }

    /// How long one resolution may take, all its questions together. Default: 30 s. How long a single question waits
    /// for its answer, and how often it is repeated, is the machine's to say (`resolv.conf`; 5 s and twice if it does
    /// not).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// Whether service configs are looked for. Default: yes, as in grpc-go, unless the environment has
    /// `GRPC_ENABLE_TXT_SERVICE_CONFIG=false` when this factory is made. No question for TXT is ever asked for
    /// `localhost`, IP addresses and channels that ignore service configs.
    pub fn service_config(mut self, wanted: bool) -> Self {
        self.settings.service_config = wanted;
        self
    }

    /// Leaves looking names up to the operating system (`getaddrinfo`), for the sake of what only it knows, such as
    /// mDNS or a directory service. Then there are no service configs, and a target that names a DNS server is an
    /// error. Default: only without the feature `dns`.
    pub fn operating_system(mut self) -> Self {
        self.settings.means = Means::OperatingSystem;
        self
    }
}

impl Settings {
    fn new() -> Self {
        let switch = crate::rt::environment("GRPC_ENABLE_TXT_SERVICE_CONFIG");
        Self {
            minimum_interval: Duration::from_secs(30),
            timeout: Duration::from_secs(30),
            service_config: !switch.is_some_and(|value| value.eq_ignore_ascii_case("false")),
            #[cfg(feature = "dns")]
            means: Means::Dns,
            #[cfg(not(feature = "dns"))]
            means: Means::OperatingSystem,
        }
    }

    /// What a program gets that connects to a name by itself.
    pub(in crate::resolver) fn operating_system() -> Self {
        Self { means: Means::OperatingSystem, service_config: false, ..Self::new() }
    }
}

impl Default for DnsResolverFactory {
    fn default() -> Self {
        Self::new()
    }
}

impl ResolverFactory for DnsResolverFactory {
    fn scheme(&self) -> &str {
        "dns"
    }

    fn build(
        &self,
        target: &TargetUri,
        options: &ResolverOptions,
    ) -> Result<Box<dyn Resolver>, InvalidTarget> {
        let (host, port, server) = match Target::of(target)?.into_endpoint() {
            target::Endpoint::Dns { host, port, server } => (host, port, server),
            target::Endpoint::Addresses(addresses) => {
                return Ok(Box::new(StaticResolver::new(addresses)));
            }
            target::Endpoint::Passthrough(_) => {
                return Err(target.invalid("it names no host", "dns:///greeter.example.com"));
            }
        };
        if server.is_some() && self.settings.means == Means::OperatingSystem {
            return Err(target.invalid(OPERATING_SYSTEM_CANNOT, format!("dns:///{host}:{port}")));
        }
        let mut settings = self.settings.clone();
        settings.service_config &= options.service_config();
        let query = Query {
            host,
            port,
            server,
            grouping: Grouping::ServerPerAddress,
            connector: options.connector(),
        };
        Ok(Box::new(DnsResolver::new(query, settings)))
    }

    fn authority(&self, target: &TargetUri) -> Option<String> {
        Target::of(target).ok().map(|target| target.authority().to_owned())
    }
}

#[cfg(feature = "dns")]
const OPERATING_SYSTEM_CANNOT: &str =
    "it names a DNS server, and this resolver is set to leave looking up to the operating system";
#[cfg(not(feature = "dns"))]
const OPERATING_SYSTEM_CANNOT: &str =
    "it names a DNS server, and grpc-runtime was built without its feature `dns`";
