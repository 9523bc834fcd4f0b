//! Makes the calls, and counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use examples::helloworld::{GreeterClient, HelloRequest};
use grpc_runtime::Status;
use tokio::task::{JoinError, JoinSet};

use crate::flaky::Replicas;

/// How the calls went.
pub(crate) struct Figures {
    pub(crate) calls: u32,
    pub(crate) succeeded: u32,
    /// Half of the calls took no longer than this, failed ones included.
    pub(crate) p50: Duration,
    /// 99 % took no longer.
    pub(crate) p99: Duration,
    /// What the servers had to do with all of them.
    pub(crate) attempts: u32,
}

/// Calls until every server has been called, so that all of them are connected.
pub(crate) async fn until_all_are_known(
    greeter: &GreeterClient,
    replicas: &Replicas,
) -> Result<(), Status> {
    while !replicas.are_all_called() {
        // It may fail; that is what these servers do.
        let _ = greeter.say_hello(HelloRequest { name: "Ada".to_owned() }).await;
    }
    Ok(())
}

/// Ten callers, each of whom makes one call after the other.
pub(crate) async fn run(greeter: &GreeterClient) -> Result<Figures, JoinError> {
    let (attempts, succeeded) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (attempts, succeeded) = (Arc::clone(&attempts), Arc::clone(&succeeded));
        let greeter = greeter.clone();
        callers.spawn(async move {
            let mut times = Vec::new();
            for _ in 0..CALLS_EACH {
                let start = Instant::now();
                let call = greeter.say_hello(HelloRequest { name: "Ada".to_owned() });
                match call.send().await {
                    Ok(response) => {
                        succeeded.fetch_add(1, Ordering::Relaxed);
                        attempts.fetch_add(response.attempts(), Ordering::Relaxed);
                    }
                    Err(status) => drop(attempts.fetch_add(status.attempts(), Ordering::Relaxed)),
                }
                times.push(start.elapsed());
            }
            times
        });
    }
    let mut times = Vec::new();
    while let Some(caller) = callers.join_next().await {
        times.append(&mut caller?);
    }
    times.sort_unstable();
    let of_hundred = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    Ok(Figures {
        calls: u32::try_from(times.len()).unwrap_or(u32::MAX),
        succeeded: succeeded.load(Ordering::Relaxed),
        p50: of_hundred(50),
        p99: of_hundred(99),
        attempts: attempts.load(Ordering::Relaxed),
    })
}

const CALLERS: usize = 10;
const CALLS_EACH: usize = 100;
