//! Constant load: several tasks that call one after the other until they are told to stop, and what came of it.
//!
//! It fails nothing by itself; a test looks at the [`Tally`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use grpc_runtime::Status;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::client::{GreeterClient, hello};
use crate::wait::within;

/// Calls under way. Dropping it ends the tasks, whatever they do.
#[derive(Debug)]
pub struct Load {
    is_over: Arc<AtomicBool>,
    tally: watch::Sender<Tally>,
    tasks: Vec<JoinHandle<()>>,
}

/// How calls ended.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// How many succeeded, by the text of the reply.
    pub answers: BTreeMap<String, usize>,
    /// How many failed.
    pub failed: usize,
    /// The statuses of those that failed; of very many, the first ones.
    pub failures: Vec<Status>,
}

impl Tally {
    /// How many succeeded.
    pub fn answered(&self) -> usize {
        self.answers.values().sum()
    }

    /// How many a backend answered.
    pub fn of(&self, backend: &str) -> usize {
        self.answers.get(backend).copied().unwrap_or(0)
    }

    fn add(&mut self, outcome: Result<String, Status>) {
        match outcome {
            Ok(text) => match self.answers.get_mut(&text) {
                Some(count) => *count += 1,
                None => drop(self.answers.insert(text, 1)),
            },
            Err(status) => {
                self.failed += 1;
                if self.failures.len() < FAILURES_KEPT {
                    self.failures.push(status);
                }
            }
        }
    }
}

impl Load {
    /// Starts so many tasks, each with one unary call in flight. Calls do not wait for ready.
    pub fn start(greeter: &GreeterClient, tasks: usize) -> Self {
        Self::of_calls(greeter, tasks, false)
    }

    /// The same with calls that wait for ready.
    pub fn start_patient(greeter: &GreeterClient, tasks: usize) -> Self {
        Self::of_calls(greeter, tasks, true)
    }

    fn of_calls(greeter: &GreeterClient, tasks: usize, wait_for_ready: bool) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let tally = watch::Sender::new(Tally::default());
        let tasks = (0..tasks).map(|_| {
            let (greeter, is_over, tally) = (greeter.clone(), Arc::clone(&is_over), tally.clone());
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let call = greeter.say_hello(hello("")).wait_for_ready(wait_for_ready);
                    let outcome = call.await.map(|reply| reply.message);
                    tally.send_modify(|tally| tally.add(outcome));
                    // A call that fails at once never yields.
                    tokio::task::yield_now().await;
                }
            })
        });
        let tasks = tasks.collect();
        Load { is_over, tally, tasks }
    }

    /// What came of it until now.
    pub fn tally(&self) -> Tally {
        self.tally.borrow().clone()
    }

    /// Waits until so many calls more have succeeded.
    ///
    /// # Panics
    /// When they have not within [`PATIENCE`](crate::PATIENCE).
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn more(&self, calls: usize) {
        let enough = self.tally.borrow().answered() + calls;
        self.until("more calls", |tally| tally.answered() >= enough).await;
    }

    /// Waits until this backend has answered so many calls more.
    ///
    /// # Panics
    /// When it has not within [`PATIENCE`](crate::PATIENCE).
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn more_of(&self, backend: &str, calls: usize) {
        let enough = self.tally.borrow().of(backend) + calls;
        self.until(backend, |tally| tally.of(backend) >= enough).await;
    }

    /// Waits until so many calls more have failed.
    ///
    /// # Panics
    /// When they have not within [`PATIENCE`](crate::PATIENCE).
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn more_failures(&self, calls: usize) {
        let enough = self.tally.borrow().failed + calls;
        self.until("failures", |tally| tally.failed >= enough).await;
    }

    /// Lets the calls in flight end and gives what came of all.
    ///
    /// # Panics
    /// When they do not end within [`PATIENCE`](crate::PATIENCE).
    ///
    /// # Cancel safety
    /// Dropping it drops calls in flight.
    pub async fn stop(mut self) -> Tally {
        self.is_over.store(true, Ordering::Relaxed);
        for ended in within("calls in flight to end", join_all(&mut self.tasks)).await {
            ended.expect("a task of the load does not panic");
        }
        self.tally()
    }

    async fn until(&self, what: &str, enough: impl FnMut(&Tally) -> bool) {
        let mut tally = self.tally.subscribe();
        within(what, tally.wait_for(enough)).await.expect("the sender is ours");
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

const FAILURES_KEPT: usize = 50;
