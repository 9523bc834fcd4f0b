//! What `pick_first` does about each event.
//!
//! It is told of subchannels and timers, and keeps to itself no time and no connection. Which address comes when is
//! decided in `order`, before.

use std::sync::Arc;
use std::time::Duration;

use crate::connectivity::ConnectivityState;
use crate::lb::context::Context;
use crate::lb::endpoint::Endpoint;
use crate::lb::failure;
use crate::lb::pick_first::PickFirstConfig;
use crate::lb::pick_first::candidates::{Candidates, Turn};
use crate::lb::pick_first::order;
use crate::lb::picker::{FailPicker, OnePicker, QueuePicker};
use crate::lb::policy::{Policy, Rejected, Update};
use crate::lb::subchannel::{SubchannelId, SubchannelState, TimerId};
use crate::status::Status;

/// The policy itself.
#[derive(Debug)]
pub(super) struct Machine {
    connection_attempt_delay: Duration,
    config: PickFirstConfig,
    /// As the resolver gave them; to tell whether an update changes anything.
    endpoints: Vec<Endpoint>,
    candidates: Candidates,
    note: Option<String>,
    /// Why an attempt failed, the last time that one did and none succeeded since.
    last_failure: Option<Status>,
    state: State,
}

/// ```text
///           endpoints                 one READY
///   EMPTY ------------> CONNECTING ---------------> SELECTED
///                        ^      |                    ^  |  |
///            exit_idle   |      | all failed         |  |  | it reconnects:
///   IDLE ----------------+      v                    |  |  | CONNECTING
///    ^                       FAILING ----------------+  |  +----------->
///    |                     (until READY)   one READY    |
///    +--------------------------------------------------+
///                    lost, or its address left
///
///   any --- no endpoints ---> EMPTY
/// ```
#[derive(Debug)]
enum State {
    /// There is nothing to connect to.
    Empty,
    /// There are addresses; nobody wants a connection. Reports IDLE.
    Idle,
    /// The first pass over the addresses. Reports CONNECTING.
    Connecting(Pass),
    /// A pass failed. Every address is tried again after its own backoff. Reports TRANSIENT_FAILURE throughout, and counts
    /// failures since it last said why.
    Failing { failures: usize },
    /// As `Failing`, and new addresses are being tried in order.
    FailingPass(Pass),
    /// One connection; no other subchannels. Reports READY.
    Selected(SubchannelId),
}

/// A walk over the addresses, next to next.
#[derive(Debug)]
struct Pass {
    /// The address whose turn it is; past the end when all have had theirs.
    index: usize,
    /// When to start the next although this one goes on (gRFC A61, Happy Eyeballs). None where there is no next.
    timer: Option<TimerId>,
}

impl Machine {
    pub(super) fn new(connection_attempt_delay: Duration) -> Machine {
        Machine {
            connection_attempt_delay,
            config: PickFirstConfig::default(),
            endpoints: Vec::new(),
            candidates: Candidates::default(),
            note: None,
            last_failure: None,
            state: State::Empty,
        }
    }

    fn go_empty(&mut self, context: &mut Context<'_>) -> Rejected {
        self.leave_pass(context);
        self.candidates.replace(Vec::new(), context);
        self.state = State::Empty;
        let status = failure::no_endpoints(self.note.as_deref(), self.last_failure.take().as_ref());
        fail(status.clone(), context);
        Rejected::new(status)
    }

    fn go_idle(&mut self, context: &mut Context<'_>) {
        self.leave_pass(context);
        self.state = State::Idle;
        let picker = QueuePicker::after(self.last_failure.clone());
        context.publish(ConnectivityState::Idle, Arc::new(picker));
        context.request_reresolution();
    }

    fn go_connecting(&mut self, context: &mut Context<'_>) {
        self.state = State::Connecting(Pass { index: 0, timer: None });
        self.publish_connecting(context);
        self.begin_pass(context);
    }

