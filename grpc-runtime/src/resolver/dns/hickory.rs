//! Looking names up in DNS with hickory.
//!
//! It asks and decodes; which names to ask for, and what it means that there is no answer, is said here. Its cache is off:
//! a channel asks again because what it knows is wrong.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use hickory_resolver::config::{
    NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts, ServerOrderingStrategy,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query as Question;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Hosts, TokioResolver, system_conf};

use crate::resolver::dns::error::LookupError;
use crate::resolver::dns::factory::Settings;
use crate::resolver::dns::lookup::{Addresses, Found, Query, Text, addresses_of, operating_system};
use crate::rt;
use crate::target::DnsServer;

/// Looks up addresses and, if wanted, service configs; the latter hold up the former for a moment only.
///
/// # Cancel safety
/// Cancel safe: sockets are closed.
pub(super) async fn look_up(query: &Query, settings: &Settings, deadline: Instant) -> Found {
    let asked = asked(query);
    let failed = |error| Found { addresses: Err(error), text: Text::Failed };
    let client = match rt::until(deadline, Client::open(query)).await {
        Some(Ok(Some(client))) => client,
        // This machine's servers are not where we look for them.
        Some(Ok(None)) => return operating_system(query, settings, deadline).await,
        Some(Err(cause)) => return failed(LookupError::server(query, asked, cause)),
        None => return failed(LookupError::timeout(query, Some(asked), settings.timeout)),
    };
    let names = match full_names(&query.host, &client.search, client.dots) {
        Ok(names) => names,
        Err(cause) => return failed(LookupError::dns(query, asked, cause)),
    };
    let addresses = rt::until(deadline, client.addresses(&names));
    let text = async {
        match settings.service_config {
            true => client.text(&query.host).await,
            false => Text::None,
        }
    };
    let (found, text) = first_with_second(addresses, text, deadline).await;
    let addresses = match found {
        Some(Ok(ips)) if ips.is_empty() => Ok(Addresses::None(format!(
            "the name {:?} has no addresses, according to {asked}",
            query.host
        ))),
        Some(Ok(ips)) => {
            let addresses = ips.into_iter().map(|ip| SocketAddr::new(ip, query.port));
            Ok(addresses_of(query, addresses.collect()))
        }
        Some(Err(cause)) => Err(LookupError::dns(query, asked, cause)),
        None => Err(LookupError::timeout(query, Some(asked), settings.timeout)),
    };
    Found { addresses, text }
}

/// Whom we ask, for people.
fn asked(query: &Query) -> String {
    match &query.server {
        Some(DnsServer { host, port }) if host.contains(':') => {
            format!("the DNS server [{host}]:{port}")
        }
        Some(DnsServer { host, port }) => format!("the DNS server {host}:{port}"),
        None => "the DNS servers of this machine".to_owned(),
    }
}

/// Runs both at once, and waits for the second at most [`PATIENCE`] longer than for the first.
async fn first_with_second<T>(
    first: impl Future<Output = T>,
    second: impl Future<Output = Text>,
    deadline: Instant,
) -> (T, Text) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let mut early = None;
    let found = poll_fn(|context| {
        if early.is_none()
            && let Poll::Ready(text) = second.as_mut().poll(context)
        {
            early = Some(text);
        }
        first.as_mut().poll(context)
    })
    .await;
    let text = match early {
        Some(text) => text,
        None => {
            let patience = deadline.min(rt::now() + PATIENCE);
            rt::until(patience, second).await.unwrap_or(Text::Failed)
        }
    };
    (found, text)
}

/// The records of one name and kind.
type Answer = Result<Vec<RData>, NetError>;

/// One resolution's means.
struct Client {
    resolver: TokioResolver,
    hosts: Hosts,
    search: Vec<Name>,
    dots: usize,
}

impl Client {
    /// Reads how this machine is set up; `None` if that cannot be read and the target names no server.
    ///
    /// The files are small and local, and are read in place, as by every C program that calls `getaddrinfo`.
    async fn open(query: &Query) -> Result<Option<Self>, io::Error> {
        let (mut config, mut options) = match (system_conf::read_system_conf(), &query.server) {
            (Ok(both), _) => both,
            (Err(_), Some(_)) => (ResolverConfig::default(), ResolverOpts::default()),
            (Err(error), None) => {
                tracing::debug!(%error, "the system's DNS configuration cannot be read");
                return Ok(None);
            }
        };
        if let Some(server) = &query.server {
            let found = tokio::net::lookup_host((server.host.as_str(), server.port)).await?;
            config.name_servers = found.map(name_server).collect();
        }
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        // What was learnt about the servers ends with this resolution, so their order is the administrator's.
        options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
        let dots = options.ndots;
        let search = match config.search.is_empty() {
            true => config.domain.take().into_iter().collect(),
            false => std::mem::take(&mut config.search),
        };
        let provider = TokioRuntimeProvider::default();
        let resolver = TokioResolver::builder_with_config(config, provider)
            .with_options(options)
            .build()
            .map_err(io::Error::other)?;
        let hosts = Hosts::from_system().unwrap_or_default();
        Ok(Some(Self { resolver, hosts, search, dots }))
    }

