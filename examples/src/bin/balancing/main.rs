//! One name, several servers: calls are spread over them, go on while servers restart, and follow the name.
//!
//! It prints how many calls each server got, how many failed while one server after the other was restarted, what
//! happens when the name's records change, and every change of a state with its reason, as it comes.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

mod backends;
mod calls;
mod names;
mod servers;
mod transitions;

use std::error::Error;
use std::time::{Duration, Instant};

use examples::helloworld::GreeterClient;
use grpc_runtime::{BackoffConfig, Channel, Status};
use tokio::time::sleep;

use crate::calls::{Load, until_all_answer};
use crate::servers::Servers;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    transitions::of_subchannels(start);
    let mut servers = Servers::start(3).await?;

    println!("== a channel to {}", servers.target());
    let channel = servers
        .teach(Channel::builder(servers.target()))
        .plaintext()
        .load_balancing("round_robin")
        // How soon a server that was away is tried again. No call waits for that. Default: 1 s.
        .connection_backoff(BackoffConfig::new().with_base_delay(Duration::from_millis(100)))
        .build()?;
    let printing = tokio::spawn(transitions::of_channel(start, channel.state_changes()));
    let greeter = GreeterClient::new(channel.clone());
    // The first call would start it as well.
    channel.wait_ready(Duration::from_secs(10)).await?;
    until_all_answer(&greeter, &servers.addresses()).await?;

    println!("== 300 calls");
    spread(&greeter).await?;

    println!("== one server after the other restarts");
    let load = Load::start(&greeter);
    for address in servers.addresses() {
        println!("  restart of {address}");
        servers.stop(address).await?;
        // As long as it takes.
        sleep(Duration::from_millis(300)).await;
        servers.start_at(address).await?;
        until_all_answer(&greeter, &servers.addresses()).await?;
    }
    let all = load.stop().await?;
    println!("  {} calls in the meantime, failed: {}", all.calls, all.failures.len());
    if let Some(status) = all.failures.first() {
        return Err(status.clone().into());
    }

    println!("== the name changes");
    let gone = servers.replace_first().await?;
    println!("  {gone} is gone, now there are {:?}", servers.addresses());
    until_all_answer(&greeter, &servers.addresses()).await?;
    spread(&greeter).await?;

    println!("== the end");
    channel.close();
    printing.await?;
    Ok(())
}

async fn spread(greeter: &GreeterClient) -> Result<(), Status> {
    for (backend, calls) in calls::count(greeter, 300).await? {
        println!("  {backend} got {calls}");
    }
    Ok(())
}
