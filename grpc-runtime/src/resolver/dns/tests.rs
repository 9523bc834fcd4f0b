//! The resolver as a channel drives it, against a DNS server whose records change.

#[cfg(feature = "dns")]
mod server;

use std::future::poll_fn;
use std::task::{Context, Waker};
use std::time::Duration;

use crate::resolver::{
    DnsResolverFactory, Resolver, ResolverOptions, ResolverRegistry, ResolverUpdate, UpdateOutcome,
};
use crate::rt;

fn build(
    target: &str,
    factory: DnsResolverFactory,
    options: &ResolverOptions,
) -> Box<dyn Resolver> {
    ResolverRegistry::builtin().with(factory).choose(target).unwrap().build(options).unwrap()
}

fn resolver(target: &str, factory: DnsResolverFactory) -> Box<dyn Resolver> {
    build(target, factory, &ResolverOptions::default())
}

/// The next update, which comes within a time that only a hanging resolver needs.
async fn next(resolver: &mut dyn Resolver) -> ResolverUpdate {
    let next = poll_fn(|context| resolver.poll_update(context));
    rt::until(rt::now() + LONGEST, next).await.expect("an update comes in time")
}

fn is_silent(resolver: &mut dyn Resolver) -> bool {
    resolver.poll_update(&mut Context::from_waker(Waker::noop())).is_pending()
}

fn found(update: &ResolverUpdate) -> Vec<String> {
    let endpoints = update.endpoints.as_ref().expect("the name was looked up");
    let mut found: Vec<String> = endpoints
        .iter()
        .map(|endpoint| {
            let addresses: Vec<String> =
                endpoint.addresses().iter().map(ToString::to_string).collect();
            addresses.join("+")
        })
        .collect();
    // In which order is the machine's to say, which may have no IPv6.
    found.sort();
    found
}

#[tokio::test]
async fn localhost_needs_no_server() {
    for factory in [DnsResolverFactory::new(), DnsResolverFactory::new().operating_system()] {
        for target in ["localhost:7", "dns:///LocalHost.:7", "a.localhost:7"] {
            let update = next(&mut *resolver(target, factory.clone())).await;
            assert!(found(&update).contains(&"127.0.0.1:7".to_owned()), "{target}");
        }
    }
}

#[tokio::test]
async fn a_name_passed_through_is_one_server() {
    let update =
        next(&mut *resolver("passthrough:///localhost:7", DnsResolverFactory::new())).await;
    let found = found(&update);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("127.0.0.1:7"));
}

#[test]
fn the_operating_system_cannot_ask_another_server() {
    let registry = ResolverRegistry::builtin().with(DnsResolverFactory::new().operating_system());
    let chosen = registry.choose("dns://9.9.9.9/greeter:1").unwrap();
    let error = chosen.build(&ResolverOptions::default()).err().unwrap().to_string();
    assert!(error.contains("names a DNS server") && error.contains("dns:///greeter:1"), "{error}");
}

#[tokio::test]
async fn what_the_operating_system_cannot_find_is_an_error_that_says_so() {
    let factory = DnsResolverFactory::new().operating_system().timeout(Duration::from_secs(2));
    let options = ResolverOptions::default().with_connector(true);
    let update = next(&mut *build("no-such-name.invalid:1", factory, &options)).await;
    let message = update.endpoints.unwrap_err().to_string();
    assert!(message.contains("\"no-such-name.invalid\""), "{message}");
    assert!(message.contains("by the operating system"), "{message}");
    assert!(message.contains("passthrough:///no-such-name.invalid"), "{message}");
}

/// Rejected updates are followed by pauses, whatever the interval.
#[tokio::test]
async fn a_rejection_is_followed_by_another_resolution() {
    let mut resolver = resolver("localhost:7", DnsResolverFactory::new());
    next(&mut *resolver).await;
    resolver.on_outcome(UpdateOutcome::Rejected);
    assert!(is_silent(&mut *resolver));
    pass(Duration::from_secs(1)).await;
    assert!(is_silent(&mut *resolver), "1.6 s, and a fifth less or more");
    pass(Duration::from_secs(1)).await;
    next(&mut *resolver).await;
    resolver.on_outcome(UpdateOutcome::Accepted);
    resolver.resolve_now();
    assert!(is_silent(&mut *resolver));
    pass(Duration::from_secs(29)).await;
    assert!(is_silent(&mut *resolver));
    pass(Duration::from_secs(2)).await;
    next(&mut *resolver).await;
}

/// Lets time pass without waiting, and then lets it flow as usual.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

const LONGEST: Duration = Duration::from_secs(20);

#[cfg(feature = "dns")]
mod with_server;
