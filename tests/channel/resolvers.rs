//! Resolvers of the program's own, good and bad.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use grpc_runtime::ConnectivityState::{Idle, Ready, TransientFailure};
use grpc_runtime::lb::Endpoint;
use grpc_runtime::resolver::{
    Resolver, ResolverFactory, ResolverOptions, ResolverUpdate, TargetUri,
};
use grpc_runtime::{Address, Channel, ChannelError, Code, InvalidTarget};
use tests::client::{hello, impatient, open, said, spreading};
use tests::cluster::{Cluster, shares, spread, until_all_answer};

use crate::until;

/// `list:///127.0.0.1:1,127.0.0.1:2`, and a switch that makes it panic.
#[derive(Default)]
struct ListFactory {
    is_broken: Arc<AtomicBool>,
}

struct List {
    servers: Option<Vec<Endpoint>>,
    is_broken: Arc<AtomicBool>,
}

impl ResolverFactory for ListFactory {
    fn scheme(&self) -> &str {
        "list"
    }

    fn build(
        &self,
        target: &TargetUri,
        _options: &ResolverOptions,
    ) -> Result<Box<dyn Resolver>, InvalidTarget> {
        let addresses: Result<Vec<SocketAddr>, _> =
            target.endpoint().split(',').map(str::parse).collect();
        let addresses = addresses.map_err(|error| {
            target.invalid(format!("an address of it: {error}"), "list:///10.0.0.1:50051")
        })?;
        let servers = addresses.into_iter().map(|one| Endpoint::new(Address::Tcp(one))).collect();
        Ok(Box::new(List { servers: Some(servers), is_broken: Arc::clone(&self.is_broken) }))
    }

    fn authority(&self, _target: &TargetUri) -> Option<String> {
        Some("greeter.example.com".to_owned())
    }
}

impl Resolver for List {
    fn poll_update(&mut self, _context: &mut Context<'_>) -> Poll<ResolverUpdate> {
        assert!(!self.is_broken.load(Ordering::Acquire), "the list was torn");
        match self.servers.take() {
            Some(servers) => Poll::Ready(ResolverUpdate::endpoints(servers)),
            None => Poll::Pending,
        }
    }
}

fn list(cluster: &Cluster) -> String {
    cluster.target().replace("ipv4:", "list:///")
}

#[tokio::test]
async fn a_resolver_of_ones_own_finds_the_servers() {
    let cluster = Cluster::start(["ada", "bob"]);
    let (_channel, greeter) = open(spreading(list(&cluster)).resolver(ListFactory::default()));
    until_all_answer(&greeter, ["ada", "bob"]).await;
    assert_eq!(spread(&greeter, 10).await.unwrap(), shares([("ada", 5), ("bob", 5)]));
}

#[tokio::test]
async fn its_word_on_the_authority_counts() {
    let mut server = tests::server::Server::start();
    let target = format!("list:///{}", server.address());
    let described = impatient(target).resolver(ListFactory::default());
    let (_channel, greeter) = open(described.clone());
    said(greeter.say_hello(hello(""))).await.unwrap();
    assert_eq!(server.started().await.authority.as_deref(), Some("greeter.example.com"));
    let (_channel, greeter) = open(described.authority("other.example.com"));
    said(greeter.say_hello(hello(""))).await.unwrap();
    assert_eq!(server.started().await.authority.as_deref(), Some("other.example.com"));
}

#[test]
fn a_target_that_it_refuses_is_found_when_the_channel_is_built() {
    let described = Channel::builder("list:///greeter").plaintext();
    let error = described.resolver(ListFactory::default()).build().unwrap_err();
    assert!(matches!(error, ChannelError::Target(_)), "{error:?}");
    assert!(error.to_string().contains("list:///10.0.0.1:50051"), "{error}");
}

/// A resolver's panic is told to calls while there are no servers, and another is made after a pause.
#[tokio::test]
async fn a_resolver_that_panics() {
    let mut cluster = Cluster::start(["ada"]);
    let factory = ListFactory::default();
    let is_broken = Arc::clone(&factory.is_broken);
    is_broken.store(true, Ordering::Release);
    let (channel, greeter) = open(impatient(list(&cluster)).resolver(factory));
    let mut changes = channel.state_changes();
    let status = said(greeter.say_hello(hello(""))).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("the list was torn"), "{status}");
    until(&mut changes, TransientFailure).await;

    is_broken.store(false, Ordering::Release);
    until(&mut changes, Ready).await;
    assert_eq!(spread(&greeter, 2).await.unwrap(), shares([("ada", 2)]));

    // Servers that are known stay in use without it.
    is_broken.store(true, Ordering::Release);
    cluster["ada"].kill();
    until(&mut changes, Idle).await;
    cluster["ada"].restart();
    let reply = said(greeter.say_hello(hello("")).wait_for_ready(true)).await;
    assert_eq!(reply.unwrap(), "ada");
}
