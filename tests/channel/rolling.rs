//! Backends that go and come back one after the other, under load.

use std::time::Duration;

use grpc_runtime::{Code, Delivery, Origin, Status};
use tests::client::{impatient, open, spreading};
use tests::cluster::{Cluster, until_all_answer};
use tests::load::Load;

const ALL: [&str; 3] = ["ada", "bob", "eve"];
const TASKS: usize = 8;
const ROUNDS: usize = 2;
/// Calls between one event and the next.
const SOME: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rolling_restart_costs_no_call() {
    let mut cluster = Cluster::start(ALL);
    let (_channel, greeter) = open(spreading(cluster.target()));
    until_all_answer(&greeter, ALL).await;
    let load = Load::start(&greeter, TASKS);
    for name in ALL.repeat(ROUNDS) {
        load.more(SOME).await;
        cluster[name].shut_down().await;
        load.more(SOME).await;
        cluster[name].restart();
        // It has its share again before the next one goes.
        load.more_of(name, SOME / 10).await;
    }
    let tally = load.stop().await;
    assert_eq!(tally.failed, 0, "of {} calls: {:#?}", tally.answered(), tally.failures);
    for backend in cluster.iter() {
        assert!(backend.counts().connections > ROUNDS, "{:?}", backend.counts());
    }
}

/// Nothing says which of the calls that were on their way a dead server has made, so those fail; and only those.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backend_that_dies_takes_only_the_calls_that_it_had() {
    let mut cluster = Cluster::start(ALL);
    let (_channel, greeter) = open(spreading(cluster.target()));
    until_all_answer(&greeter, ALL).await;
    let load = Load::start(&greeter, TASKS);
    let mut failed = 0;
    for name in ALL.repeat(ROUNDS) {
        load.more(SOME).await;
        assert_eq!(load.tally().failed, failed, "failed with all backends there");
        cluster[name].kill();
        // Each task has one call in flight. Its next one knows better.
        load.more(SOME).await;
        let lost = load.tally().failed;
        assert!(lost - failed <= TASKS, "{} calls failed at once", lost - failed);
        load.more(SOME).await;
        assert_eq!(load.tally().failed, lost, "failed although two backends were there");
        failed = lost;
        cluster[name].restart();
        load.more_of(name, SOME / 10).await;
    }
    let tally = load.stop().await;
    for status in &tally.failures {
        assert_eq!((status.code(), status.origin()), (Code::Unavailable, Origin::Transport));
        assert!(status.message().contains("lost"), "{status}");
    }
}

/// `pick_first` has one connection at a time, so a call may come while there is none; it waits for the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rolling_restart_under_pick_first_costs_no_call() {
    let mut cluster = Cluster::start(["ada", "bob"]);
    let (_channel, greeter) = open(impatient(cluster.target()));
    until_all_answer(&greeter, ["ada"]).await;
    let load = Load::start(&greeter, TASKS);
    for (going, other) in [("ada", "bob"), ("bob", "ada")].repeat(ROUNDS) {
        load.more(SOME).await;
        cluster[going].shut_down().await;
        load.more_of(other, SOME).await;
        cluster[going].restart();
    }
    let tally = load.stop().await;
    assert_eq!(tally.failed, 0, "of {} calls: {:#?}", tally.answered(), tally.failures);
}

/// Servers that say farewell on each connection after a while, which is how a client comes to look for new ones.
///
/// A call that crosses a farewell is made again, but only once where servers have been asked (gRFC A6); on a loaded machine
/// it may cross two. Then it says that no server looked at it, and the program may make it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_of_a_short_life_cost_hardly_a_call() {
    for describe in [impatient, spreading] {
        let mut cluster = Cluster::start(ALL);
        // Not all at once.
        for (backend, age) in cluster.iter_mut().zip([80, 110, 150]) {
            backend.restart_with_connection_age(Duration::from_millis(age));
        }
        let (_channel, greeter) = open(describe(cluster.target()));
        let load = Load::start(&greeter, TASKS);
        let first = &cluster["ada"];
        first.counted("many connections", |counts| counts.connections > 10).await;
        let tally = load.stop().await;
        assert!(tally.failed * 20 <= tally.answered(), "{tally:#?}");
        let is_repeatable = |status: &Status| status.delivery() == Delivery::NotProcessed;
        assert!(tally.failures.iter().all(is_repeatable), "{tally:#?}");
    }
}
