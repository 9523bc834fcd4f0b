//! One function a scheme.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str};

use crate::address::Address;
use crate::target::error::{InvalidTarget, Mistake};
use crate::target::host::HostPort;
use crate::target::uri::{TargetUri, encoded_authority};
use crate::target::{DnsServer, Endpoint, SecurityHint, Target};

/// Reads a target of one of the schemes that are built in.
pub(super) fn parse(uri: &TargetUri) -> Result<Target, InvalidTarget> {
    let rest = uri.rest();
    let parsed = match uri.scheme() {
        "ipv4" => addresses("ipv4", rest).map_err(|mistake| (mistake, "ipv4:192.0.2.1:50051")),
        "ipv6" => addresses("ipv6", rest).map_err(|mistake| (mistake, "ipv6:[2001:db8::1]:50051")),
        "unix" => unix(rest).map_err(|mistake| (mistake, "unix:///run/greeter.sock")),
        "unix-abstract" => {
            unix_abstract(rest).map_err(|mistake| (mistake, "unix-abstract:greeter"))
        }
        "passthrough" => passthrough(rest).map_err(|mistake| (mistake, "passthrough:///greeter")),
        _ => match uri.whole() {
            None => dns(rest),
            Some(text) => whole(text),
        }
        .map_err(|mistake| (mistake, DNS_EXAMPLE)),
    };
    let Parsed { endpoint, authority } =
        parsed.map_err(|(mistake, example)| InvalidTarget::new(uri.text(), mistake, example))?;
    Ok(Target {
        text: uri.text().to_owned(),
        endpoint,
        security: uri.security(),
        authority: uri.url_authority().map_or(authority, str::to_owned),
    })
}

/// The schemes that [`parse`] tells apart.
#[cfg(test)]
pub(super) const SCHEMES: &[&str] =
    &["dns", "ipv4", "ipv6", "unix", "unix-abstract", "passthrough"];

/// The host and port that a URL means, what it says about security, and its authority as it is written. `None` if
/// it is no URL: `http:80` is port 80 of a host of that name, so the slashes count.
pub(super) fn url(
    text: &str,
    scheme: &str,
    rest: &str,
) -> Result<Option<(String, SecurityHint, String)>, InvalidTarget> {
    let (security, port, example) = match scheme {
        "http" => (SecurityHint::Plaintext, PLAINTEXT_PORT, "http://localhost:50051"),
        "https" => (SecurityHint::Tls, TLS_PORT, "https://greeter.example.com"),
        _ => return Ok(None),
    };
    let Some(after) = rest.strip_prefix("//") else { return Ok(None) };
    let host = web(after, port).map_err(|mistake| InvalidTarget::new(text, mistake, example))?;
    Ok(Some((host.to_text(), security, host.authority)))
}

/// N-01: a text without a known scheme is a name for DNS.
fn whole(text: &str) -> Result<Parsed, Mistake> {
    if text.is_empty() {
        return Err(Mistake::Empty);
    }
    host(text, None).map_err(|mistake| match split_scheme(text) {
        Some((scheme, rest)) if rest.contains([':', '/']) => {
            Mistake::UnknownScheme(scheme.to_owned())
        }
        Some(_) | None => mistake,
    })
}

struct Parsed {
    endpoint: Endpoint,
    authority: String,
}

fn host(text: &str, server: Option<DnsServer>) -> Result<Parsed, Mistake> {
    let host = HostPort::parse(text, TLS_PORT)?;
    let endpoint = match host.address() {
        Some(address) => Endpoint::Addresses(vec![Address::Tcp(address)]),
        None => Endpoint::Dns { host: host.host.into_text(), port: host.port, server },
    };
    Ok(Parsed { endpoint, authority: host.authority })
}

fn dns(rest: &str) -> Result<Parsed, Mistake> {
    match split_authority(rest) {
        (Some(server), None) => Err(Mistake::OnlyServer(server.to_owned())),
        (None | Some(""), Some(path)) => host(path.strip_prefix('/').unwrap_or(path), None),
        (Some(server), Some(path)) => {
            let parsed = HostPort::parse(server, DNS_PORT)
                .map_err(|mistake| Mistake::Server(server.to_owned(), Box::new(mistake)))?;
            let server = DnsServer { host: parsed.host.into_text(), port: parsed.port };
            host(path.strip_prefix('/').unwrap_or(path), Some(server))
        }
        (None, None) => Err(Mistake::NoHost),
    }
}

/// What is after the slashes of a URL.
fn web(after: &str, default_port: u16) -> Result<HostPort, Mistake> {
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
    HostPort::parse(authority, default_port)
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
    Ok(Parsed { endpoint, authority: authority.unwrap_or_default() })
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
    Parsed { endpoint: Endpoint::Addresses(vec![address]), authority: "localhost".to_owned() }
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
    let authority = encoded_authority(&text);
    Ok(Parsed { endpoint: Endpoint::Passthrough(text), authority })
}

/// A scheme (RFC 3986, section 3.1) and what is after its colon.
pub(super) fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    is_scheme.then_some((scheme, rest))
}

/// What is between two slashes and the third, and all from the third on. Without two slashes all is path.
pub(super) fn split_authority(rest: &str) -> (Option<&str>, Option<&str>) {
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
const DNS_PORT: u16 = 53;

/// All but what RFC 3986 lets stand in an authority.
pub(super) const NOT_IN_AUTHORITY: &AsciiSet = &NON_ALPHANUMERIC
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
