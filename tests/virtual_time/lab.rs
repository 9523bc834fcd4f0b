//! What each test begins with: a network, a resolver to push servers to, and short ways to call and to wait.

use std::time::Duration;

use grpc_runtime::lb::Endpoint;
use grpc_runtime::resolver::ManualResolver;
use grpc_runtime::{Channel, ChannelBuilder, ConnectivityState, StateChanges, Status};
use tests::client::{GreeterClient, hello};
use tests::network::{Network, Server};

pub(crate) use ConnectivityState::{Connecting, Idle, Ready, Shutdown, TransientFailure};

/// Seconds.
pub(crate) const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Milliseconds.
pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A network and a resolver that channels ask.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) network: Network,
    pub(crate) resolver: ManualResolver,
}

impl Lab {
    /// Whose resolver knows nothing yet.
    pub(crate) fn new() -> Self {
        Self { network: Network::new(), resolver: ManualResolver::new("lab") }
    }

    /// With servers of these names, which the resolver knows, one endpoint each.
    pub(crate) fn of<const N: usize>(names: [&str; N]) -> (Self, [Server; N]) {
        let lab = Self::new();
        let servers = names.map(|name| lab.network.server(name));
        lab.knows(&servers);
        (lab, servers)
    }

    /// The resolver knows these servers from now on, one endpoint each.
    pub(crate) fn knows(&self, servers: &[Server]) {
        self.knows_endpoints(servers.iter().map(Server::endpoint));
    }

    pub(crate) fn knows_endpoints(&self, endpoints: impl IntoIterator<Item = Endpoint>) {
        self.resolver.set_endpoints(endpoints);
    }

    /// A channel to `lab:///greeter`, not built yet.
    pub(crate) fn builder(&self) -> ChannelBuilder {
        Channel::builder("lab:///greeter")
            .plaintext()
            .resolver(self.resolver.clone())
            .connector(self.network.clone())
    }

    /// With pick_first and all defaults.
    pub(crate) fn channel(&self) -> Channel {
        self.builder().build().unwrap()
    }

    /// The same with round_robin.
    pub(crate) fn round_robin(&self) -> Channel {
        self.builder().load_balancing("round_robin").build().unwrap()
    }

    /// Time since the test began.
    pub(crate) fn now(&self) -> Duration {
        self.network.now()
    }
}

/// Lets time pass; and with it all that happens in that time.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Lets happen what takes no time.
pub(crate) async fn settle() {
    // tokio moves its clock only when nothing else is left to do.
    pass(ms(1)).await;
}

/// Which server answers a call that fails fast.
pub(crate) async fn call(channel: &Channel) -> Result<String, Status> {
    let client = GreeterClient::new(channel.clone());
    client.say_hello(hello("Ada")).await.map(|reply| reply.message)
}

/// Which server answers a call that waits for one.
pub(crate) async fn patient_call(channel: &Channel) -> Result<String, Status> {
    let client = GreeterClient::new(channel.clone());
    client.say_hello(hello("Ada")).wait_for_ready(true).await.map(|reply| reply.message)
}

/// The states that have come since this was last asked, without waiting for more.
pub(crate) fn unread(changes: &mut StateChanges) -> Vec<ConnectivityState> {
    std::iter::from_fn(|| {
        futures_util::FutureExt::now_or_never(changes.next()).flatten().map(|change| change.state)
    })
    .collect()
}
