//! Which factory serves a target, and the resolvers that look nothing up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::*;
use crate::address::Address;
use crate::lb::Endpoint;
use crate::status::{Code, Status};
use crate::target::SecurityHint;

fn poll(resolver: &mut dyn Resolver) -> Option<ResolverUpdate> {
    match resolver.poll_update(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(update) => Some(update),
        Poll::Pending => None,
    }
}

fn addresses(update: ResolverUpdate) -> Vec<Vec<String>> {
    let endpoints = update.endpoints.unwrap();
    let of_one =
        |endpoint: &Endpoint| endpoint.addresses().iter().map(Address::to_string).collect();
    endpoints.iter().map(of_one).collect()
}

fn server(address: &str) -> Endpoint {
    Endpoint::new(Address::Tcp(address.parse().unwrap()))
}

#[test]
fn addresses_in_the_target_are_given_once() {
    let registry = ResolverRegistry::builtin();
    for (text, authority, expected) in [
        ("ipv4:192.0.2.1:1,192.0.2.2", "192.0.2.1:1", &["192.0.2.1:1", "192.0.2.2:443"][..]),
        ("IPV6:[::1]:1,[::2]:2", "[::1]:1", &["[::1]:1", "[::2]:2"]),
        ("unix:/run/a.sock", "localhost", &["unix:/run/a.sock"]),
        ("unix-abstract:a", "localhost", &["unix-abstract:a"]),
        ("dns:///10.0.0.1:1", "10.0.0.1:1", &["10.0.0.1:1"]),
        ("dns://9.9.9.9/[::1]:1", "[::1]:1", &["[::1]:1"]),
        ("10.0.0.1", "10.0.0.1", &["10.0.0.1:443"]),
        ("http://10.0.0.1", "10.0.0.1", &["10.0.0.1:80"]),
        ("https://10.0.0.1:1/", "10.0.0.1:1", &["10.0.0.1:1"]),
        ("passthrough:///10.0.0.1:1", "10.0.0.1:1", &["10.0.0.1:1"]),
    ] {
        let chosen = registry.choose(text).unwrap();
        assert_eq!(chosen.authority(), authority);
        assert_eq!(chosen.uri().to_string(), text);
        let mut resolver = chosen.build(&ResolverOptions::default()).unwrap();
        let update = poll(&mut *resolver).unwrap();
        let each: Vec<Vec<String>> = expected.iter().map(|one| vec![(*one).to_owned()]).collect();
        assert_eq!(addresses(update), each, "{text}");
        resolver.resolve_now();
        resolver.on_outcome(UpdateOutcome::Rejected);
        assert!(poll(&mut *resolver).is_none());
    }
}

#[test]
fn what_is_passed_through_is_for_the_connector() {
    let options = ResolverOptions::default().with_connector(true);
    let chosen = ResolverRegistry::builtin().choose("passthrough:///buf net").unwrap();
    let update = poll(&mut *chosen.build(&options).unwrap()).unwrap();
    assert_eq!(addresses(update), [["buf net"]]);
    assert_eq!(chosen.authority(), "buf%20net");
    let error = chosen.build(&ResolverOptions::default()).err().unwrap().to_string();
    assert!(error.contains("there is no connector"), "{error}");
}

#[test]
fn an_unknown_scheme_is_part_of_a_name() {
    let chosen = |text| ResolverRegistry::builtin().choose(text).unwrap();
    for text in ["greeter:1", "greeter", "zoo:1", ":80"] {
        assert_eq!(
            (chosen(text).uri().scheme(), chosen(text).uri().to_string()),
            ("dns", text.to_owned())
        );
    }
    // It is found out to be no name when the resolver is made, which is when the channel is.
    let error = chosen("zoo:///a").build(&ResolverOptions::default()).err().unwrap().to_string();
    assert!(error.contains("the scheme \"zoo\""), "{error}");
    assert_eq!(chosen("http://greeter").security(), Some(SecurityHint::Plaintext));
    assert_eq!(chosen("https://greeter").security(), Some(SecurityHint::Tls));
    assert_eq!(chosen("greeter").security(), None);
    assert_eq!(chosen("https://greeter").authority(), "greeter");
    assert!(ResolverRegistry::builtin().choose("http://").is_err());
}

