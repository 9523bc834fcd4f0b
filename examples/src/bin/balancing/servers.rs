//! The servers and the name that stands for them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use grpc_runtime::lb::Endpoint;
use grpc_runtime::resolver::{DnsResolverFactory, ManualResolver};
use grpc_runtime::{Address, ChannelBuilder};

use crate::backends::{Backends, host};
use crate::names::Names;

/// Some servers, and where a channel learns of them.
pub(crate) struct Servers {
    backends: Backends,
    book: Book,
}

enum Book {
    /// A DNS server.
    Dns { names: Names, port: u16 },
    /// This program, where the machine has one address only: DNS knows no ports.
    Manual(ManualResolver),
}

impl Servers {
    pub(crate) async fn start(count: u8) -> io::Result<Self> {
        let servers = match Backends::on_one_port(count).await {
            Ok(backends) => {
                let port = backends.addresses().first().map_or(0, SocketAddr::port);
                Servers { backends, book: Book::Dns { names: Names::start().await?, port } }
            }
            Err(error) => {
                println!("this machine has no 127.0.0.2 ({error}):");
                println!(
                    "three ports instead of three addresses, and no DNS, which knows no ports"
                );
                let book = Book::Manual(ManualResolver::new("servers"));
                Servers { backends: Backends::on_one_address(count).await?, book }
            }
        };
        servers.announce();
        Ok(servers)
    }

    pub(crate) fn target(&self) -> String {
        match &self.book {
            Book::Dns { names, port } => format!("dns://{}/{NAME}:{port}", names.address()),
            Book::Manual(_) => format!("servers:///{NAME}"),
        }
    }

    /// Tells a channel how to understand the target.
    pub(crate) fn teach(&self, channel: ChannelBuilder) -> ChannelBuilder {
        match &self.book {
            // A name is looked up when a connection is lost, but not more often than this. Default: 30 s.
            Book::Dns { .. } => {
                let dns = DnsResolverFactory::new().minimum_interval(Duration::from_millis(100));
                channel.resolver(dns)
            }
            Book::Manual(resolver) => channel.resolver(resolver.clone()),
        }
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.backends.addresses()
    }

    pub(crate) async fn stop(&mut self, address: SocketAddr) -> io::Result<()> {
        self.backends.stop(address).await
    }

    pub(crate) async fn start_at(&mut self, address: SocketAddr) -> io::Result<()> {
        self.backends.start(address).await.map(drop)
    }

    /// Starts one more server, changes the records, and stops the first, whose address this returns.
    pub(crate) async fn replace_first(&mut self) -> io::Result<SocketAddr> {
        let addresses = self.addresses();
        let first = *addresses.first().ok_or(io::ErrorKind::NotFound)?;
        let last = u8::try_from(addresses.len()).map_err(io::Error::other)? + 1;
        let added: SocketAddr = match self.book {
            Book::Dns { port, .. } => (host(last), port).into(),
            Book::Manual(_) => (Ipv4Addr::LOCALHOST, 0).into(),
        };
        self.backends.start(added).await?;
        self.announce_without(Some(first));
        self.stop(first).await?;
        Ok(first)
    }

    fn announce(&self) {
        self.announce_without(None);
    }

    fn announce_without(&self, gone: Option<SocketAddr>) {
        let addresses = self.addresses().into_iter().filter(|address| Some(*address) != gone);
        match &self.book {
            Book::Dns { names, .. } => names.set(addresses.filter_map(v4).collect()),
            Book::Manual(resolver) => {
                resolver
                    .set_endpoints(addresses.map(|address| Endpoint::new(Address::Tcp(address))));
            }
        }
    }
}

fn v4(address: SocketAddr) -> Option<Ipv4Addr> {
    match address {
        SocketAddr::V4(address) => Some(*address.ip()),
        SocketAddr::V6(_) => None,
    }
}

const NAME: &str = "greeter.example";
