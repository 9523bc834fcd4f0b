//! Where one server instance can be reached: the value that resolvers produce, subchannels hold
//! and connectors turn into a byte stream.
//!
//! It is not a target (a target is what a user writes and a resolver resolves), and nothing here
//! does I/O.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// One address of a server.
///
/// Every variant exists on every platform, so that code naming it compiles everywhere; connecting
/// to one that the platform lacks fails with [`std::io::ErrorKind::Unsupported`].
///
/// `Display` writes the form used in error messages and logs: `127.0.0.1:50051`, `[::1]:50051`,
/// `unix:/run/greeter.sock`, `unix-abstract:greeter`, and a custom address as it is.
///
/// ```
/// use grpc_runtime::Address;
///
/// let address = Address::from(std::net::SocketAddr::from(([127, 0, 0, 1], 50051)));
/// assert_eq!(address.to_string(), "127.0.0.1:50051");
/// assert_eq!(Address::Unix("/run/greeter.sock".into()).to_string(), "unix:/run/greeter.sock");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port, reached over TCP.
    Tcp(SocketAddr),
    /// The path of a Unix domain socket (Unix only).
    Unix(PathBuf),
    /// A name in the abstract socket namespace, without the leading NUL byte, which is added when
    /// connecting (Linux and Android only, `unix(7)`).
    UnixAbstract(Vec<u8>),
    /// A name that only the channel's own connector understands, such as a vsock address or a key
    /// in a table of in-memory servers. Connecting to it without a connector fails.
    Custom(String),
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::UnixAbstract(name) => write!(f, "unix-abstract:{}", name.escape_ascii()),
            Self::Custom(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_what_a_person_would_type() {
        let v6: SocketAddr = "[::1]:443".parse().unwrap();
        assert_eq!(Address::from(v6).to_string(), "[::1]:443");
        assert_eq!(Address::Unix("/run/a.sock".into()).to_string(), "unix:/run/a.sock");
        assert_eq!(Address::UnixAbstract(b"a\0b".to_vec()).to_string(), r"unix-abstract:a\x00b");
        assert_eq!(Address::Custom("vsock:3:50051".into()).to_string(), "vsock:3:50051");
    }
}
