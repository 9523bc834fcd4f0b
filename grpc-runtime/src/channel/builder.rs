//! [`ChannelBuilder`]: every setting of a channel, with its default.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::HeaderValue;
use http::uri::Authority;

use crate::backoff::BackoffConfig;
use crate::channel::control::{ChannelControl, ServiceConfigs, Settings};
use crate::channel::protection::Protection;
use crate::channel::{Channel, ChannelError, ChannelLayer, layers};
use crate::compression::{self, Compressor, Encoding};
#[cfg(feature = "tls")]
use crate::credentials::ClientTls;
use crate::engine::{Engine, Limits, PerAttempt, Published, Retries, Templates};
use crate::lb::{PolicyBuilder, PolicyRegistry};
use crate::resolver::{ResolverFactory, ResolverOptions, ResolverRegistry};
use crate::retry::{AttemptCap, ChannelBuffer};
use crate::service_config::{DefaultServiceConfig, ServiceConfig};
use crate::subchannel;
use crate::transport::connect::{Connector, Dialer};
use crate::transport::h2::Http2Settings;

/// Describes a channel. [`build`](ChannelBuilder::build) checks everything and does no I/O on the network.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct ChannelBuilder {
    target: String,
    security: Protection,
    authority: Option<String>,
    user_agent: Option<String>,
    connector: Option<Arc<dyn Connector>>,
    resolvers: Option<ResolverRegistry>,
    policies: PolicyRegistry,
    load_balancing: Option<String>,
    default_service_config: Option<DefaultServiceConfig>,
    follows_resolver: bool,
    backoff: BackoffConfig,
    idle_timeout: Duration,
    limits: Limits,
    retries: Retries,
    http2: Http2Settings,
    compression: compression::Settings,
    pub(super) per_attempt: PerAttempt,
    pub(super) layers: Vec<Arc<dyn ChannelLayer>>,
}

impl ChannelBuilder {
    /// With the defaults of the process.
    pub(super) fn new(target: String) -> Self {
        let bare = Self::without_process_defaults(target);
        DEFAULTS.load().iter().fold(bare, |builder, configure| configure(builder))
    }

    /// As [`Channel::builder`], but without what
    /// [`add_process_defaults`](ChannelBuilder::add_process_defaults) was given.
    pub fn without_process_defaults(target: impl Into<String>) -> Self {
        let target = target.into();
        Self {
            target,
            security: Protection::Nothing,
            authority: None,
            user_agent: None,
            connector: None,
            resolvers: None,
            policies: PolicyRegistry::builtin(),
            load_balancing: None,
            default_service_config: None,
            follows_resolver: true,
            backoff: BackoffConfig::new(),
            idle_timeout: IDLE_TIMEOUT,
            limits: Limits::default(),
            retries: Retries::default(),
            http2: Http2Settings::default(),
            compression: compression::Settings::default(),
            per_attempt: PerAttempt::default(),
            layers: Vec::new(),
        }
    }

    /// Has every channel that is described from now on begin with these settings; what it sets itself wins over them, and
    /// what is added later over what was added before. For programs, not for libraries: what one adds, all others get.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use grpc_runtime::ChannelBuilder;
    ///
    /// ChannelBuilder::add_process_defaults(|builder| {
    ///     builder.user_agent("shop/1.4").idle_timeout(Duration::from_secs(600))
    /// });
    /// ```
    pub fn add_process_defaults(
        configure: impl Fn(ChannelBuilder) -> ChannelBuilder + Send + Sync + 'static,
    ) {
        let configure: Configure = Arc::new(configure);
        DEFAULTS.rcu(|defaults| {
            let mut defaults = Vec::clone(defaults);
            defaults.push(Arc::clone(&configure));
            defaults
        });
    }

    /// Sends everything unprotected (HTTP/2 with prior knowledge). Without it, or a target that begins with
    /// `http://`, a channel uses TLS.
    pub fn plaintext(mut self) -> Self {
        self.security = Protection::Plaintext;
        self
    }

