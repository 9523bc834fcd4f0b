//! Calls, and which server answered them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use examples::helloworld::{GreeterClient, HelloRequest};
use grpc_runtime::Status;
use tokio::task::{JoinError, JoinSet};

/// The server that answered.
pub(crate) async fn call(greeter: &GreeterClient) -> Result<String, Status> {
    let response = greeter.say_hello(HelloRequest { name: "Ada".to_owned() }).send().await?;
    Ok(response.headers().get("x-server").unwrap_or("nobody").to_owned())
}

/// Calls until each of these has answered.
pub(crate) async fn until_all_answer(
    greeter: &GreeterClient,
    addresses: &[SocketAddr],
) -> Result<(), Status> {
    let mut silent: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    while !silent.is_empty() {
        let backend = call(greeter).await?;
        silent.retain(|other| *other != backend);
    }
    Ok(())
}

/// Makes that many calls, one after the other, and counts who answered.
pub(crate) async fn count(
    greeter: &GreeterClient,
    calls: usize,
) -> Result<BTreeMap<String, usize>, Status> {
    let mut answers = BTreeMap::new();
    for _ in 0..calls {
        *answers.entry(call(greeter).await?).or_default() += 1;
    }
    Ok(answers)
}

/// Calls that go on until they are stopped.
pub(crate) struct Load {
    callers: JoinSet<Tally>,
    is_over: Arc<AtomicBool>,
}

/// How many calls there were.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) calls: usize,
    pub(crate) failures: Vec<Status>,
}

impl Load {
    /// Several callers, each of whom makes one call after the other.
    pub(crate) fn start(greeter: &GreeterClient) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (greeter, is_over) = (greeter.clone(), Arc::clone(&is_over));
            callers.spawn(async move {
                let mut tally = Tally::default();
                while !is_over.load(Ordering::Relaxed) {
                    tally.calls += 1;
                    tally.failures.extend(call(&greeter).await.err());
                }
                tally
            });
        }
        Load { callers, is_over }
    }

    /// Waits for the calls in flight.
    pub(crate) async fn stop(mut self) -> Result<Tally, JoinError> {
        self.is_over.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        while let Some(tally) = self.callers.join_next().await {
            let tally = tally?;
            all.calls += tally.calls;
            all.failures.extend(tally.failures);
        }
        Ok(all)
    }
}

const CALLERS: usize = 4;
