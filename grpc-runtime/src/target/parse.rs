//! One function a scheme.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::address::Address;
use crate::target::error::{InvalidTarget, Mistake};
use crate::target::host::HostPort;
use crate::target::{Endpoint, SecurityHint, Target};

pub(super) fn parse(text: &str) -> Result<Target, InvalidTarget> {
    let parsed = match split_scheme(text) {
        Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
            "dns" => dns(rest).map_err(|mistake| (mistake, DNS_EXAMPLE)),
            "ipv4" => addresses("ipv4", rest).map_err(|mistake| (mistake, "ipv4:192.0.2.1:50051")),
            "ipv6" => {
                addresses("ipv6", rest).map_err(|mistake| (mistake, "ipv6:[2001:db8::1]:50051"))
            }
            "unix" => unix(rest).map_err(|mistake| (mistake, "unix:///run/greeter.sock")),
            "unix-abstract" => {
                unix_abstract(rest).map_err(|mistake| (mistake, "unix-abstract:greeter"))
            }
            "passthrough" => {
                passthrough(rest).map_err(|mistake| (mistake, "passthrough:///greeter"))
            }
            // `http:80` is port 80 of a host of that name, so the slashes count.
            "http" if rest.starts_with("//") => web(rest, SecurityHint::Plaintext)
                .map_err(|mistake| (mistake, "http://localhost:50051")),
            "https" if rest.starts_with("//") => web(rest, SecurityHint::Tls)
                .map_err(|mistake| (mistake, "https://greeter.example.com")),
            // N-01: an unknown scheme makes the whole text a name for DNS.
            _ => host(text).map_err(|mistake| match rest.contains([':', '/']) {
                true => (Mistake::UnknownScheme(scheme.to_owned()), DNS_EXAMPLE),
                false => (mistake, DNS_EXAMPLE),
            }),
        },
        None if text.is_empty() => Err((Mistake::Empty, DNS_EXAMPLE)),
        None => host(text).map_err(|mistake| (mistake, DNS_EXAMPLE)),
    };
    let Parsed { endpoint, security, authority } =
        parsed.map_err(|(mistake, example)| InvalidTarget::new(text, mistake, example))?;
    Ok(Target { text: text.to_owned(), endpoint, security, authority })
}

struct Parsed {
    endpoint: Endpoint,
    security: Option<SecurityHint>,
    authority: String,
}

impl Parsed {
    fn without_security(endpoint: Endpoint, authority: impl Into<String>) -> Parsed {
        Parsed { endpoint, security: None, authority: authority.into() }
    }

    fn of_host(host: HostPort) -> Parsed {
        let endpoint = match host.address() {
            Some(address) => Endpoint::Addresses(vec![Address::Tcp(address)]),
            None => Endpoint::Dns { host: host.host.into_text(), port: host.port },
        };
        Parsed::without_security(endpoint, host.authority)
    }
}

fn host(text: &str) -> Result<Parsed, Mistake> {
    Ok(Parsed::of_host(HostPort::parse(text, TLS_PORT)?))
}

fn dns(rest: &str) -> Result<Parsed, Mistake> {
    match split_authority(rest) {
        (Some(server), None) => Err(Mistake::OnlyServer(server.to_owned())),
        (None | Some(""), Some(path)) => host(path.strip_prefix('/').unwrap_or(path)),
        (Some(server), Some(_)) => Err(Mistake::Server(server.to_owned())),
        (None, None) => Err(Mistake::NoHost),
    }
}

fn web(rest: &str, security: SecurityHint) -> Result<Parsed, Mistake> {
    let after = rest.strip_prefix("//").unwrap_or(rest);
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    if authority.contains('@') {
        return Err(Mistake::UserInformation);
    }
    if !matches!(rest, "" | "/") {
        return Err(Mistake::Rest(rest.to_owned()));
    }
    // Unlike a target for DNS, a URL without a host is not one of this machine (RFC 9110, section 4.2).
    if authority.starts_with(':') {
        return Err(Mistake::NoHost);
    }
    let default_port = match security {
        SecurityHint::Plaintext => PLAINTEXT_PORT,
        SecurityHint::Tls => TLS_PORT,
    };
    let parsed = Parsed::of_host(HostPort::parse(authority, default_port)?);
    Ok(Parsed { security: Some(security), ..parsed })
}

