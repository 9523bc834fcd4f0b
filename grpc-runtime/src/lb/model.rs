//! Every policy against a world that does anything: random updates, states, timeouts and calls, also about what is gone.
//!
//! The harness holds the rules of the contract (no name twice, nothing done to what is gone, a published picker picks
//! only what is there); here stand what the policies promise beyond that, recomputed from the world after every step.

use std::time::Duration;

use proptest::prelude::*;

use crate::connectivity::ConnectivityState;
use crate::lb::endpoint::Endpoint;
use crate::lb::graceful_switch::GracefulSwitch;
use crate::lb::harness::{Harness, endpoint};
use crate::lb::pick_first::PickFirst;
use crate::lb::policy::Update;
use crate::lb::registry::{PolicyBuilder, PolicyRegistry};
use crate::lb::round_robin::RoundRobin;
use crate::lb::subchannel::{SubchannelId, SubchannelState, TimerId};
use crate::status::Status;

/// One thing that the world does.
#[derive(Debug, Clone)]
enum Operation {
    /// These endpoints, each by the names of its addresses.
    Update {
        endpoints: Vec<Vec<u8>>,
        policy: bool,
    },
    ResolverError,
    /// The how-manieth subchannel goes on to its next state, well or badly.
    Step {
        which: usize,
        goes_well: bool,
    },
    /// A state of a subchannel that may be gone or never was, which changes nothing in the world.
    Stray {
        id: u64,
        state: u8,
    },
    StrayTimer {
        id: u64,
    },
    Wait {
        millis: u64,
    },
    ExitIdle,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let endpoints = proptest::collection::vec(proptest::collection::vec(0_u8..6, 1..4), 0..5);
    let operation = prop_oneof![
        3 => (endpoints, any::<bool>())
            .prop_map(|(endpoints, policy)| Operation::Update { endpoints, policy }),
        1 => Just(Operation::ResolverError),
        12 => (any::<usize>(), prop::bool::weighted(0.6))
            .prop_map(|(which, goes_well)| Operation::Step { which, goes_well }),
        1 => (0_u64..40, 0_u8..4).prop_map(|(id, state)| Operation::Stray { id, state }),
        1 => (0_u64..40).prop_map(|id| Operation::StrayTimer { id }),
        3 => (0_u64..600).prop_map(|millis| Operation::Wait { millis }),
        2 => Just(Operation::ExitIdle),
    ];
    proptest::collection::vec(operation, 0..60)
}

impl Operation {
    fn happen(&self, harness: &mut Harness, names: Option<[&str; 2]>) {
        match self {
            Self::Update { endpoints, policy } => {
                let mut update = Update::new(endpoints.iter().map(|list| of(list)).collect());
                if let Some(names) = names {
                    let name = names[usize::from(*policy)];
                    let chosen = PolicyRegistry::builtin().choose_by_name(name);
                    update = update.with_config(chosen.expect("a policy of our own"));
                }
                let is_empty = endpoints.is_empty();
                assert_eq!(harness.update(update).is_err(), is_empty);
            }
            Self::ResolverError => harness.resolver_fails("no such name"),
            Self::Step { which, goes_well } => step(harness, *which, *goes_well),
            Self::Stray { id, state } => {
                let id = SubchannelId(*id);
                if !harness.subchannels.contains_key(&id) {
                    harness.tell_id(id, stray(*state));
                }
            }
            Self::StrayTimer { id } => {
                let timer = TimerId(*id);
                if !harness.has_timer(timer) {
                    harness.tell_timeout(timer);
                }
            }
            Self::Wait { millis } => harness.wait(Duration::from_millis(*millis)),
            Self::ExitIdle => harness.exit_idle(),
        }
    }
}

/// Moves one subchannel that was asked to connect, or has got further, along the edges of CS-04.
fn step(harness: &mut Harness, which: usize, goes_well: bool) {
    let movable: Vec<SubchannelId> = harness
        .subchannels
        .iter()
        .filter(|(_, known)| known.is_asked || known.state != SubchannelState::Idle)
        .map(|(id, _)| *id)
        .collect();
    let Some(id) = which.checked_rem(movable.len()).map(|at| movable[at]) else { return };
    let next = match (&harness.subchannels[&id].state, goes_well) {
        (SubchannelState::Idle, _) => SubchannelState::Connecting,
        (SubchannelState::Connecting, true) => SubchannelState::Ready,
        (SubchannelState::Connecting, false) => stray(3),
        (SubchannelState::Ready | SubchannelState::TransientFailure(_), _) => SubchannelState::Idle,
    };
    harness.tell_id(id, next);
}

fn stray(number: u8) -> SubchannelState {
    match number {
        0 => SubchannelState::Idle,
        1 => SubchannelState::Connecting,
        2 => SubchannelState::Ready,
        _ => SubchannelState::TransientFailure(Status::unavailable("refused")),
    }
}

fn of(list: &[u8]) -> Endpoint {
    endpoint(&list.iter().map(|name| format!("s{name}")).collect::<Vec<_>>().join("+"))
}

