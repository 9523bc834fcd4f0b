//! Random lives of a channel: endpoints come and go, servers fall and rise and say GOAWAY, calls are made, time passes. What
//! must hold in every one of them is checked all along.

use std::collections::BTreeMap;
use std::time::Duration;

use grpc_runtime::{BackoffConfig, Channel, Code, Status, Streaming};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tests::client::{GreeterClient, hello};
use tests::helloworld::HelloReply;
use tests::network::{Answer, Door, Server};
use tokio::task::JoinSet;

use crate::lab::{Connecting, Idle, Lab, Ready, Shutdown, TransientFailure, ms, pass, s, settle};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Milliseconds.
const LONGEST: u64 = 40_000;
const LONGEST_CALL: Duration = ms(LONGEST);

#[derive(Debug, Clone)]
enum Operation {
    /// The resolver finds these, by number; with repetitions, in any order, or none.
    Endpoints(Vec<usize>),
    ResolverError,
    Door(usize, Door),
    Answer(usize, Answer),
    Cut(usize),
    Goaway(usize),
    Call {
        waits: bool,
        streams: bool,
        timeout: Duration,
    },
    Pass(Duration),
    ResetBackoff,
    Connect,
}

fn operation() -> impl Strategy<Value = Operation> {
    let server = 0..NAMES.len();
    let door = prop_oneof![
        4 => Just(Door::Opens),
        3 => Just(Door::Refuses),
        1 => Just(Door::Silent),
        1 => Just(Door::Mute),
        1 => Just(Door::Closes),
        1 => Just(Door::SettingsThenCloses),
        1 => Just(Door::SettingsThenGoaway),
        1 => (1..2_000_u64).prop_map(|delay| Door::OpensAfter(ms(delay))),
        1 => (1..2_000_u64).prop_map(|delay| Door::SettingsAfter(ms(delay))),
        1 => (1..2_000_u64).prop_map(|delay| Door::RefusesAfter(ms(delay))),
    ];
    let answer = prop_oneof![
        3 => Just(Answer::Address),
        1 => Just(Answer::Never),
        1 => Just(Answer::Refuses),
        1 => Just(Answer::AddressAndOn),
        2 => (1..5_000_u64).prop_map(|delay| Answer::After(ms(delay))),
    ];
    let call = (any::<bool>(), prop::bool::weighted(0.2), 1..LONGEST);
    let time = prop_oneof![1..20_u64, 1..2_000_u64, 1..200_000_u64];
    prop_oneof![
        2 => prop::collection::vec(server.clone(), 0..6).prop_map(Operation::Endpoints),
        1 => Just(Operation::ResolverError),
        4 => (server.clone(), door).prop_map(|(server, door)| Operation::Door(server, door)),
        2 => (server.clone(), answer).prop_map(|(server, how)| Operation::Answer(server, how)),
        2 => server.clone().prop_map(Operation::Cut),
        1 => server.prop_map(Operation::Goaway),
        6 => call.prop_map(|(waits, streams, timeout)| Operation::Call {
            waits,
            streams,
            timeout: ms(timeout),
        }),
        6 => time.prop_map(|time| Operation::Pass(ms(time))),
        1 => Just(Operation::ResetBackoff),
        1 => Just(Operation::Connect),
    ]
}

/// Without jitter, so that the shortest pause between two attempts is known.
const BACKOFF: BackoffConfig = BackoffConfig::new()
    .with_base_delay(PAUSE)
    .with_jitter(0.0)
    .with_max_delay(s(8))
    .with_min_connect_timeout(s(5));
const PAUSE: Duration = s(1);
const IDLE_TIMEOUT: Duration = s(120);

struct Life {
    lab: Lab,
    servers: Vec<Server>,
    channel: Channel,
    spreads: bool,
    calls: JoinSet<Result<(), String>>,
    /// How many calls there were, which is also the name of the next.
    number: usize,
    /// When pauses may have been forgotten.
    forgotten: Vec<Duration>,
}

