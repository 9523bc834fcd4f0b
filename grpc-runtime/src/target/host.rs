//! `host[:port]`: a name, an IPv4 address, or an IPv6 address, in brackets if a port follows it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::target::error::Mistake;

/// A host and a port, as they are used and as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPort {
    pub(super) host: Host,
    pub(super) port: u16,
    /// Host and port as an authority: the port if it was given, IPv6 in brackets and without a zone.
    pub(super) authority: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// To be looked up. An IPv6 address whose zone is the name of an interface is among these.
    Name(String),
    Ip(IpAddr),
    /// With a numeric zone.
    Zoned(Ipv6Addr, u32),
}

impl HostPort {
    pub(super) fn parse(text: &str, default_port: u16) -> Result<HostPort, Mistake> {
        if text.is_empty() {
            return Err(Mistake::NoHost);
        }
        if text.contains(',') {
            return Err(Mistake::Several(text.to_owned()));
        }
        if let Some(after) = text.strip_prefix('[') {
            let Some((inner, after)) = after.split_once(']') else {
                return Err(Mistake::NoClosingBracket(text.to_owned()));
            };
            let (host, address) = ipv6(inner).ok_or_else(|| Mistake::Ipv6(inner.to_owned()))?;
            return match after.strip_prefix(':') {
                _ if after.is_empty() => {
                    Ok(HostPort { host, port: default_port, authority: format!("[{address}]") })
                }
                Some("") => Err(Mistake::NoPort(text.to_owned())),
                Some(digits) => {
                    let port = port(digits)?;
                    Ok(HostPort { host, port, authority: format!("[{address}]:{digits}") })
                }
                None => Err(Mistake::AfterBracket(after.to_owned())),
            };
        }
        if let Some((host, address)) = ipv6(text) {
            let authority = format!("[{address}]");
            return Ok(HostPort { host, port: default_port, authority });
        }
        match text.split_once(':') {
            None => Ok(HostPort {
                host: name_or_ipv4(text)?,
                port: default_port,
                authority: text.to_owned(),
            }),
            Some((_, after)) if after.contains(':') => Err(Mistake::Colons(text.to_owned())),
            Some((_, "")) => Err(Mistake::NoPort(text.to_owned())),
            // A port alone is one of this machine, as in grpc-go.
            Some(("", digits)) => Ok(HostPort {
                host: Host::Name("localhost".to_owned()),
                port: port(digits)?,
                authority: format!("localhost:{digits}"),
            }),
            Some((host, digits)) => Ok(HostPort {
                host: name_or_ipv4(host)?,
                port: port(digits)?,
                authority: text.to_owned(),
            }),
        }
    }

    /// Host and port, the port in any case.
    pub(super) fn to_text(&self) -> String {
        match (self.address(), &self.host) {
            (Some(address), _) => address.to_string(),
            (None, Host::Name(name)) if name.contains(':') => format!("[{name}]:{}", self.port),
            (None, host) => format!("{}:{}", host.clone().into_text(), self.port),
        }
    }

    /// The address, where there is nothing to look up.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match &self.host {
            Host::Name(_) => None,
            Host::Ip(ip) => Some(SocketAddr::new(*ip, self.port)),
            Host::Zoned(ip, zone) => Some(SocketAddrV6::new(*ip, self.port, 0, *zone).into()),
        }
    }
}

impl Host {
    /// As a resolver takes it: without brackets.
    pub(super) fn into_text(self) -> String {
        match self {
            Host::Name(name) => name,
            Host::Ip(ip) => ip.to_string(),
            Host::Zoned(ip, zone) => format!("{ip}%{zone}"),
        }
    }
}

/// An IPv6 address with or without a zone, and its text without. In a URI the percent sign before a zone
/// is written `%25` (RFC 6874); without a URI in mind it is written as it is. Both are read.
fn ipv6(text: &str) -> Option<(Host, &str)> {
    let Some((address, zone)) = text.split_once('%') else {
        return Some((Host::Ip(text.parse::<Ipv6Addr>().ok()?.into()), text));
    };
    let ip: Ipv6Addr = address.parse().ok()?;
    let zone = zone.strip_prefix("25").filter(|rest| !rest.is_empty()).unwrap_or(zone);
    if zone.is_empty() || !zone.bytes().all(is_name_byte) {
        return None;
    }
    let host = match zone.parse() {
        Ok(number) => Host::Zoned(ip, number),
        Err(_) => Host::Name(format!("{address}%{zone}")),
    };
    Some((host, address))
}

fn name_or_ipv4(text: &str) -> Result<Host, Mistake> {
    if let Some(character) = text.chars().find(|c| !u8::try_from(*c).is_ok_and(is_name_byte)) {
        return Err(Mistake::HostCharacter { host: text.to_owned(), character });
    }
    if text.len() > LONGEST_NAME {
        return Err(Mistake::HostLength(text.len()));
    }
    Ok(match text.parse() {
        Ok(ip) => Host::Ip(IpAddr::V4(ip)),
        Err(_) => Host::Name(text.to_owned()),
    })
}

fn port(digits: &str) -> Result<u16, Mistake> {
    let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(port) if is_decimal && port != 0 => Ok(port),
        _ => Err(Mistake::Port(digits.to_owned())),
    }
}

/// Letters, digits and hyphens make a host name; underscores are not in the standard and in many names.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// RFC 1035, section 2.3.4, with the dot at the end.
const LONGEST_NAME: usize = 254;
