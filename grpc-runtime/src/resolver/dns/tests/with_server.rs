//! What a DNS server says, and what becomes of it.

use super::server::{A, AAAA, NAME_ERROR, REFUSED, Reply, SERVER_FAILURE, Server, TXT};
use super::*;
use crate::resolver::ServiceConfigUpdate;
use crate::status::{Code, Origin};

/// Asks the server for `greeter.test`, at once whenever it is told to.
fn greeter(server: &Server) -> Box<dyn Resolver> {
    resolver(&target(server), eager())
}

fn target(server: &Server) -> String {
    format!("dns://{}/greeter.test.:1", server.address)
}

fn eager() -> DnsResolverFactory {
    DnsResolverFactory::new().minimum_interval(Duration::ZERO).service_config(true)
}

async fn again(resolver: &mut dyn Resolver) -> ResolverUpdate {
    resolver.on_outcome(UpdateOutcome::Accepted);
    assert!(is_silent(resolver), "no news without being asked");
    resolver.resolve_now();
    next(resolver).await
}

#[tokio::test]
async fn records_are_servers_and_changes_are_followed() {
    let server = Server::start().await;
    server.host("greeter.test", &["10.0.0.1", "10.0.0.2", "10.0.0.1"], &["2001:db8::1"]);
    let mut resolver = greeter(&server);
    let update = next(&mut *resolver).await;
    assert_eq!(found(&update), ["10.0.0.1:1", "10.0.0.2:1", "[2001:db8::1]:1"]);
    assert_eq!(update.note, None);
    assert!(matches!(update.service_config, ServiceConfigUpdate::None));

    // The records say an hour, which does not matter to who asks because a server is gone.
    server.host("greeter.test", &["10.0.0.2", "10.0.0.3"], &[]);
    assert_eq!(found(&again(&mut *resolver).await), ["10.0.0.2:1", "10.0.0.3:1"]);
    assert_eq!((server.asked(A), server.asked(AAAA)), (2, 2));
}

#[tokio::test]
async fn a_name_without_addresses_is_news_and_not_an_error() {
    let server = Server::start().await;
    let mut resolver = greeter(&server);
    let mut update = next(&mut *resolver).await;
    for reply in [Reply::Code(NAME_ERROR), Reply::Records(Vec::new())] {
        assert!(found(&update).is_empty());
        let note = update.note.unwrap();
        assert!(note.contains("\"greeter.test.\""), "{note}");
        assert!(note.contains(&server.address.to_string()), "{note}");
        server.say("greeter.test", A, reply.clone());
        server.say("greeter.test", AAAA, reply);
        update = again(&mut *resolver).await;
    }
}

#[tokio::test]
async fn a_server_that_cannot_answer_is_an_error() {
    for reply in [Reply::Code(SERVER_FAILURE), Reply::Code(REFUSED), Reply::Garbage, Reply::Silence]
    {
        let server = Server::start().await;
        server.say("greeter.test", A, Reply::Records(Vec::new()));
        server.say("greeter.test", AAAA, reply.clone());
        let mut resolver = resolver(&target(&server), eager().timeout(Duration::from_millis(500)));
        let status = next(&mut *resolver).await.endpoints.unwrap_err();
        assert_eq!((status.code(), status.origin()), (Code::Unavailable, Origin::Transport));
        let message = status.message();
        assert!(message.contains("\"greeter.test.\""), "{message}");
        assert!(message.contains(&server.address.to_string()), "{message}");
        // It is tried again after a pause, asked or not.
        resolver.resolve_now();
        assert!(is_silent(&mut *resolver));
        server.host("greeter.test", &["10.0.0.1"], &[]);
        pass(Duration::from_secs(2)).await;
        assert_eq!(found(&next(&mut *resolver).await), ["10.0.0.1:1"], "{reply:?}");
    }
}

#[tokio::test]
async fn one_family_is_enough() {
    let server = Server::start().await;
    server.host("greeter.test", &["10.0.0.1"], &[]);
    server.say("greeter.test", AAAA, Reply::Code(SERVER_FAILURE));
    assert_eq!(found(&next(&mut *greeter(&server)).await), ["10.0.0.1:1"]);
}

#[tokio::test]
async fn what_does_not_fit_comes_over_tcp() {
    let server = Server::start().await;
    server.host("greeter.test", &[], &[]);
    let many = (0..100).map(|last| vec![10, 0, 0, last]).collect();
    server.say("greeter.test", A, Reply::Truncated(many));
    assert_eq!(found(&next(&mut *greeter(&server)).await).len(), 100);
}

#[tokio::test]
async fn the_server_may_be_a_name() {
    let server = Server::start().await;
    server.host("greeter.test", &["10.0.0.1"], &[]);
    let port = server.address.port();
    let target = format!("dns://localhost:{port}/greeter.test.:1");
    assert_eq!(found(&next(&mut *resolver(&target, eager())).await), ["10.0.0.1:1"]);

    let factory = eager().timeout(Duration::from_secs(2));
    let update = next(&mut *resolver("dns://no-such-name.invalid/greeter.test.", factory)).await;
    let message = update.endpoints.unwrap_err().to_string();
    assert!(message.contains("the DNS server no-such-name.invalid:53"), "{message}");
}

