//! [`Port`]: a port that stays ours while nobody listens on it.

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpSocket;

/// An address, and on Linux a socket that is bound to it and never listens. It keeps the port from being given to
/// somebody else while a backend is down; connecting to it is refused, and a listener of ours gets in beside it.
#[derive(Debug)]
pub(super) struct Port {
    address: SocketAddr,
    #[cfg(target_os = "linux")]
    _reserved: TcpSocket,
}

impl Port {
    /// A free port of this host.
    pub(super) fn free(host: IpAddr) -> Self {
        Self::reserve(SocketAddr::new(host, 0)).expect("loopback has a free port")
    }

    /// One port that is free on all these hosts.
    #[cfg(target_os = "linux")]
    pub(super) fn free_on_all(hosts: &[IpAddr]) -> Vec<Self> {
        const TRIES: usize = 100;
        let (first, others) = hosts.split_first().expect("there is a host");
        let one_try = || {
            let first = Self::free(*first);
            let number = first.address.port();
            let others = others.iter().map(|host| Self::reserve(SocketAddr::new(*host, number)));
            let others: Vec<Self> = others.collect::<Result<_, _>>().ok()?;
            Some(std::iter::once(first).chain(others).collect())
        };
        let found = std::iter::repeat_with(one_try).take(TRIES).flatten().next();
        found.expect("some port is free on all of loopback")
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    fn reserve(address: SocketAddr) -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Self {
            address: socket.local_addr()?,
            #[cfg(target_os = "linux")]
            _reserved: socket,
        })
    }
}