    /// Uses TLS with these settings. Default: TLS that trusts what the operating system trusts.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.security = Protection::Tls(Box::new(tls));
        self
    }

    /// What is sent as `:authority`, and the name that TLS verifies unless [`ClientTls::server_name`] says
    /// another. Default: the host, and the port if one was given, of the target.
    pub fn authority(mut self, authority: impl Into<String>) -> Self {
        self.authority = Some(authority.into());
        self
    }

    /// What is sent in front of our own `user-agent`, such as `shop/1.4`.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Opens byte streams in place of the built-in TCP and Unix sockets; TLS and HTTP/2 come on top as usual.
    pub fn connector(mut self, connector: impl Connector) -> Self {
        self.connector = Some(Arc::new(connector));
        self
    }

    /// Adds a resolver for this channel, in place of one of the same scheme. See [`resolver`](crate::resolver).
    pub fn resolver(mut self, factory: impl ResolverFactory) -> Self {
        self.resolvers = Some(self.resolvers.unwrap_or_default().with(factory));
        self
    }

    /// The resolvers of this channel. Default: [`ResolverRegistry::process_wide`], as it is when the channel is built.
    pub fn resolvers(mut self, resolvers: ResolverRegistry) -> Self {
        self.resolvers = Some(resolvers);
        self
    }

    /// The load-balancing policy where no service config names one, by its name: `pick_first`, `round_robin`, or one
    /// that was [registered](ChannelBuilder::load_balancing_policy). Default: `pick_first`.
    ///
    /// ```
    /// # fn example() -> Result<(), grpc_runtime::ChannelError> {
    /// use grpc_runtime::Channel;
    ///
    /// let channel = Channel::builder("dns:///greeter.prod:50051").load_balancing("round_robin").build()?;
    /// # Ok(()) }
    /// ```
    pub fn load_balancing(mut self, name: impl Into<String>) -> Self {
        self.load_balancing = Some(name.into());
        self
    }

    /// The service config in force while the resolver has none: JSON ([its fields](crate::service_config)) or a
    /// [`ServiceConfig`]. Default: an empty one.
    ///
    /// ```
    /// # fn example() -> Result<(), grpc_runtime::ChannelError> {
    /// use grpc_runtime::Channel;
    ///
    /// let channel = Channel::builder("dns:///greeter.prod:50051")
    ///     .default_service_config(
    ///         r#"{
    ///             "loadBalancingConfig": [{"round_robin": {}}],
    ///             "methodConfig": [{"name": [{}], "timeout": "1.5s", "waitForReady": true}]
    ///         }"#,
    ///     )
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn default_service_config(mut self, config: impl Into<DefaultServiceConfig>) -> Self {
        self.default_service_config = Some(config.into());
        self
    }

    /// Passes over the service configs that the resolver finds, and tells it not to look for any. The
    /// [default](ChannelBuilder::default_service_config) stays in force.
    pub fn disable_service_config(mut self) -> Self {
        self.follows_resolver = false;
        self
    }

    /// Registers a policy for this channel, in place of one of the same name, for
    /// [`load_balancing`](ChannelBuilder::load_balancing) and service configs to name. See [`lb`](crate::lb).
    pub fn load_balancing_policy(mut self, policy: impl PolicyBuilder) -> Self {
        self.policies.register(policy);
        self
    }

    /// The policies that this channel knows, all of them. Default: [`PolicyRegistry::builtin`].
    ///
    /// The time after which a silent address is no longer waited for alone is set here:
    ///
    /// ```
    /// # fn example() -> Result<(), grpc_runtime::ChannelError> {
    /// use std::time::Duration;
    ///
    /// use grpc_runtime::Channel;
    /// use grpc_runtime::lb::PolicyRegistry;
    ///
    /// let impatient = PolicyRegistry::with_connection_attempt_delay(Duration::from_millis(100));
    /// let channel = Channel::builder("dns:///greeter.prod:50051").load_balancing_policies(impatient).build()?;
    /// # Ok(()) }
    /// ```
    pub fn load_balancing_policies(mut self, policies: PolicyRegistry) -> Self {
        self.policies = policies;
        self
    }

    /// How long to wait between attempts to connect to an address, and how long one may take. Default:
    /// [`BackoffConfig::new`].
    pub fn connection_backoff(mut self, backoff: BackoffConfig) -> Self {
        self.backoff = backoff;
        self
    }

    /// After how long without a call the channel becomes idle: it closes its connections and stops resolving, until the next
    /// call, which waits for a connection again. Default: 30 minutes. Zero: never.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Compresses the requests of all calls, where neither call nor method says otherwise; see
    /// [`Call::compress`](crate::Call::compress). Default: not.
    ///
    /// An encoding that there is no compressor for is an error of [`build`](ChannelBuilder::build).
    pub fn compression(mut self, encoding: Encoding) -> Self {
        self.compression.default = Some(encoding);
        self
    }

    /// The shortest request message that is compressed where its call is, in bytes as encoded. Default: 1 KiB; what is
    /// shorter fills one packet, compressed or not.
    pub fn min_compressed_bytes(mut self, bytes: usize) -> Self {
        self.compression.min_bytes = Some(bytes);
        self
    }

    /// Lets servers compress their responses with these, the best first (`grpc-accept-encoding`); whether they do is
    /// theirs to decide. A server that compresses with another ends the call with INTERNAL. Default: none, but that a
    /// call which is compressed itself accepts the same back, as there are servers that answer so unasked.
    ///
    /// Called again, it adds to the list. An encoding that there is no compressor for is an error of
    /// [`build`](ChannelBuilder::build).
    pub fn accept_compression(mut self, encodings: impl IntoIterator<Item = Encoding>) -> Self {
        self.compression.accepted.extend(encodings);
        self
    }

    /// Gives the channel one more way to compress, by the name that it has; in place of the one that had the name
    /// before, be it built in. Built in are those of the features `gzip`, `deflate` and `zstd`, at middling levels.
    ///
    /// It is used where it is asked for: by [`compression`](ChannelBuilder::compression),
    /// [`accept_compression`](ChannelBuilder::accept_compression), a method or a call.
    pub fn compressor(mut self, compressor: impl Compressor) -> Self {
        self.compression.compressors.push(Arc::new(compressor));
        self
    }

    /// The largest request message, in bytes as encoded, or as compressed where it is, where neither call nor method says otherwise. Default: no
    /// limit.
    pub fn max_request_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_request_bytes = bytes;
        self
    }

    /// The largest response message, in bytes, decompressed as well, where neither call nor method says otherwise. Default: 4 MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_response_bytes = bytes;
        self
    }

    /// The most attempts of one call, the first included, whatever policies say (gRFC A6). Fewer than two count
    /// as the default. Default: 5.
    pub fn max_call_attempts(mut self, attempts: u32) -> Self {
        self.retries.cap = AttemptCap::new(attempts);
        self
    }

    /// Passes over retry and hedging policies, whoever has them: service config, method or call. A call that a server
    /// certainly did not look at is made again all the same, as that cannot have an effect twice. Default: they count.
    pub fn disable_retry(mut self) -> Self {
        self.retries.is_on = false;
        self
    }

    /// How many bytes of its requests a call keeps, so that they can be sent again. A call that has sent more is not
    /// retried. Default: 256 KiB.
    pub fn retry_buffer_bytes(mut self, bytes: usize) -> Self {
        self.retries.buffer_bytes = bytes;
        self
    }

    /// How many bytes of requests all calls of the channel keep together. Default: 16 MiB.
    pub fn channel_retry_buffer_bytes(mut self, bytes: usize) -> Self {
        self.retries.channel_buffer = Arc::new(ChannelBuffer::new(bytes));
        self
    }

    /// The largest block of response headers or trailers, in bytes as HTTP/2 counts them (name, value and 32 a
    /// field). A call with a larger one ends with RESOURCE_EXHAUSTED. Default: 8 KiB.
    ///
    /// Servers are told this, or 1 MiB where that is more: a block that exceeds what they were told costs
    /// the connection and every call on it.
    pub fn max_header_list_bytes(mut self, bytes: u32) -> Self {
        self.http2.max_header_list_bytes = bytes;
        self
    }

    /// How many bytes a server may send on one stream before the program reads them. Default: 1 MiB.
    pub fn stream_window_bytes(mut self, bytes: u32) -> Self {
        self.http2.stream_window = bytes;
        self
    }

    /// How many bytes a server may send on all streams of a connection before the program reads them; best several
    /// times a stream's, so that one unread stream does not hold up the others. Default: 8 MiB.
    pub fn connection_window_bytes(mut self, bytes: u32) -> Self {
        self.http2.connection_window = bytes;
        self
    }

    /// Checks the settings and makes the channel. It connects on the first call.
    ///
    /// With the default trust of TLS, the operating system's root certificates are read here.
    ///
    /// # Errors
    /// See [`ChannelError`]; each says what to write instead.
    pub fn build(self) -> Result<Channel, ChannelError> {
        let target = self.resolvers.unwrap_or_default().choose(&self.target)?;
        let resolving = ResolverOptions::default()
            .with_connector(self.connector.is_some())
            .with_service_config(self.follows_resolver);
        // Made again whenever the channel leaves idleness; here, so that a mistake in the target shows now.
        target.build(&resolving)?;
        let default = match self.default_service_config {
            None => ServiceConfig::new(),
            Some(config) => config.read(&self.policies)?,
        };
        let load_balancing = self.load_balancing.unwrap_or_else(|| PICK_FIRST.to_owned());
        let load_balancing = match self.policies.choose_by_name(&load_balancing) {
            Some(chosen) => chosen,
            None => return Err(ChannelError::LoadBalancing(load_balancing)),
        };
        let security = self.security.decide(target.security())?;
        let authority = self.authority.unwrap_or_else(|| target.authority());
        let parsed = Authority::try_from(authority.as_str())
            .map_err(|cause| ChannelError::Authority { authority: authority.clone(), cause })?;
        let algorithms = self.compression.build()?;
        let user_agent = user_agent(self.user_agent)?;
        let accept = algorithms.accept().cloned();
        let templates = Templates::new(security.scheme(), parsed, user_agent, accept);
        let mut dialer = Dialer::new(security);
        if let Some(connector) = self.connector {
            dialer = dialer.with_connector(connector);
        }
        let (http2, backoff) = (self.http2, self.backoff);
        let connecting = Arc::new(subchannel::Settings { authority, dialer, http2, backoff });
        let idle_timeout = self.idle_timeout;
        let service_configs = ServiceConfigs {
            default: Arc::new(default),
            follows_resolver: self.follows_resolver,
            policies: self.policies,
        };
        let settings = Settings {
            target,
            resolving,
            connecting,
            service_configs,
            load_balancing,
            idle_timeout,
        };
        let published = Arc::new(Published::new());
        let control = Box::new(ChannelControl::new(settings, Arc::clone(&published)));
        let engine = Engine::new(
            control,
            published,
            templates,
            self.limits,
            algorithms,
            self.retries,
            self.per_attempt,
        );
        let bare = Channel { engine, layered: None };
        Ok(Channel { layered: layers::around(&bare, &self.layers), ..bare })
    }
}

/// The program's own name first, then ours (gRPC over HTTP/2, "User Agents").
fn user_agent(program: Option<String>) -> Result<HeaderValue, ChannelError> {
    let Some(program) = program else { return Ok(HeaderValue::from_static(OURS)) };
    let both = format!("{program} {OURS}");
    HeaderValue::from_str(&both).map_err(|_invalid| ChannelError::UserAgent(program))
}

type Configure = Arc<dyn Fn(ChannelBuilder) -> ChannelBuilder + Send + Sync>;

static DEFAULTS: LazyLock<ArcSwap<Vec<Configure>>> = LazyLock::new(ArcSwap::default);

const PICK_FIRST: &str = "pick_first";
const IDLE_TIMEOUT: Duration = Duration::from_secs(30 * 60);
const OURS: &str = concat!("grpc-rust-typed/", env!("CARGO_PKG_VERSION"));

impl std::fmt::Debug for ChannelBuilder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ChannelBuilder")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}