    fn go_selected(&mut self, index: usize, context: &mut Context<'_>) {
        let Some(attempt) = self.candidates.attempt(index) else { return };
        let subchannel = attempt.subchannel.clone();
        self.leave_pass(context);
        self.candidates.keep_only(subchannel.id(), context);
        self.last_failure = None;
        self.state = State::Selected(subchannel.id());
        context.publish(ConnectivityState::Ready, Arc::new(OnePicker::new(subchannel)));
    }

    /// Starts over at the first address, in a state that has a pass.
    fn begin_pass(&mut self, context: &mut Context<'_>) {
        self.candidates.begin_pass();
        self.leave_pass(context);
        if let Some(pass) = self.pass() {
            pass.index = 0;
        }
        self.walk(context);
    }

    /// The address whose turn it is has failed, or has had its time to itself.
    fn next_turn(&mut self, context: &mut Context<'_>) {
        self.leave_pass(context);
        if let Some(pass) = self.pass() {
            pass.index += 1;
        }
        self.walk(context);
    }

    /// Starts the address whose turn it is, or the first after it that is not in backoff.
    fn walk(&mut self, context: &mut Context<'_>) {
        let (State::Connecting(pass) | State::FailingPass(pass)) = &mut self.state else { return };
        loop {
            match self.candidates.start(pass.index, context) {
                Some(Turn::Started) => {
                    if pass.index + 1 < self.candidates.len() {
                        pass.timer = Some(context.start_timer(self.connection_attempt_delay));
                    }
                    return;
                }
                Some(Turn::Failed) => {
                    let state = self.candidates.attempt(pass.index).map(|attempt| &attempt.state);
                    if let Some(SubchannelState::TransientFailure(status)) = state {
                        self.last_failure = Some(status.clone());
                    }
                    pass.index += 1;
                }
                Some(Turn::Ready) => {
                    let index = pass.index;
                    return self.go_selected(index, context);
                }
                None => return self.end_pass(context),
            }
        }
    }

    /// The pass is over when all addresses have had their turn and the last of their attempts has failed.
    fn end_pass(&mut self, context: &mut Context<'_>) {
        let len = self.candidates.len();
        let at_end = self.pass().is_some_and(|pass| pass.index >= len);
        if !at_end || !self.candidates.have_all_failed() {
            return;
        }
        self.leave_pass(context);
        self.state = State::Failing { failures: 0 };
        self.publish_failure(context);
        context.request_reresolution();
        self.candidates.start_all_idle(context);
    }

    fn pass(&mut self) -> Option<&mut Pass> {
        match &mut self.state {
            State::Connecting(pass) | State::FailingPass(pass) => Some(pass),
            State::Empty | State::Idle | State::Failing { .. } | State::Selected(_) => None,
        }
    }

    /// Withdraws the timer of a pass, if there is one.
    fn leave_pass(&mut self, context: &mut Context<'_>) {
        if let Some(timer) = self.pass().and_then(|pass| pass.timer.take()) {
            context.cancel_timer(timer);
        }
    }

    fn publish_connecting(&self, context: &mut Context<'_>) {
        let last = self.last_failure.as_ref().map(|_| self.failure());
        let picker = QueuePicker::after(last).with_waits_for(self.candidates.silence());
        context.publish(ConnectivityState::Connecting, Arc::new(picker));
    }

    fn publish_failure(&self, context: &mut Context<'_>) {
        fail(self.failure(), context);
    }

    fn failure(&self) -> Status {
        let tried = self.candidates.len();
        failure::unreachable(self.last_failure.as_ref(), tried, "addresses", self.note.as_deref())
    }

    fn is_failing(&self) -> bool {
        matches!(self.state, State::Failing { .. } | State::FailingPass(_))
    }

    fn on_selected_state(&mut self, state: SubchannelState, context: &mut Context<'_>) {
        match state {
            SubchannelState::Idle => self.go_idle(context),
            // gRFC A105: a subchannel that had several connections may go straight on to the next attempt.
            SubchannelState::Connecting => self.go_connecting(context),
            SubchannelState::TransientFailure(status) => {
                self.last_failure = Some(status);
                self.go_connecting(context);
            }
            SubchannelState::Ready => {}
        }
    }