impl Life {
    fn new(spreads: bool) -> Self {
        let policy = if spreads { "round_robin" } else { "pick_first" };
        let lab = Lab::new();
        let servers = NAMES.iter().map(|name| lab.network.server(name)).collect();
        let builder = lab.builder().load_balancing(policy).connection_backoff(BACKOFF);
        let channel = builder.idle_timeout(IDLE_TIMEOUT).build().unwrap();
        let (calls, forgotten) = (JoinSet::new(), Vec::new());
        Self { lab, servers, channel, spreads, calls, number: 0, forgotten }
    }

    async fn run(&mut self, operation: Operation) -> Result<(), TestCaseError> {
        match operation {
            Operation::Endpoints(numbers) => {
                // A server that is let go takes its pause along.
                self.forgotten.push(self.lab.now());
                let servers: Vec<Server> =
                    numbers.iter().map(|number| self.servers[*number].clone()).collect();
                self.lab.knows(&servers);
            }
            Operation::ResolverError => {
                self.lab.resolver.set_error(Status::unavailable("no registry"));
            }
            Operation::Door(server, door) => {
                self.servers[server].door(door);
            }
            Operation::Answer(server, how) => {
                self.servers[server].answer(how);
            }
            Operation::Cut(server) => {
                self.servers[server].cut();
            }
            Operation::Goaway(server) => {
                self.servers[server].goaway();
            }
            Operation::Call { waits, streams, timeout } => self.call(waits, streams, timeout),
            Operation::Pass(time) => self.pass(time).await?,
            Operation::ResetBackoff => {
                self.forgotten.push(self.lab.now());
                self.channel.reset_connect_backoff();
            }
            Operation::Connect => self.channel.connect(),
        }
        Ok(())
    }

    /// Lets time pass, in which nobody is knocked at in a loop.
    async fn pass(&mut self, time: Duration) -> Result<(), TestCaseError> {
        let before: Vec<usize> = self.servers.iter().map(|one| one.attempts().len()).collect();
        pass(time).await;
        let most = 4 + 2 * self.calls.len() + usize::try_from(time.as_secs()).unwrap();
        for (server, before) in self.servers.iter().zip(before) {
            let count = server.attempts().len() - before;
            prop_assert!(count <= most, "{} attempts in {:?} at {:?}", count, time, server);
        }
        match self.channel.state() {
            // Idleness forgets pauses, too.
            Idle => self.forgotten.push(self.lab.now()),
            Ready => prop_assert!(self.lab.network.open() > 0, "READY with no connection"),
            Connecting | TransientFailure | Shutdown => {}
        }
        Ok(())
    }

    /// Makes a call beside the others, which must end in its time.
    fn call(&mut self, waits: bool, streams: bool, timeout: Duration) {
        let client = GreeterClient::new(self.channel.clone());
        let network = self.lab.network.clone();
        let number = self.number;
        self.number += 1;
        self.calls.spawn(async move {
            let began = network.now();
            let code = one_call(&client, number, waits, streams, timeout).await;
            let took = network.now() - began;
            if !matches!(code, Code::Ok | Code::Unavailable | Code::DeadlineExceeded) {
                return Err(format!("call {number} ended with {code}"));
            }
            if took > timeout + ms(2) {
                return Err(format!("call {number} took {took:?} of {timeout:?}"));
            }
            Ok(())
        });
    }

    /// Every call has ended in its time, with a code that such a life explains.
    async fn no_call_hangs(&mut self) -> Result<(), TestCaseError> {
        let began = self.lab.now();
        while let Some(outcome) = self.calls.join_next().await {
            let outcome = outcome.map_err(|panic| TestCaseError::fail(panic.to_string()))?;
            outcome.map_err(TestCaseError::fail)?;
        }
        prop_assert!(self.lab.now() - began <= LONGEST_CALL + ms(2));
        Ok(())
    }

    /// One server looks at a call, once. One that refuses it does not look, and is asked once more at most.
    fn each_call_came_once(&self) -> Result<(), TestCaseError> {
        let mut seen: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for call in self.servers.iter().flat_map(Server::calls) {
            let name = call.headers["x-call"].to_str().unwrap().to_owned();
            let (looks, refusals) = seen.entry(name).or_default();
            *(if call.answer == Answer::Refuses { refusals } else { looks }) += 1;
        }
        for (name, (looks, refusals)) in seen {
            prop_assert!(
                looks <= 1 && looks + refusals <= 2,
                "call {}: {} {}",
                name,
                looks,
                refusals
            );
        }
        Ok(())
    }