/// What every policy promises.
fn check(harness: &mut Harness) {
    let picked = harness.pick();
    match harness.state() {
        Some(ConnectivityState::Ready) => assert!(picked.starts_with('s'), "{picked}"),
        Some(ConnectivityState::TransientFailure) => assert!(
            picked.contains("refused") || picked.contains("zero addr") || picked == "no such name",
            "{picked}"
        ),
        Some(ConnectivityState::Connecting | ConnectivityState::Idle) | None => {
            assert_eq!(picked, "queue");
        }
        Some(ConnectivityState::Shutdown) => panic!("a policy does not shut a channel down"),
    }
    let log = harness.log();
    let published = ["READY", "IDLE", "CONNECTING", "TRANSIENT_FAILURE"];
    let count = log.split(", ").filter(|line| published.contains(line)).count();
    assert!(count <= 3, "{log}");
}

/// How many subchannels are in this state.
fn count(harness: &Harness, state: ConnectivityState) -> usize {
    harness.subchannels.values().filter(|known| known.state.connectivity() == state).count()
}

/// Takes all endpoints away; nothing may be left.
fn no_endpoints(mut harness: Harness, config: Option<&str>) {
    let mut update = Update::new(Vec::new());
    if let Some(chosen) = config.and_then(|name| PolicyRegistry::builtin().choose_by_name(name)) {
        update = update.with_config(chosen);
    }
    assert!(harness.update(update).is_err());
    assert_eq!((harness.subchannels.len(), harness.timers()), (0, 0), "all is given back");
}

proptest! {
    #[test]
    fn pick_first_keeps_its_promises(operations in operations()) {
        let mut harness = Harness::new(PickFirst::new().build());
        let mut state = None;
        for operation in &operations {
            let before = state;
            operation.happen(&mut harness, None);
            check(&mut harness);
            state = harness.state();
            let ready = count(&harness, ConnectivityState::Ready);
            prop_assert!(ready <= 1, "at most one is selected");
            prop_assert_eq!(ready == 1, state == Some(ConnectivityState::Ready));
            if ready == 1 {
                prop_assert_eq!((harness.subchannels.len(), harness.timers()), (1, 0));
            }
            prop_assert!(harness.timers() <= 1);
            // Stuck is what has nothing to wait for: no attempt, no backoff, no timer, no call that could start it.
            if state == Some(ConnectivityState::Connecting) {
                prop_assert!(harness.subchannels.values().any(|known| known.is_asked
                    || known.state == SubchannelState::Connecting), "stuck");
            }
            if before == Some(ConnectivityState::TransientFailure)
                && state == Some(ConnectivityState::Connecting)
            {
                prop_assert!(matches!(operation, Operation::Update { .. }), "failure sticks");
            }
        }
        no_endpoints(harness, None);
    }

    #[test]
    fn round_robin_keeps_its_promises(operations in operations()) {
        let mut harness = Harness::new(RoundRobin::new().build());
        let mut has_endpoints = false;
        for operation in &operations {
            operation.happen(&mut harness, None);
            check(&mut harness);
            if let Operation::Update { endpoints, .. } = operation {
                has_endpoints = !endpoints.is_empty();
            }
            let state = harness.state();
            let ready = count(&harness, ConnectivityState::Ready);
            prop_assert_eq!(ready > 0, state == Some(ConnectivityState::Ready));
            // Over as many picks as there are connections, each is picked.
            let mut picked: Vec<String> = (0..ready).map(|_| harness.pick_id()).collect();
            picked.sort();
            picked.dedup();
            prop_assert_eq!(picked.len(), ready);
            prop_assert_ne!(state, Some(ConnectivityState::Idle));
            if has_endpoints && state == Some(ConnectivityState::TransientFailure) {
                prop_assert!(!harness.subchannels.is_empty());
            }
            // Whatever is IDLE was asked to connect, or is next in a pass that goes on.
            let under_way = harness.subchannels.values()
                .any(|known| known.is_asked || known.state != SubchannelState::Idle);
            prop_assert!(!has_endpoints || under_way, "stuck");
        }
        no_endpoints(harness, None);
    }

    /// CS-05, recomputed from the connections; with one address an endpoint, so that each is one connection.
    #[test]
    fn round_robin_reports_what_its_connections_add_up_to(operations in operations()) {
        let mut harness = Harness::new(RoundRobin::new().build());
        for mut operation in operations {
            if let Operation::Update { endpoints, .. } = &mut operation {
                endpoints.iter_mut().for_each(|addresses| addresses.truncate(1));
            }
            operation.happen(&mut harness, None);
            let known = || harness.subchannels.values();
            let sum = if known().any(|known| known.state == SubchannelState::Ready) {
                ConnectivityState::Ready
            } else if known().any(|known| !known.has_failed) {
                ConnectivityState::Connecting
            } else {
                ConnectivityState::TransientFailure
            };
            prop_assert_eq!(harness.state().unwrap_or(sum), sum);
        }
    }

    #[test]
    fn a_switch_keeps_its_promises(operations in operations()) {
        let names = ["pick_first", "round_robin"];
        let mut harness = Harness::new(Box::new(GracefulSwitch::new()));
        for operation in &operations {
            let before = harness.state();
            operation.happen(&mut harness, Some(names));
            check(&mut harness);
            // Calls that were served go on being served, unless a connection was lost or let go.
            if let (Some(ConnectivityState::Ready), Operation::Wait { .. } | Operation::ExitIdle) =
                (before, operation)
            {
                prop_assert_eq!(harness.state(), before);
            }
        }
        // Nothing to serve with is a reason to take over, and then the old one gives back what it has.
        no_endpoints(harness, Some("round_robin"));
    }
}