    fn on_failed(&mut self, index: usize, status: Status, context: &mut Context<'_>) {
        self.last_failure = Some(status);
        let tried = self.candidates.len();
        match &mut self.state {
            State::Connecting(pass) | State::FailingPass(pass) => {
                let is_its_turn = pass.index == index;
                if is_its_turn {
                    self.next_turn(context);
                } else {
                    self.end_pass(context);
                }
                // Still so: what queued calls would be told if their deadline passed has changed.
                if matches!(self.state, State::Connecting(_)) {
                    self.publish_connecting(context);
                }
            }
            State::Failing { failures } => {
                *failures += 1;
                if *failures >= tried {
                    *failures = 0;
                    self.publish_failure(context);
                    context.request_reresolution();
                }
            }
            State::Empty | State::Idle | State::Selected(_) => {}
        }
    }
}

impl Policy for Machine {
    fn update(&mut self, update: Update, context: &mut Context<'_>) -> Result<(), Rejected> {
        let config = update.config.get::<PickFirstConfig>().copied().unwrap_or_default();
        let is_same = update.endpoints == self.endpoints && config == self.config;
        let is_note_new = update.note != self.note;
        self.note = update.note;
        self.config = config;
        self.endpoints = update.endpoints;
        if self.endpoints.is_empty() {
            return Err(self.go_empty(context));
        }
        if is_same {
            if is_note_new && self.is_failing() {
                self.publish_failure(context);
            }
            return Ok(());
        }
        let places = if config.shuffles {
            order::places(&order::shuffled(&self.endpoints, || context.random()))
        } else {
            order::places(&self.endpoints)
        };
        self.candidates.replace(places, context);
        match &self.state {
            State::Empty => self.go_connecting(context),
            State::Idle => {}
            State::Connecting(_) => self.begin_pass(context),
            State::Failing { .. } => {
                self.state = State::FailingPass(Pass { index: 0, timer: None });
                self.begin_pass(context);
            }
            State::FailingPass(_) => self.begin_pass(context),
            State::Selected(selected) => {
                if !self.candidates.contains(*selected) {
                    self.go_idle(context);
                }
            }
        }
        Ok(())
    }

    fn on_resolver_error(&mut self, error: Status, context: &mut Context<'_>) {
        if let State::Empty = self.state {
            return fail(error, context);
        }
        self.note = Some(failure::note_of(&error));
        if self.is_failing() {
            self.publish_failure(context);
        }
    }

    fn on_subchannel_state(
        &mut self,
        subchannel: SubchannelId,
        state: SubchannelState,
        context: &mut Context<'_>,
    ) {
        let Some((index, before)) = self.candidates.note(subchannel, state.clone()) else { return };
        if let State::Selected(_) = self.state {
            return self.on_selected_state(state, context);
        }
        match state {
            SubchannelState::Ready => self.go_selected(index, context),
            SubchannelState::TransientFailure(status) => self.on_failed(index, status, context),
            SubchannelState::Connecting => {}
            SubchannelState::Idle => match (&self.state, before) {
                // Connected and lost again between two looks; as if it had been READY.
                (
                    State::Connecting(_) | State::FailingPass(_) | State::Failing { .. },
                    SubchannelState::Connecting,
                ) => {
                    self.last_failure = None;
                    self.candidates.keep_only(subchannel, context);
                    self.go_idle(context);
                }
                (State::Failing { .. }, _) => self.candidates.start_all_idle(context),
                // Its turn is over; it is tried again when the pass is.
                (State::Connecting(_) | State::FailingPass(_), _) => {}
                (State::Empty | State::Idle | State::Selected(_), _) => {}
            },
        }
    }

    fn on_timeout(&mut self, timer: TimerId, context: &mut Context<'_>) {
        if let Some(pass) = self.pass()
            && pass.timer == Some(timer)
        {
            pass.timer = None;
            self.next_turn(context);
        }
    }

    fn exit_idle(&mut self, context: &mut Context<'_>) {
        if let State::Idle = self.state {
            self.go_connecting(context);
        }
    }
}

fn fail(status: Status, context: &mut Context<'_>) {
    context.publish(ConnectivityState::TransientFailure, Arc::new(FailPicker::new(status)));
}