    /// After an attempt that failed is a pause, unless something made the channel forget it.
    fn attempts_keep_their_distance(&self) -> Result<(), TestCaseError> {
        for server in &self.servers {
            for pair in server.met().windows(2) {
                let [(one, door), (next, _)] = pair else { continue };
                let gap = *next - *one;
                let is_forgotten = self.forgotten.iter().any(|at| one <= at && at <= next);
                let keeps = !fails(*door) || gap + ms(1) >= PAUSE || is_forgotten;
                prop_assert!(
                    keeps || self.another_won(server, *one, *next),
                    "{:?} between two attempts at {:?}",
                    gap,
                    server
                );
            }
        }
        Ok(())
    }

    /// Whether pick_first may have had a connection elsewhere in between: it then lets all other addresses go, and what it
    /// knew of them.
    fn another_won(&self, server: &Server, one: Duration, next: Duration) -> bool {
        let others = self.servers.iter().filter(|other| other.address() != server.address());
        let mut met = others.flat_map(Server::met);
        !self.spreads && met.any(|(at, door)| !fails(door) && at + s(5) >= one && at <= next)
    }

    /// Whatever it went through: where servers are well again, so is the channel; and without calls it comes to rest.
    async fn it_recovers(&mut self) -> Result<(), TestCaseError> {
        for server in &self.servers {
            server.door(Door::Opens).answer(Answer::Address);
        }
        self.lab.knows(&self.servers[1..3]);
        settle().await;
        // An attempt that hangs at most, and a pause at most.
        let ready = self.channel.wait_ready(s(5) + s(8) + s(1)).await;
        prop_assert!(ready.is_ok(), "{:?}", ready);
        self.call(true, false, s(14));
        self.no_call_hangs().await?;
        prop_assert_eq!(self.channel.state(), Ready);
        let last = self.servers.iter().flat_map(Server::calls).map(|call| call.at).max();
        prop_assert!(last.is_some_and(|at| at + ms(2) >= self.lab.now()), "nobody was asked");
        pass(IDLE_TIMEOUT + ms(2)).await;
        prop_assert_eq!((self.channel.state(), self.lab.network.open()), (Idle, 0));
        Ok(())
    }
}

/// Whether an attempt that meets this door fails.
fn fails(door: Door) -> bool {
    matches!(door, Door::Refuses | Door::RefusesAfter(_) | Door::Closes | Door::Silent | Door::Mute)
}

async fn one_call(
    client: &GreeterClient,
    number: usize,
    waits: bool,
    streams: bool,
    timeout: Duration,
) -> Code {
    let name = number.to_string();
    let outcome = if streams {
        let call = client.list_hellos(hello("Ada")).wait_for_ready(waits).timeout(timeout);
        match call.metadata("x-call", &*name).unwrap().await {
            Ok(replies) => to_its_end(replies).await,
            Err(status) => Err(status),
        }
    } else {
        let call = client.say_hello(hello("Ada")).wait_for_ready(waits).timeout(timeout);
        call.metadata("x-call", &*name).unwrap().await.map(drop)
    };
    outcome.err().map_or(Code::Ok, |status| status.code())
}

async fn to_its_end(mut replies: Streaming<HelloReply>) -> Result<(), Status> {
    while replies.message().await?.is_some() {}
    Ok(())
}

async fn live(
    spreads: bool,
    operations: Vec<Operation>,
    closes: bool,
) -> Result<(), TestCaseError> {
    let mut life = Life::new(spreads);
    for operation in operations {
        life.run(operation).await?;
    }
    life.no_call_hangs().await?;
    life.each_call_came_once()?;
    life.attempts_keep_their_distance()?;
    life.it_recovers().await?;
    life.call(true, false, s(9));
    settle().await;
    let Life { lab, channel, mut calls, .. } = life;
    if closes {
        channel.close();
        prop_assert_eq!(channel.state(), Shutdown);
    }
    drop(channel);
    while calls.join_next().await.is_some() {}
    settle().await;
    prop_assert_eq!(lab.network.open(), 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_life_keeps_the_rules(
        operations in prop::collection::vec(operation(), 0..40),
        spreads: bool,
        closes: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(live(spreads, operations, closes))?;
    }
}