fn addresses(scheme: &'static str, rest: &str) -> Result<Parsed, Mistake> {
    let path = path_without_authority(scheme, rest)?;
    let mut authority = None;
    let mut addresses = Vec::new();
    for text in path.strip_prefix('/').unwrap_or(path).split(',') {
        if text.is_empty() {
            return Err(Mistake::NoAddress);
        }
        let host = HostPort::parse(text, TLS_PORT)?;
        match host.address() {
            Some(address) if address.is_ipv4() == (scheme == "ipv4") => {
                addresses.push(Address::Tcp(address));
            }
            _ => return Err(Mistake::WrongFamily { scheme, address: text.to_owned() }),
        }
        // A list is not an authority, so the first speaks for all.
        authority.get_or_insert(host.authority);
    }
    let endpoint = Endpoint::Addresses(addresses);
    Ok(Parsed::without_security(endpoint, authority.unwrap_or_default()))
}

fn unix(rest: &str) -> Result<Parsed, Mistake> {
    let path = path_without_authority("unix", rest)?;
    let decoded = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| Mistake::PathEncoding(path.to_owned()))?;
    if decoded.is_empty() {
        return Err(Mistake::NoPath);
    }
    if decoded.contains('\0') {
        return Err(Mistake::PathNul);
    }
    Ok(of_socket(Address::Unix(decoded.into_owned().into())))
}

fn unix_abstract(rest: &str) -> Result<Parsed, Mistake> {
    let name: Vec<u8> =
        percent_decode_str(path_without_authority("unix-abstract", rest)?).collect();
    match name.is_empty() {
        true => Err(Mistake::NoPath),
        false => Ok(of_socket(Address::UnixAbstract(name))),
    }
}

fn of_socket(address: Address) -> Parsed {
    Parsed::without_security(Endpoint::Addresses(vec![address]), "localhost")
}

fn passthrough(rest: &str) -> Result<Parsed, Mistake> {
    let path = split_authority(rest).1.unwrap_or_default();
    let text = path.strip_prefix('/').unwrap_or(path);
    if text.is_empty() {
        return Err(Mistake::NoText);
    }
    let text = match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => decoded.into_owned(),
        Err(_) => text.to_owned(),
    };
    let encoded = utf8_percent_encode(&text, NOT_IN_AUTHORITY);
    let authority = match text.starts_with(':') {
        true => format!("localhost{encoded}"),
        false => encoded.to_string(),
    };
    Ok(Parsed::without_security(Endpoint::Passthrough(text), authority))
}

/// A scheme (RFC 3986, section 3.1) and what is after its colon.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    is_scheme.then_some((scheme, rest))
}

/// What is between two slashes and the third, and all from the third on. Without two slashes all is path.
fn split_authority(rest: &str) -> (Option<&str>, Option<&str>) {
    match rest.strip_prefix("//") {
        None => (None, Some(rest)),
        Some(after) => match after.find('/') {
            None => (Some(after), None),
            Some(slash) => (Some(&after[..slash]), Some(&after[slash..])),
        },
    }
}

fn path_without_authority<'a>(scheme: &'static str, rest: &'a str) -> Result<&'a str, Mistake> {
    match split_authority(rest) {
        (None | Some(""), path) => Ok(path.unwrap_or_default()),
        (Some(authority), _) => Err(Mistake::Authority { scheme, authority: authority.to_owned() }),
    }
}

const DNS_EXAMPLE: &str = "dns:///greeter.example.com:50051";
const TLS_PORT: u16 = 443;
const PLAINTEXT_PORT: u16 = 80;

/// All but what RFC 3986 lets stand in an authority.
const NOT_IN_AUTHORITY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'[')
    .remove(b']')
    .remove(b'@');
