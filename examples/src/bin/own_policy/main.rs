//! A load-balancing policy and a resolver of your own, both registered with one channel.
//!
//! The resolver reads servers and their zones from the target; the policy keeps calls in the zone of the program while a
//! server there is READY. It prints who got how many calls with all servers, with one of two in the zone, with
//! none, and with all again.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

mod policy;
mod resolver;

use std::collections::BTreeMap;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use examples::LocalServer;
use examples::helloworld::{GreeterClient, HelloRequest};
use grpc_runtime::{BackoffConfig, Channel, Status};

use crate::policy::NearestBuilder;
use crate::resolver::{Zone, Zones};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    let zurich = LocalServer::greeter_at(any).await?;
    let geneva = LocalServer::greeter_at(any).await?;
    let other = LocalServer::greeter_at(any).await?;
    let names = BTreeMap::from([
        (zurich.address().to_string(), "zurich"),
        (geneva.address().to_string(), "geneva"),
        (other.address().to_string(), "geneva, the other"),
    ]);

    let target = format!(
        "zones:///zurich={},geneva={},geneva={}",
        zurich.address(),
        geneva.address(),
        other.address()
    );
    let channel = Channel::builder(target)
        .plaintext()
        .resolver(Zones)
        .load_balancing_policy(NearestBuilder { zone: Zone("geneva".to_owned()) })
        .load_balancing("nearest")
        // How soon a server that was away is tried again. Default: 1 s.
        .connection_backoff(BackoffConfig::new().with_base_delay(Duration::from_millis(50)))
        .build()?;
    let calls = Calls { greeter: GreeterClient::new(channel), names };

    println!("== all servers");
    calls.until(&["geneva", "geneva, the other"]).await?;
    calls.count().await?;

    println!("== without one in geneva");
    other.stop().await?;
    calls.count().await?;

    println!("== without both");
    let address = geneva.address();
    geneva.stop().await?;
    calls.count().await?;

    println!("== one is back");
    let geneva = LocalServer::greeter_at(address).await?;
    calls.until(&["geneva"]).await?;
    calls.count().await?;

    println!("== a mistake in the target");
    let refused = Channel::builder("zones:///geneva").plaintext().resolver(Zones).build();
    println!("  {}", refused.err().ok_or("it was understood")?);
    drop((zurich, geneva));
    Ok(())
}

struct Calls {
    greeter: GreeterClient,
    names: BTreeMap<String, &'static str>,
}

impl Calls {
    async fn one(&self) -> Result<&'static str, Status> {
        let hello = HelloRequest { name: "Ada".to_owned() };
        let response = self.greeter.say_hello(hello).send().await?;
        let server = response.headers().get("x-server").unwrap_or_default();
        Ok(self.names.get(server).copied().unwrap_or("somebody"))
    }

    /// Calls until all of these have answered.
    async fn until(&self, servers: &[&str]) -> Result<(), Status> {
        let mut silent = servers.to_vec();
        while !silent.is_empty() {
            let server = self.one().await?;
            silent.retain(|other| *other != server);
        }
        Ok(())
    }

    /// Makes a hundred calls and prints who answered.
    async fn count(&self) -> Result<(), Status> {
        let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
        for _ in 0..100 {
            *answers.entry(self.one().await?).or_default() += 1;
        }
        for (server, calls) in answers {
            println!("  {server} got {calls}");
        }
        Ok(())
    }
}