#[tokio::test]
async fn localhost_is_never_asked_for() {
    let server = Server::start().await;
    let target = format!("dns://{}/localhost:1", server.address);
    let update = next(&mut *resolver(&target, eager())).await;
    assert!(found(&update).contains(&"127.0.0.1:1".to_owned()));
    assert_eq!(server.asked(A) + server.asked(AAAA) + server.asked(TXT), 0);
}

#[tokio::test]
async fn a_service_config_comes_with_the_addresses() {
    let server = Server::start().await;
    server.host("greeter.test", &["10.0.0.1"], &[]);
    server.text(CONFIG, &["grpc_config=[{\"service", "Config\":{\"a\":1}}]"]);
    let mut resolver = greeter(&server);
    let config = |update: ResolverUpdate| {
        assert_eq!(found(&update), ["10.0.0.1:1"], "whatever becomes of the text");
        update.service_config
    };
    let first = config(next(&mut *resolver).await);
    assert!(matches!(first, ServiceConfigUpdate::Json(json) if json == r#"{"a":1}"#));

    server.text(CONFIG, &["grpc_config=[{\"clientLanguage\":[\"go\"],\"serviceConfig\":{}}]"]);
    assert!(matches!(config(again(&mut *resolver).await), ServiceConfigUpdate::None));

    server.text(CONFIG, &["grpc_config=[{}]"]);
    let invalid = config(again(&mut *resolver).await);
    assert!(
        matches!(invalid, ServiceConfigUpdate::Invalid(why) if why.message().contains("choice 0"))
    );

    server.text(CONFIG, &["grpc_config=[{\"serviceConfig\":{\"a\":2}}]"]);
    assert!(matches!(config(again(&mut *resolver).await), ServiceConfigUpdate::Json(_)));
    server.say(CONFIG, TXT, Reply::Code(SERVER_FAILURE));
    let kept = config(again(&mut *resolver).await);
    assert!(matches!(kept, ServiceConfigUpdate::Json(json) if json == r#"{"a":2}"#));
    server.text(CONFIG, &["something else"]);
    assert!(matches!(config(again(&mut *resolver).await), ServiceConfigUpdate::None));
}

#[tokio::test]
async fn a_lot_is_drawn_once() {
    let server = Server::start().await;
    server.host("greeter.test", &["10.0.0.1"], &[]);
    server.text(CONFIG, &["grpc_config=[{\"percentage\":50,\"serviceConfig\":{}}]"]);
    let mut resolver = greeter(&server);
    let is_chosen =
        |update: ResolverUpdate| matches!(update.service_config, ServiceConfigUpdate::Json(_));
    let first = is_chosen(next(&mut *resolver).await);
    for _ in 0..20 {
        assert_eq!(is_chosen(again(&mut *resolver).await), first);
    }
}

#[tokio::test]
async fn a_service_config_does_not_hold_up_addresses_for_long() {
    let server = Server::start().await;
    server.host("greeter.test", &["10.0.0.1"], &[]);
    server.say(CONFIG, TXT, Reply::Silence);
    let mut resolver = resolver(&target(&server), eager().timeout(Duration::from_millis(300)));
    assert_eq!(found(&next(&mut *resolver).await), ["10.0.0.1:1"]);
}

#[tokio::test]
async fn nobody_asks_for_service_configs_that_are_not_wanted() {
    let server = Server::start().await;
    server.host("greeter.test", &["10.0.0.1"], &[]);
    let unwanted = ResolverOptions::default().with_service_config(false);
    for mut resolver in [
        resolver(&target(&server), eager().service_config(false)),
        build(&target(&server), eager(), &unwanted),
    ] {
        assert_eq!(found(&next(&mut *resolver).await), ["10.0.0.1:1"]);
    }
    assert_eq!(server.asked(TXT), 0);
}

#[tokio::test]
async fn requests_are_held_to_the_interval() {
    let server = Server::start().await;
    server.host("greeter.test", &["10.0.0.1"], &[]);
    let mut resolver =
        resolver(&target(&server), eager().minimum_interval(Duration::from_secs(30)));
    next(&mut *resolver).await;
    resolver.on_outcome(UpdateOutcome::Accepted);
    for _ in 0..10 {
        resolver.resolve_now();
        assert!(is_silent(&mut *resolver));
    }
    pass(Duration::from_secs(31)).await;
    next(&mut *resolver).await;
    assert_eq!(server.asked(A), 2);
    assert!(is_silent(&mut *resolver));
}

#[tokio::test]
async fn dropping_a_resolver_ends_its_lookup() {
    let server = Server::start().await;
    server.say("greeter.test", A, Reply::Silence);
    let mut resolver = greeter(&server);
    assert!(is_silent(&mut *resolver));
    drop(resolver);
}

const CONFIG: &str = "_grpc_config.greeter.test";
