//! Servers that fail three calls of ten, one of which is slow as well: how many calls come through, and how long the
//! slowest take, with one attempt each, with retries, and with hedging.
//!
//! The figures are of this run: the same calls are made three times, each time through a channel of its own.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

mod flaky;
mod measure;

use std::error::Error;
use std::time::Duration;

use examples::helloworld::GreeterClient;
use grpc_runtime::lb::Endpoint;
use grpc_runtime::resolver::ManualResolver;
use grpc_runtime::service_config::{
    CodeSet, HedgingPolicy, MethodConfig, RetryPolicy, ServiceConfig,
};
use grpc_runtime::{Address, Channel, Code};

use crate::flaky::Replicas;
use crate::measure::Figures;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Again after a failure, up to four times; the pauses grow from 5 ms, and are a little random.
    let retries = RetryPolicy::new(5, CodeSet::of(&[Code::Unavailable]))?.with_backoff(
        Duration::from_millis(5),
        Duration::from_millis(50),
        2.0,
    )?;
    // A second attempt where the first has no answer after 20 ms, a third after 20 ms more, on other servers; at once,
    // where an attempt fails. The first answer counts, and the others are cancelled.
    let hedges = HedgingPolicy::new(5)?
        .with_delay(Duration::from_millis(20))
        .with_non_fatal_status_codes(CodeSet::of(&[Code::Unavailable]));

    println!("five servers fail 30 % of all calls, and one of them takes 100 ms for each");
    println!(
        "{:<12} | {:>9} | {:>8} | {:>8} | {:>13}",
        "policy", "succeeded", "p50", "p99", "attempts/call"
    );
    for (name, config) in [
        ("none", MethodConfig::new()),
        ("retries", MethodConfig::new().with_retry(retries)),
        ("hedging", MethodConfig::new().with_hedging(hedges)),
    ] {
        let Figures { calls, succeeded, p50, p99, attempts } = measure(config).await?;
        let percent = |part: u32| f64::from(part) * 100.0 / f64::from(calls);
        println!(
            "{name:<12} | {:>7.1} % | {:>5} ms | {:>5} ms | {:>13.2}",
            percent(succeeded),
            p50.as_millis(),
            p99.as_millis(),
            f64::from(attempts) / f64::from(calls),
        );
    }
    println!("retries mend failures and wait for the slow; hedging mends both, for more attempts");
    Ok(())
}

/// All calls on a channel of their own, whose methods are configured like this.
async fn measure(config: MethodConfig) -> Result<Figures, Box<dyn Error>> {
    let replicas = Replicas::start().await?;
    // Five ports, as no name stands for them; DNS would be `Channel::builder("dns:///greeter.example:50051")`.
    let resolver = ManualResolver::new("replicas");
    let addresses = replicas.addresses();
    resolver.set_endpoints(addresses.into_iter().map(|at| Endpoint::new(Address::Tcp(at))));
    let channel = Channel::builder("replicas:///greeter")
        .resolver(resolver)
        .plaintext()
        .load_balancing("round_robin")
        .default_service_config(ServiceConfig::new().default_method(config))
        .build()?;
    let greeter = GreeterClient::new(channel.clone());
    // What is measured is calls, not connecting.
    channel.wait_ready(Duration::from_secs(10)).await?;
    measure::until_all_are_known(&greeter, &replicas).await?;
    Ok(measure::run(&greeter).await?)
}