#[test]
fn a_registry_takes_more_and_replaces() {
    let (zoo, urls) = (ManualResolver::new("Zoo"), ManualResolver::new("http"));
    let registry = ResolverRegistry::builtin().with(zoo).with(urls);
    let all = ["dns", "http", "ipv4", "ipv6", "passthrough", "unix", "unix-abstract", "zoo"];
    assert_eq!(registry.schemes().collect::<Vec<_>>(), all);
    for (text, authority) in
        [("zoo:///a/b", "a%2Fb"), ("ZOO::1", "localhost:1"), ("zoo://x/a", "a")]
    {
        let chosen = registry.choose(text).unwrap();
        assert_eq!((chosen.uri().scheme(), chosen.authority()), ("zoo", authority.to_owned()));
    }
    assert_eq!(registry.choose("http://greeter").unwrap().uri().scheme(), "http");
    assert_eq!(registry.choose("http://greeter").unwrap().security(), None);
    assert_eq!(registry.choose("https://greeter").unwrap().uri().scheme(), "dns");

    let registry = registry.with_default_scheme("ZOO");
    assert_eq!(registry.choose("greeter").unwrap().uri().scheme(), "zoo");
    assert_eq!(registry.choose("greeter").unwrap().uri().endpoint(), "greeter");
    let error = registry.with_default_scheme("none").choose("greeter").unwrap_err().to_string();
    assert!(error.contains("\"none\""), "{error}");
}

#[test]
fn the_registry_of_the_process_grows() {
    let before = ResolverRegistry::process_wide();
    ResolverRegistry::register_process_wide(ManualResolver::new("only-in-this-test"));
    let text = "only-in-this-test:///a";
    assert_eq!(
        ResolverRegistry::default().choose(text).unwrap().uri().scheme(),
        "only-in-this-test"
    );
    assert_eq!(before.choose(text).unwrap().uri().scheme(), "dns");
}

#[test]
fn what_is_pushed_reaches_every_channel_now_and_later() {
    #[derive(Default)]
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let manual = ManualResolver::new("manual");
    let registry = ResolverRegistry::builtin().with(manual.clone());
    let build = || registry.choose("manual:x").unwrap().build(&ResolverOptions::default()).unwrap();
    let (mut one, mut two) = (build(), build());
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    for resolver in [&mut one, &mut two] {
        assert!(resolver.poll_update(&mut Context::from_waker(&waker)).is_pending());
    }
    manual.set_endpoints([server("10.0.0.1:1")]);
    assert_eq!(count.0.load(Ordering::Relaxed), 2);
    manual.set_endpoints([server("10.0.0.2:1")]);
    for resolver in [&mut one, &mut two, &mut build()] {
        assert_eq!(addresses(poll(&mut **resolver).unwrap()), [["10.0.0.2:1"]], "only the latest");
        assert!(poll(&mut **resolver).is_none());
    }
    drop(two);
    manual.set_error(Status::unavailable("the registry is down"));
    let error = poll(&mut *one).unwrap().endpoints.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "the registry is down"));
    assert_eq!(manual.last_outcome(), None);
    one.on_outcome(UpdateOutcome::Rejected);
    assert_eq!(manual.last_outcome(), Some(UpdateOutcome::Rejected));
}

#[tokio::test]
async fn a_program_hears_what_became_of_what_it_pushed() {
    let manual = ManualResolver::new("manual");
    let uri: TargetUri = "manual:x".parse().unwrap();
    let mut resolver = manual.build(&uri, &ResolverOptions::default()).unwrap();
    for outcome in [UpdateOutcome::Accepted, UpdateOutcome::Rejected, UpdateOutcome::Accepted] {
        manual.set_endpoints([server("10.0.0.1:1")]);
        let taking = async {
            assert!(poll(&mut *resolver).is_some());
            resolver.on_outcome(outcome);
        };
        // Of the push before it is told nothing.
        assert_eq!(tokio::join!(biased; manual.next_outcome(), taking).0, outcome);
    }
}

#[tokio::test]
async fn a_program_hears_of_requests_to_resolve() {
    let manual = ManualResolver::new("manual");
    let uri: TargetUri = "manual:x".parse().unwrap();
    let mut resolver = manual.build(&uri, &ResolverOptions::default()).unwrap();
    assert_eq!(manual.resolve_now_requests(), 0);
    let listener = manual.clone();
    let heard = tokio::join!(listener.next_resolve_now(0), async { resolver.resolve_now() }).0;
    assert_eq!(heard, 1);
    let in_vain = tokio::time::timeout_at(
        tokio::time::Instant::from_std(crate::rt::now() + Duration::from_millis(1)),
        manual.next_resolve_now(1),
    );
    assert!(in_vain.await.is_err());
}

#[test]
fn what_is_promised_to_implementors_compiles() {
    fn object(_: &dyn ResolverFactory, _: &dyn Resolver) {}
    fn shared<T: Send + Sync + Clone + 'static>() {}
    let _ = object;
    shared::<ResolverRegistry>();
    shared::<ManualResolver>();
    shared::<ResolverUpdate>();
    shared::<DnsResolverFactory>();
}
