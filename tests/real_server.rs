//! The four kinds of call against a real server of another make: over TCP, TLS and a Unix socket, many at
//! once, with messages large, small and empty.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use futures_util::future::try_join_all;
use futures_util::stream;
use grpc_runtime::{Channel, ClientTls, Code, Delivery, Origin, Status, outbound};
use tests::certificates::Certificates;
use tests::client::{GreeterClient, all, hello, hellos, plaintext, said};
use tests::server::{Behaviour, ClientCertificate, Server};
use tests::within;

/// One call of each kind.
async fn all_four(greeter: &GreeterClient) {
    assert_eq!(said(greeter.say_hello(hello("Ada"))).await.unwrap(), "Hello, Ada!");

    let replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    assert_eq!(all(replies).await.unwrap(), ["Hello, Ada!", "Bonjour, Ada!", "Hallo, Ada!"]);

    let reply = said(greeter.collect_hellos(hellos(["Ada", "Bob"]))).await;
    assert_eq!(reply.unwrap(), "Hello, Ada, Bob!");

    let (requests, outgoing) = outbound(1);
    let mut replies = greeter.chat_hellos(outgoing).await.unwrap();
    for name in ["Ada", "Bob", "Eve"] {
        requests.send(hello(name)).await.unwrap();
        let reply = within("a reply", replies.message()).await.unwrap().unwrap();
        assert_eq!(reply.message, format!("Hello, {name}!"));
    }
    requests.finish();
    assert!(within("the end", replies.message()).await.unwrap().is_none());
}

#[tokio::test]
async fn four_kinds_over_tcp() {
    let mut server = Server::start();
    let target = server.target();
    assert!(target.starts_with("http://"));
    // The scheme asks for plaintext by itself.
    let greeter = GreeterClient::new(Channel::builder(&*target).build().unwrap());
    all_four(&greeter).await;

    let call = server.started().await;
    assert_eq!(call.path, "/helloworld.Greeter/SayHello");
    assert_eq!(call.scheme.as_deref(), Some("http"));
    assert_eq!(call.authority.as_deref(), Some(&*server.address().to_string()));
    assert_eq!(call.header("te"), Some("trailers"));
    assert!(call.header("content-type").unwrap().starts_with("application/grpc"));
    assert!(call.header("user-agent").unwrap().starts_with("grpc-"));
    assert_eq!(call.timeout(), None);
    assert_eq!(call.header("grpc-encoding"), None);
    let connections = server.events().into_iter();
    let again = connections.filter(|event| matches!(event, tests::server::Event::Connected));
    assert_eq!(again.count(), 0, "four calls share one connection");
}

#[cfg(unix)]
#[tokio::test]
async fn four_kinds_over_a_unix_socket() {
    let server = Server::start_unix();
    all_four(&plaintext(server.target())).await;
}

#[tokio::test]
async fn four_kinds_over_tls() {
    let certificates = Certificates::new(&[]);
    let mut server = Server::start_tls(&certificates, ClientCertificate::NotAsked);
    let target = server.target();
    assert!(target.starts_with("https://"));
    let tls = ClientTls::new().ca_pem(&certificates.authority);
    let channel = Channel::builder(target).tls(tls).build().unwrap();
    all_four(&GreeterClient::new(channel)).await;
    assert_eq!(server.started().await.scheme.as_deref(), Some("https"));
}

#[tokio::test]
async fn four_kinds_over_mutual_tls() {
    let certificates = Certificates::new(&[]);
    let server = Server::start_tls(&certificates, ClientCertificate::Required);
    let target = format!("dns:///localhost:{}", server.address().port());
    let trusting = ClientTls::new().ca_pem(&certificates.authority);
    let known =
        trusting.clone().identity_pem(&certificates.client.certificate, &certificates.client.key);
    let channel = Channel::builder(&*target).tls(known).build().unwrap();
    all_four(&GreeterClient::new(channel)).await;

    let anonymous = Channel::builder(target).tls(trusting).build().unwrap();
    let status = said(GreeterClient::new(anonymous).say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.to_string().to_lowercase().contains("certificate"), "{status}");
}