    /// The addresses of the first name that has some; none if all names are known to have none.
    async fn addresses(&self, names: &[Name]) -> Result<Vec<IpAddr>, NetError> {
        let mut failure = None;
        for name in names {
            let known = self.known(name);
            if !known.is_empty() {
                return Ok(known);
            }
            let mut found = Vec::new();
            for answer in self.both_families(name).await {
                match answer {
                    Ok(data) => found.extend(data.iter().filter_map(RData::ip_addr)),
                    Err(error) => failure = Some(error),
                }
            }
            if !found.is_empty() {
                return Ok(found);
            }
        }
        // That one name does not exist says nothing if another could not be looked up.
        failure.map_or(Ok(Vec::new()), Err)
    }

    /// What this machine's own table says.
    fn known(&self, name: &Name) -> Vec<IpAddr> {
        let mut known = Vec::new();
        for kind in [RecordType::A, RecordType::AAAA] {
            if let Some(found) = self.hosts.lookup_static_host(&Question::query(name.clone(), kind))
            {
                known.extend(found.answers().iter().filter_map(|record| record.data.ip_addr()));
            }
        }
        known
    }

    /// Asks for both families at once. Once one has addresses, the other has [`PATIENCE`] left.
    async fn both_families(&self, name: &Name) -> [Answer; 2] {
        let mut v4 = pin!(self.ask(name.clone(), RecordType::A));
        let mut v6 = pin!(self.ask(name.clone(), RecordType::AAAA));
        let (first, is_v4) = poll_fn(|context| match v4.as_mut().poll(context) {
            Poll::Ready(found) => Poll::Ready((found, true)),
            Poll::Pending => v6.as_mut().poll(context).map(|found| (found, false)),
        })
        .await;
        let other = if is_v4 { v6 } else { v4 };
        let second = match &first {
            Ok(found) if !found.is_empty() => {
                rt::until(rt::now() + PATIENCE, other).await.unwrap_or_else(|| Ok(Vec::new()))
            }
            Ok(_) | Err(_) => other.await,
        };
        [first, second]
    }

    /// The text in the first record, of the first name that has one, that is meant for us.
    async fn text(&self, host: &str) -> Text {
        let mut outcome = Text::None;
        let Ok(names) = full_names(&format!("{TEXT_NAME}{host}"), &self.search, self.dots) else {
            return Text::None;
        };
        for name in names {
            match self.ask(name, RecordType::TXT).await {
                Err(_) => outcome = Text::Failed,
                Ok(data) => {
                    // A long text is in several strings of one record.
                    let records = data.iter().filter_map(|data| match data {
                        RData::TXT(text) => Some(text.txt_data.concat()),
                        _ => None,
                    });
                    let ours = |text: Vec<u8>| text.strip_prefix(TEXT_PREFIX).map(<[u8]>::to_vec);
                    if let Some(text) = records.filter_map(ours).next() {
                        return Text::Some(text);
                    }
                }
            }
        }
        outcome
    }

    /// All records of a kind; none is an answer too.
    async fn ask(&self, name: Name, kind: RecordType) -> Answer {
        match self.resolver.lookup(name, kind).await {
            Ok(lookup) => Ok(lookup.answers().iter().map(|record| record.data.clone()).collect()),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// The full names that a name may mean, likeliest first (`resolv.conf(5)`, search and ndots).
fn full_names(host: &str, search: &[Name], dots: usize) -> Result<Vec<Name>, NetError> {
    let mut whole = Name::from_ascii(host)?;
    if whole.is_fqdn() {
        return Ok(vec![whole]);
    }
    let completed = search.iter().filter_map(|domain| {
        let mut name = whole.clone().append_domain(domain).ok()?;
        name.set_fqdn(true);
        Some(name)
    });
    let mut names: VecDeque<Name> = completed.collect();
    whole.set_fqdn(true);
    match host.matches('.').count() >= dots {
        true => names.push_front(whole),
        false => names.push_back(whole),
    }
    Ok(names.into())
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    server
}

const TEXT_NAME: &str = "_grpc_config.";
const TEXT_PREFIX: &[u8] = b"grpc_config=";
/// How long what is still out may hold up addresses that are known: service configs, and the other family.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_completed_as_the_machine_says() {
        let search = ["prod.svc.", "svc."].map(|domain| Name::from_ascii(domain).unwrap());
        for (host, dots, expected) in [
            ("greeter", 1, &["greeter.prod.svc.", "greeter.svc.", "greeter."][..]),
            ("greeter.prod", 1, &["greeter.prod.", "greeter.prod.prod.svc.", "greeter.prod.svc."]),
            ("greeter.prod", 5, &["greeter.prod.prod.svc.", "greeter.prod.svc.", "greeter.prod."]),
            ("greeter.prod.", 5, &["greeter.prod."]),
            ("my_service", 0, &["my_service.", "my_service.prod.svc.", "my_service.svc."]),
        ] {
            let names = full_names(host, &search, dots).unwrap();
            let names: Vec<String> = names.iter().map(Name::to_string).collect();
            assert_eq!(names, expected, "{host}");
        }
        assert!(full_names(&"a".repeat(64), &search, 1).is_err());
        assert!(full_names("a..b", &search, 1).is_err());
    }
}
