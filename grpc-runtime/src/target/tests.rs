//! What each form means, what is refused and why, and that no text does harm.

use http::uri::Authority;
use proptest::prelude::*;

use super::*;

fn target(text: &str) -> Target {
    Target::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn dns(host: &str, port: u16) -> Endpoint {
    Endpoint::Dns { host: host.to_owned(), port, server: None }
}

fn tcp(addresses: &[&str]) -> Endpoint {
    Endpoint::Addresses(addresses.iter().map(|a| Address::Tcp(a.parse().unwrap())).collect())
}

fn unix(path: &str) -> Endpoint {
    Endpoint::Addresses(vec![Address::Unix(path.into())])
}

fn abstract_name(name: &[u8]) -> Endpoint {
    Endpoint::Addresses(vec![Address::UnixAbstract(name.to_vec())])
}

#[test]
fn forms_and_their_meaning() {
    for (text, endpoint, authority) in [
        // Names.
        ("greeter", dns("greeter", 443), "greeter"),
        ("greeter.prod:50051", dns("greeter.prod", 50051), "greeter.prod:50051"),
        ("Non-Existent.Server:8080", dns("Non-Existent.Server", 8080), "Non-Existent.Server:8080"),
        ("my_service:1", dns("my_service", 1), "my_service:1"),
        ("rooted.example.:1", dns("rooted.example.", 1), "rooted.example.:1"),
        (":80", dns("localhost", 80), "localhost:80"),
        ("dns:greeter:1", dns("greeter", 1), "greeter:1"),
        ("dns:/greeter:1", dns("greeter", 1), "greeter:1"),
        ("dns:///greeter", dns("greeter", 443), "greeter"),
        ("DNS:///greeter:1", dns("greeter", 1), "greeter:1"),
        ("http:80", dns("http", 80), "http:80"),
        // IP addresses need no lookup.
        ("127.0.0.1:50051", tcp(&["127.0.0.1:50051"]), "127.0.0.1:50051"),
        ("dns:///10.0.0.1", tcp(&["10.0.0.1:443"]), "10.0.0.1"),
        ("::1", tcp(&["[::1]:443"]), "[::1]"),
        ("[::1]", tcp(&["[::1]:443"]), "[::1]"),
        ("[2001:db8::1]:50051", tcp(&["[2001:db8::1]:50051"]), "[2001:db8::1]:50051"),
        ("[fe80::1%3]:1", tcp(&["[fe80::1%3]:1"]), "[fe80::1]:1"),
        ("dns:///[fe80::1%253]:1", tcp(&["[fe80::1%3]:1"]), "[fe80::1]:1"),
        ("[fe80::1%eth0]:1", dns("fe80::1%eth0", 1), "[fe80::1]:1"),
        ("[fe80::1%25eth0]:1", dns("fe80::1%eth0", 1), "[fe80::1]:1"),
        ("ipv4:192.0.2.1", tcp(&["192.0.2.1:443"]), "192.0.2.1"),
        ("ipv4:192.0.2.1:1,192.0.2.2", tcp(&["192.0.2.1:1", "192.0.2.2:443"]), "192.0.2.1:1"),
        ("ipv4:///192.0.2.1:1", tcp(&["192.0.2.1:1"]), "192.0.2.1:1"),
        ("ipv6:[::1]:1,::2,[::3]", tcp(&["[::1]:1", "[::2]:443", "[::3]:443"]), "[::1]:1"),
        ("ipv6:::1", tcp(&["[::1]:443"]), "[::1]"),
        // Sockets of this machine.
        ("unix:a/b.sock", unix("a/b.sock"), "localhost"),
        ("unix:/run/a.sock", unix("/run/a.sock"), "localhost"),
        ("unix:///run/a.sock", unix("/run/a.sock"), "localhost"),
        ("unix:/a%20b", unix("/a b"), "localhost"),
        ("unix:/100%", unix("/100%"), "localhost"),
        ("unix-abstract:greeter", abstract_name(b"greeter"), "localhost"),
        ("unix-abstract:a b/:c%00%ff", abstract_name(b"a b/:c\0\xff"), "localhost"),
        // Text for the connector.
        ("passthrough:x", Endpoint::Passthrough("x".to_owned()), "x"),
        ("passthrough:///x:1", Endpoint::Passthrough("x:1".to_owned()), "x:1"),
        ("passthrough://ignored/x", Endpoint::Passthrough("x".to_owned()), "x"),
        ("passthrough:///:1", Endpoint::Passthrough(":1".to_owned()), "localhost:1"),
        (
            "passthrough:///projects/123/x",
            Endpoint::Passthrough("projects/123/x".to_owned()),
            "projects%2F123%2Fx",
        ),
        (
            "passthrough:///unix:///tmp/sock.sock",
            Endpoint::Passthrough("unix:///tmp/sock.sock".to_owned()),
            "unix:%2F%2F%2Ftmp%2Fsock.sock",
        ),
    ] {
        let target = target(text);
        assert_eq!(target.endpoint(), &endpoint, "{text}");
        assert_eq!(target.authority(), authority, "{text}");
        assert_eq!((target.security(), target.to_string()), (None, text.to_owned()));
    }
}

/// The facts of grpc-go's TestCustomAuthority.
#[test]
fn a_target_can_name_its_dns_server() {
    for (text, host, port) in [
        ("4.3.2.1:53", "4.3.2.1", 53),
        ("4.3.2.1:123", "4.3.2.1", 123),
        ("4.3.2.1", "4.3.2.1", 53),
        ("[::1]", "::1", 53),
        ("[::1]:123", "::1", 123),
        ("dnsserver.com", "dnsserver.com", 53),
        (":123", "localhost", 123),
    ] {
        let target = target(&format!("dns://{text}/greeter:1"));
        let server = Some(DnsServer { host: host.to_owned(), port });
        let endpoint = Endpoint::Dns { host: "greeter".to_owned(), port: 1, server };
        assert_eq!((target.endpoint(), target.authority()), (&endpoint, "greeter:1"), "{text}");
    }
    assert_eq!(target("dns://4.3.2.1/10.0.0.1:1").endpoint(), &tcp(&["10.0.0.1:1"]));
}

#[test]
fn a_target_by_its_parts() {
    for (text, scheme, authority, path, endpoint) in [
        ("Zoo://zk:1/a/b", "zoo", "zk:1", "/a/b", "a/b"),
        ("zoo:///a%20b", "zoo", "", "/a%20b", "a b"),
        ("zoo:a%ff", "zoo", "", "a%ff", "a%ff"),
        ("zoo://only", "zoo", "only", "", ""),
        ("zoo:", "zoo", "", "", ""),
    ] {
        let uri: TargetUri = text.parse().unwrap();
        let parts = (uri.scheme(), uri.authority(), uri.path(), uri.to_string());
        assert_eq!(parts, (scheme, authority, path, text.to_owned()));
        assert_eq!(uri.endpoint(), endpoint);
    }
    assert!("greeter".parse::<TargetUri>().unwrap_err().to_string().contains("no scheme"));
    let chosen = |text| TargetUri::choose(text, "dns", |scheme| scheme == "zoo").unwrap();
    assert_eq!(chosen("zoo:a").scheme(), "zoo");
    assert_eq!(chosen("unix:/a").scheme(), "dns");
    assert_eq!(chosen("unix:/a").endpoint(), "unix:/a");
    assert_eq!(chosen("unix:/a").default_authority(), "unix:%2Fa");
    assert_eq!(chosen("https://greeter").endpoint(), "greeter:443");
    let error = chosen("zoo:a").invalid("\"a\" is taken", "zoo:b").to_string();
    assert!(error.contains("\"zoo:a\"") && error.contains("\"a\" is taken"), "{error}");
}

#[test]
fn urls_have_a_say_on_security() {
    use SecurityHint::{Plaintext, Tls};
    for (text, endpoint, security, authority) in [
        ("http://localhost:50051", dns("localhost", 50051), Plaintext, "localhost:50051"),
        ("http://greeter", dns("greeter", 80), Plaintext, "greeter"),
        ("http://greeter/", dns("greeter", 80), Plaintext, "greeter"),
        ("http://127.0.0.1:1", tcp(&["127.0.0.1:1"]), Plaintext, "127.0.0.1:1"),
        ("https://greeter", dns("greeter", 443), Tls, "greeter"),
        ("HTTPS://[::1]:1/", tcp(&["[::1]:1"]), Tls, "[::1]:1"),
    ] {
        let target = target(text);
        assert_eq!((target.endpoint(), target.security()), (&endpoint, Some(security)), "{text}");
        assert_eq!(target.authority(), authority);
    }
}

#[test]
fn what_is_refused_says_why_and_what_to_write() {
    for (text, reason, instead) in [
        ("", "it is empty", "dns:///"),
        ("dns:", "names no host", "dns:///"),
        ("dns:///", "names no host", "dns:///"),
        ("dns://greeter:50051", "three slashes", "dns:///"),
        ("dns://9.9.9.9:x/greeter:1", "\"9.9.9.9:x\" after two slashes", "dns:///"),
        ("dns://:/greeter:1", "no port follows", "dns:///"),
        ("dns://[::1]:/greeter:1", "no port follows", "dns:///"),
        ("dns://dnsserver.com:/greeter:1", "no port follows", "dns:///"),
        ("dns:///a/b", "has '/'", "dns:///"),
        ("dns:///greeter?x=1", "has '?'", "dns:///"),
        ("a/b", "has '/'", "dns:///"),
        ("gr\u{e9}eter:1", "xn--", "dns:///"),
        ("greeter:", "no port follows", "dns:///"),
        ("greeter:http", "port \"http\"", "dns:///"),
        ("greeter:0", "port \"0\"", "dns:///"),
        ("greeter:65536", "port \"65536\"", "dns:///"),
        ("greeter:+1", "port \"+1\"", "dns:///"),
        ("1:2:3", "brackets", "dns:///"),
        ("192.0.2.1:1,192.0.2.2:1", "written as `ipv4:", "dns:///"),
        ("greeter,other", "has a comma", "dns:///"),
        ("[::1", "no closing bracket", "dns:///"),
        ("[::1]x", "\"x\" after the bracket", "dns:///"),
        ("[::1]:", "no port follows", "dns:///"),
        ("[greeter]:1", "not an IPv6 address", "dns:///"),
        ("[::1%]:1", "not an IPv6 address", "dns:///"),
        ("vsock:1:2", "scheme \"vsock\"", "dns:///"),
        ("xds:///greeter", "scheme \"xds\"", "dns:///"),
        ("nonexist:///non.existent", "scheme \"nonexist\"", "dns:///"),
        ("http://", "names no host", "http://"),
        ("http://:80", "names no host", "http://"),
        ("http://greeter/api", "\"/api\" follows the host", "http://"),
        ("https://greeter?x", "\"?x\" follows the host", "https://"),
        ("https://greeter#x", "\"#x\" follows the host", "https://"),
        ("https://u:secret@greeter", "user name or password", "https://"),
        ("https://a b", "has ' '", "https://"),
        ("ipv4:", "empty place", "ipv4:"),
        ("ipv4:192.0.2.1,", "empty place", "ipv4:"),
        ("ipv4:greeter:1", "not an address for ipv4", "ipv4:"),
        ("ipv4:[::1]:1", "not an address for ipv4", "ipv4:"),
        ("ipv4://x/192.0.2.1", "\"x\" after two slashes", "ipv4:"),
        ("ipv6:192.0.2.1", "not an address for ipv6", "ipv6:"),
        ("unix:", "names no socket", "unix:"),
        ("unix://a/b", "\"a\" after two slashes", "unix:///"),
        ("unix:a%00b", "NUL", "unix:"),
        ("unix:a%ff", "UTF-8", "unix:"),
        ("unix-abstract:", "names no socket", "unix-abstract:"),
        ("unix-abstract://x/y", "\"x\" after two slashes", "unix-abstract:"),
        ("passthrough:", "nothing is left", "passthrough:"),
        ("passthrough://x", "nothing is left", "passthrough:"),
    ] {
        let error = Target::parse(text).unwrap_err().to_string();
        let (message, example) = error.split_once("; write for example ").expect("an example");
        assert!(message.contains(reason), "{text}: {error}");
        assert!(example.contains(instead), "{text}: {error}");
        assert!(!error.contains("secret"), "{error}");
        // What is offered works.
        target(example.trim_matches('"'));
    }
    let long = Target::parse(&"x".repeat(300)).unwrap_err().to_string();
    assert!(long.contains("300 characters"), "{long}");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text: String) {
        check(&text)?;
    }

    #[test]
    fn text_that_looks_like_a_target_is_read_or_refused(
        scheme in "(dns|ipv4|ipv6|unix|unix-abstract|passthrough|https?|x)?:?/{0,3}",
        rest in "[a-c0-9.:%/,@?#_\\-\\[\\] é]{0,20}",
    ) {
        check(&format!("{scheme}{rest}"))?;
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    match Target::parse(text) {
        Err(error) => prop_assert!(!error.to_string().is_empty()),
        Ok(target) => {
            prop_assert_eq!(target.to_string(), text);
            match target.endpoint() {
                Endpoint::Passthrough(text) => prop_assert!(!text.is_empty()),
                Endpoint::Addresses(addresses) => prop_assert!(!addresses.is_empty()),
                Endpoint::Dns { port, .. } => prop_assert!(*port != 0),
            }
            if !matches!(target.endpoint(), Endpoint::Passthrough(_)) {
                let authority = target.authority().parse::<Authority>();
                prop_assert!(authority.is_ok(), "{:?}", target);
            }
        }
    }
    Ok(())
}