#[tokio::test]
async fn a_wrong_authority_is_explained() {
    let server = Server::start_tls(&Certificates::new(&[]), ClientCertificate::NotAsked);
    let tls = ClientTls::new().ca_pem(Certificates::new(&[]).authority);
    let channel = Channel::builder(server.target()).tls(tls).build().unwrap();
    let status = said(GreeterClient::new(channel).say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!((status.origin(), status.delivery()), (Origin::Transport, Delivery::NotSent));
    let text = status.to_string();
    assert!(text.contains("certificate"), "{text}");
    assert!(text.contains(&server.address().port().to_string()), "{text}");
}

#[tokio::test]
async fn a_call_names_the_server_as_its_certificate_does_or_is_not_sent() {
    let certificates = Certificates::new(&["greeter.test"]);
    let mut server = Server::start_tls(&certificates, ClientCertificate::NotAsked);
    let tls = ClientTls::new().ca_pem(&certificates.authority);
    let channel = Channel::builder(server.target()).tls(tls).build().unwrap();
    let greeter = GreeterClient::new(channel);
    let own = format!("localhost:{}", server.address().port());
    for authority in ["greeter.test", "greeter.test:443", "127.0.0.1:80", "[::1]", &*own] {
        let call = greeter.say_hello(hello("Ada")).authority(authority).unwrap();
        assert_eq!(said(call).await.unwrap(), "Hello, Ada!");
        assert_eq!(server.started().await.authority.as_deref(), Some(authority));
    }
    for authority in ["other.test", "192.0.2.1:443", "under_score"] {
        let call = greeter.say_hello(hello("Ada")).authority(authority).unwrap();
        let status = said(call).await.unwrap_err();
        assert_eq!((status.code(), status.delivery()), (Code::Unavailable, Delivery::NotSent));
        assert!(status.to_string().contains(authority), "{status}");
    }
    assert_eq!(said(greeter.say_hello(hello("Ada"))).await.unwrap(), "Hello, Ada!");
    assert_eq!(server.started().await.authority, Some(own));
}

#[tokio::test]
async fn without_tls_a_call_may_name_the_server_as_it_likes() {
    let mut server = Server::start();
    let greeter = plaintext(server.target());
    let call = greeter.say_hello(hello("Ada")).authority("other.test").unwrap();
    let call = call.content_subtype("PROTO").unwrap();
    assert_eq!(said(call).await.unwrap(), "Hello, Ada!");
    let head = server.started().await;
    assert_eq!(head.authority.as_deref(), Some("other.test"));
    assert_eq!(head.header("content-type"), Some("application/grpc+proto"));

    for authority in ["", "a b", "http://a"] {
        let refused = greeter.say_hello(hello("Ada")).authority(authority).unwrap_err();
        let status = Status::from(refused);
        assert_eq!((status.code(), status.delivery()), (Code::Internal, Delivery::NotSent));
    }
    for subtype in ["", "a b", "json; charset=utf-8", "a\nb"] {
        let refused = greeter.say_hello(hello("Ada")).content_subtype(subtype).unwrap_err();
        assert!(refused.to_string().contains("content-subtype"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_calls_share_a_channel_on_many_threads() {
    let server = Server::start();
    let greeter = plaintext(server.target());
    let calls = (0..200).map(|number| {
        let greeter = greeter.clone();
        tokio::spawn(async move {
            let name = number.to_string();
            match number % 4 {
                0 => said(greeter.say_hello(hello(&name))).await,
                1 => {
                    all(greeter.list_hellos(hello(&name)).await?).await.map(|mut all| all.remove(0))
                }
                2 => said(greeter.collect_hellos(stream::iter([hello(&name)]))).await,
                _ => {
                    let requests = stream::iter([hello(&name)]);
                    all(greeter.chat_hellos(requests).await?).await.map(|mut all| all.remove(0))
                }
            }
        })
    });
    let replies = within("200 calls", try_join_all(calls)).await.unwrap();
    for (number, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply.unwrap(), format!("Hello, {number}!"));
    }
}

#[tokio::test]
async fn messages_of_every_size() {
    let server = Server::start();
    let greeter = plaintext(server.target());
    assert_eq!(said(greeter.say_hello(hello(""))).await.unwrap(), "Hello, stranger!");
    for bytes in [1 << 20, 3 << 20] {
        let name = "n".repeat(bytes);
        let reply = said(greeter.say_hello(hello(&name))).await.unwrap();
        assert_eq!(reply.len(), "Hello, !".len() + bytes);
        let requests = stream::iter([hello(&name), hello("Bob")]);
        let reply = said(greeter.collect_hellos(requests)).await.unwrap();
        assert_eq!(reply.len(), "Hello, , Bob!".len() + bytes);
    }
}

#[tokio::test]
async fn ten_thousand_messages_down_and_up() {
    const COUNT: usize = 10_000;
    let server = Server::start();
    server.behave(Behaviour::new().replies(COUNT));
    let greeter = plaintext(server.target());
    let replies = greeter.list_hellos(hello("Ada")).await.unwrap();
    assert_eq!(all(replies).await.unwrap().len(), COUNT);

    let requests = stream::iter((0..COUNT).map(|number| hello(&number.to_string())));
    let reply = said(greeter.collect_hellos(requests)).await.unwrap();
    assert_eq!(reply.split(", ").count(), 1 + COUNT);
    assert!(reply.ends_with(", 9999!"));

    let requests = stream::iter((0..COUNT).map(|number| hello(&number.to_string())));
    let replies = all(greeter.chat_hellos(requests).await.unwrap()).await.unwrap();
    assert_eq!(replies.len(), COUNT);
    assert_eq!(replies[COUNT - 1], "Hello, 9999!");
}

#[tokio::test]
async fn messages_over_a_limit_end_only_their_call() {
    let server = Server::start();
    server.behave(Behaviour::new().reply_bytes((4 << 20) + 1));
    let greeter = plaintext(server.target());

    let status = said(greeter.say_hello(hello("Ada"))).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("max_response_bytes"), "{status}");
    let larger = greeter.say_hello(hello("Ada")).max_response_bytes(5 << 20);
    assert!(said(larger).await.unwrap().len() > 4 << 20);

    server.behave(Behaviour::new());
    let refused = |status: Status| {
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status.delivery(), Delivery::NotSent);
        assert!(status.message().contains("max_request_bytes"), "{status}");
    };
    refused(said(greeter.say_hello(hello("Ada")).max_request_bytes(4)).await.unwrap_err());
    let requests = hellos(["", "Ada"]);
    let status = said(greeter.collect_hellos(requests).max_request_bytes(4)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(said(greeter.say_hello(hello("Ada"))).await.unwrap(), "Hello, Ada!");
}
