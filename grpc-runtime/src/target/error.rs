//! What is wrong with a target.

use std::error::Error;
use std::fmt;

/// A target cannot be understood.
///
/// It shows the target, the part that is wrong, why, and what to write instead. Passwords in it are not
/// shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTarget {
    target: String,
    mistake: Mistake,
    instead: String,
}

/// A part that is wrong, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mistake {
    Empty,
    UnknownScheme(String),
    NoHost,
    HostCharacter {
        host: String,
        character: char,
    },
    HostLength(usize),
    Ipv6(String),
    NoClosingBracket(String),
    AfterBracket(String),
    Colons(String),
    Several(String),
    NoPort(String),
    Port(String),
    OnlyServer(String),
    Server(String, Box<Mistake>),
    Authority {
        scheme: &'static str,
        authority: String,
    },
    UserInformation,
    Rest(String),
    NoAddress,
    WrongFamily {
        scheme: &'static str,
        address: String,
    },
    NoPath,
    PathEncoding(String),
    PathNul,
    NoText,
    NoScheme,
    /// Of a resolver factory.
    Other(String),
}

impl InvalidTarget {
    pub(super) fn new(target: &str, mistake: Mistake, instead: impl Into<String>) -> InvalidTarget {
        let target = match mistake {
            Mistake::UserInformation => without_user_information(target),
            _ => target.to_owned(),
        };
        InvalidTarget { target, mistake, instead: instead.into() }
    }

    /// The target as it was given, without a password.
    pub fn target(&self) -> &str {
        &self.target
    }
}

impl fmt::Display for InvalidTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "target {:?} cannot be understood: {}; write for example {:?}",
            self.target, self.mistake, self.instead
        )
    }
}

impl Error for InvalidTarget {}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mistake::Empty => f.write_str("it is empty"),
            Mistake::UnknownScheme(scheme) => write!(
                f,
                "the scheme {scheme:?} is none of dns, http, https, ipv4, ipv6, unix, unix-abstract \
                 and passthrough, and as a name it cannot be looked up"
            ),
            Mistake::NoHost => f.write_str("it names no host"),
            Mistake::HostCharacter { host, character } => {
                write!(f, "the host {host:?} has {character:?}, which a host name cannot have")?;
                match character.is_ascii() {
                    true => Ok(()),
                    false => f.write_str(" (in DNS it is spelled with \"xn--\")"),
                }
            }
            Mistake::HostLength(length) => {
                write!(f, "the host has {length} characters, and DNS ends at 253")
            }
            Mistake::Ipv6(text) => write!(f, "{text:?}, in brackets, is not an IPv6 address"),
            Mistake::NoClosingBracket(text) => write!(f, "{text:?} has no closing bracket"),
            Mistake::AfterBracket(text) => {
                write!(f, "{text:?} after the bracket is not a colon and a port")
            }
            Mistake::Colons(text) => write!(
                f,
                "{text:?} has more than one colon; an IPv6 address with a port goes in brackets"
            ),
            Mistake::Several(text) => write!(
                f,
                "{text:?} has a comma: several addresses are written as `ipv4:192.0.2.1:50051,192.0.2.2:50051`, and \
                 several servers behind a name need no list"
            ),
            Mistake::NoPort(text) => write!(f, "{text:?} ends in a colon, and no port follows"),
            Mistake::Port(port) => {
                write!(f, "the port {port:?} is not a number from 1 to 65535")
            }
            Mistake::OnlyServer(server) => write!(
                f,
                "{server:?} after two slashes is the DNS server to ask, and no host follows; \
                 before a host there are three slashes"
            ),
            Mistake::Server(server, mistake) => {
                write!(f, "{server:?} after two slashes is the DNS server to ask, and {mistake}")
            }
            Mistake::Authority { scheme, authority } => {
                write!(f, "{authority:?} after two slashes has no meaning for {scheme}")
            }
            Mistake::UserInformation => {
                f.write_str("a user name or password has no place in it; credentials go with calls")
            }
            Mistake::Rest(rest) => write!(
                f,
                "{rest:?} follows the host, and a channel is for a server as a whole; \
                 paths are those of the methods"
            ),
            Mistake::NoAddress => f.write_str("there is an empty place among the addresses"),
            Mistake::WrongFamily { scheme, address } => {
                write!(f, "{address:?} is not an address for {scheme}")
            }
            Mistake::NoPath => f.write_str("it names no socket"),
            Mistake::PathEncoding(path) => write!(f, "the path {path:?} does not decode to UTF-8"),
            Mistake::PathNul => f.write_str("the path has a NUL"),
            Mistake::NoText => f.write_str("nothing is left for the connector"),
            Mistake::NoScheme => f.write_str("it has no scheme"),
            Mistake::Other(reason) => f.write_str(reason),
        }
    }
}

fn without_user_information(target: &str) -> String {
    match (target.find("//"), target.rfind('@')) {
        (Some(slashes), Some(at)) if slashes + 2 <= at => {
            format!("{}***{}", &target[..slashes + 2], &target[at..])
        }
        _ => target.to_owned(),
    }
}
