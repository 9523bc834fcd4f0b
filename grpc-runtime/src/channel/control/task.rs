//! The task that runs a channel from the first wish for a connection until it is idle again or closed.
//!
//! It owns the resolver, the policy, the subchannels and every timer, takes in one event after the other, and carries out
//! what they ask for. It decides nothing itself.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::backoff::ConnectionBackoff;
use crate::channel::control::balancing::Balancing;
use crate::channel::control::configs::InForce;
use crate::channel::control::idleness::{Verdict, judge};
use crate::channel::control::resolution::{News, Resolution};
use crate::channel::control::timers::Timers;
use crate::channel::control::{Broken, Departure, Event, Settings};
use crate::connectivity::ConnectivityState;
use crate::engine::last_failure;
use crate::lb::{self, Action, GracefulSwitch, Picker, Policy as _, TimerId, Update};
use crate::resolver::{ResolverUpdate, UpdateOutcome};
use crate::retry::Throttle;
use crate::rt;
use crate::service_config::ServiceConfig;
use crate::status::Status;
use crate::subchannel::{Subchannels, Use};
use crate::transport::h2::LastUse;

/// The task's own state.
pub(super) struct ChannelTask {
    departure: Departure,
    events: UnboundedReceiver<Event>,
    resolution: Resolution,
    in_force: InForce,
    balancing: Balancing,
    subchannels: Subchannels,
    timers: Timers<Timer>,
    sleep: Option<(Instant, Pin<Box<rt::Sleep>>)>,
    /// Pauses before a broken resolver or policy is made anew.
    restarts: ConnectionBackoff,
    /// Whether the policy asked for a new resolution in this turn.
    wants_resolution: bool,
    began: Instant,
}

/// When to ..
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Timer {
    /// .. tell the policy that its timer is due.
    Policy(TimerId),
    /// .. end the pauses of subchannels that are over.
    Subchannels,
    /// .. look whether the channel is in use.
    Idleness,
    /// .. make the resolver and the policy anew, where one of them broke.
    Restart,
}

/// What the task wakes for.
enum Turn {
    Event(Event),
    Resolved(News),
    Due,
}

/// Whether there is a next turn.
#[derive(PartialEq, Eq)]
enum Go {
    On,
    Home,
}

impl ChannelTask {
    pub(super) fn new(
        departure: Departure,
        events: UnboundedSender<Event>,
        hears: UnboundedReceiver<Event>,
    ) -> Self {
        let connecting = Arc::clone(&departure.shared.settings.connecting);
        let reporter = Arc::new(move |event| {
            // Nobody is there to hear of it once the task has ended.
            let _ = events.send(Event::Subchannel(event));
        });
        Self {
            departure,
            events: hears,
            resolution: Resolution::none(),
            in_force: InForce::default(),
            balancing: Balancing::new(),
            subchannels: Subchannels::new(connecting, reporter),
            timers: Timers::new(),
            sleep: None,
            restarts: ConnectionBackoff::default(),
            wants_resolution: false,
            began: rt::now(),
        }
    }

    pub(super) async fn run(mut self) {
        let idle_timeout = self.settings().idle_timeout;
        if !idle_timeout.is_zero() {
            self.start_timer(Timer::Idleness, idle_timeout);
        }
        self.restart();
        loop {
            let turn = poll_fn(|context| self.poll_turn(context)).await;
            if self.on_turn(turn) == Go::Home {
                return;
            }
        }
    }

    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        // The sender is in `self`, so this does not end.
        if let Poll::Ready(Some(event)) = self.events.poll_recv(context) {
            return Poll::Ready(Turn::Event(event));
        }
        if let Poll::Ready(news) = self.resolution.poll(context) {
            return Poll::Ready(Turn::Resolved(news));
        }
        let Some(due) = self.timers.next() else { return Poll::Pending };
        if self.sleep.as_ref().is_none_or(|(until, _)| *until != due) {
            self.sleep = Some((due, Box::pin(rt::sleep_until(due))));
        }
        match &mut self.sleep {
            Some((_, sleep)) => sleep.as_mut().poll(context).map(|()| Turn::Due),
            None => Poll::Pending,
        }
    }

    fn on_turn(&mut self, turn: Turn) -> Go {
        match turn {
            Turn::Event(Event::Connect) => {
                self.run_policy(GracefulSwitch::exit_idle);
            }
            Turn::Event(Event::ResetBackoff) => {
                self.subchannels.reset_backoff();
                self.wants_resolution = true;
                self.restarts.reset();
                self.restart();
            }
            Turn::Event(Event::Subchannel(event)) => {
                self.subchannels.on_event(event, rt::now(), rt::random());
            }
            Turn::Event(Event::Close) => {
                self.subchannels.close();
                return Go::Home;
            }
            Turn::Resolved(News::Update(update)) => self.on_update(update),
            Turn::Resolved(News::Broke(status)) => self.on_broken_resolver(status),
            Turn::Due => {
                self.sleep = None;
                while let Some(timer) = self.timers.take_due(rt::now()) {
                    if self.on_timer(timer) == Go::Home {
                        return Go::Home;
                    }
                }
            }
        }
        self.settle();
        Go::On
    }

    fn on_timer(&mut self, timer: Timer) -> Go {
        match timer {
            Timer::Policy(timer) => {
                self.run_policy(|policy, context| policy.on_timeout(timer, context));
            }
            Timer::Subchannels => self.subchannels.on_timeout(rt::now()),
            Timer::Restart => self.restart(),
            Timer::Idleness => return self.look_for_calls(),
        }
        Go::On
    }

    /// Tells the policy all that came of this turn, and the resolver if it is to look again.
    fn settle(&mut self) {
        while let Some((id, state)) = self.subchannels.next_news() {
            self.run_policy(|policy, context| policy.on_subchannel_state(id, state, context));
        }
        match self.subchannels.next_timeout() {
            Some(due) => self.timers.start(Timer::Subchannels, due),
            None => self.timers.cancel(Timer::Subchannels),
        }
        if std::mem::take(&mut self.wants_resolution)
            && let Err(status) = self.resolution.resolve_now()
        {
            self.on_broken_resolver(status);
        }
    }

    fn look_for_calls(&mut self) -> Go {
        let quiet_since =
            match (self.subchannels.usage(), self.departure.shared.published.last_wait()) {
                (Use::Now, _) | (_, LastUse::Now) => None,
                (Use::Since(one), LastUse::Ended(other)) => {
                    Some(self.began.max(other).max(one.unwrap_or(other)))
                }
                (Use::Since(one), LastUse::Never) => {
                    Some(self.began.max(one.unwrap_or(self.began)))
                }
            };
        let now = rt::now();
        match judge(now, quiet_since, self.settings().idle_timeout) {
            Verdict::LookAgain(due) => self.timers.start(Timer::Idleness, due),
            Verdict::BecomeIdle => {
                if self.departure.try_leave(&self.events) {
                    return Go::Home;
                }
                // Somebody wants something: hear of it first.
                self.timers.start(Timer::Idleness, now);
            }
        }
        Go::On
    }

    fn on_update(&mut self, update: ResolverUpdate) {
        let outcome = self.take_update(update);
        if let Err(status) = self.resolution.on_outcome(outcome) {
            self.on_broken_resolver(status);
        }
    }

    /// Puts what the resolver found in force, and says whether all of it could be used.
    fn take_update(&mut self, update: ResolverUpdate) -> UpdateOutcome {
        let ResolverUpdate { endpoints, attributes, note, service_config } = update;
        let shared = Arc::clone(&self.departure.shared);
        let Settings { target, load_balancing, service_configs, .. } = &shared.settings;
        let taken = self.in_force.take(service_config, service_configs);
        let (endpoints, (config, refused)) = match (endpoints, taken) {
            (Ok(endpoints), Ok(taken)) => (endpoints, taken),
            (Err(status), taken) => {
                let config = taken.ok().map(|(config, _)| config);
                return self.without_endpoints(config, status);
            }
            // Without a service config it is not known what to do with endpoints.
            (Ok(_), Err(status)) => return self.without_endpoints(None, status),
        };
        let chosen = config.load_balancing().unwrap_or(load_balancing).clone();
        self.configure(Some(config));
        let mut update = Update::new(endpoints).with_attributes(attributes).with_config(chosen);
        update.note = note;
        let result = self.run_policy(|policy, context| policy.update(update, context));
        match (result, refused) {
            (Some(Ok(())), None) => UpdateOutcome::Accepted,
            (Some(Err(_)) | None, None) => UpdateOutcome::Rejected,
            (_, Some(status)) => {
                let target = target.uri();
                tracing::warn!(%target, %status, "a service config was refused; the one before stays in force");
                UpdateOutcome::Rejected
            }
        }
    }

    fn without_endpoints(
        &mut self,
        config: Option<Arc<ServiceConfig>>,
        status: Status,
    ) -> UpdateOutcome {
        self.configure(config);
        self.run_policy(|policy, context| policy.on_resolver_error(status, context));
        UpdateOutcome::Rejected
    }

    /// Tells calls which service config holds; at the first news of any kind, as they wait for that.
    fn configure(&self, config: Option<Arc<ServiceConfig>>) {
        let shared = &self.departure.shared;
        let default = || Arc::clone(&shared.settings.service_configs.default);
        let before = Arc::clone(&shared.published.load());
        let config = config.or(before.config.clone()).unwrap_or_else(default);
        if before.config.as_ref().is_some_and(|before| Arc::ptr_eq(before, &config)) {
            return;
        }
        let throttling = config.retry_throttling();
        // The tokens are spent by the same calls as before, unless their numbers change.
        let same =
            before.config.as_ref().is_some_and(|before| before.retry_throttling() == throttling);
        let throttle = match same {
            true => before.throttle(),
            false => throttling.map(|throttling| Arc::new(Throttle::new(throttling))),
        };
        drop(shared.published.configure(config, throttle));
    }

    /// Runs the policy and carries out what it asks for.
    fn run_policy<R>(
        &mut self,
        event: impl FnOnce(&mut GracefulSwitch, &mut lb::Context<'_>) -> R,
    ) -> Option<R> {
        match self.balancing.run(event) {
            Ok(None) => None,
            Ok(Some((result, actions))) => {
                actions.into_iter().for_each(|action| self.carry_out(action));
                Some(result)
            }
            Err(status) => {
                self.on_broken_policy(status);
                None
            }
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::CreateSubchannel(subchannel, address, attributes) => {
                self.subchannels.create(subchannel, address, attributes);
            }
            Action::Connect(id) => self.subchannels.connect(id, rt::now()),
            Action::Remove(id) => self.subchannels.remove(id),
            Action::StartTimer(timer, after) => self.start_timer(Timer::Policy(timer), after),
            Action::CancelTimer(timer) => self.timers.cancel(Timer::Policy(timer)),
            Action::Publish(state, picker) => self.publish(state, picker),
            Action::RequestReresolution => self.wants_resolution = true,
        }
    }

    fn publish(&mut self, state: ConnectivityState, picker: Arc<dyn Picker>) {
        let (state, reason) = match state {
            ConnectivityState::Ready => {
                self.subchannels.forget_last_event();
                // Whatever broke before works again.
                self.restarts.reset();
                (state, None)
            }
            // Only the program closes a channel; a policy that says so has nothing to offer.
            ConnectivityState::TransientFailure | ConnectivityState::Shutdown => {
                (ConnectivityState::TransientFailure, last_failure(&*picker))
            }
            ConnectivityState::Idle | ConnectivityState::Connecting => {
                let failure = last_failure(&*picker);
                (state, failure.or_else(|| self.subchannels.last_event().cloned()))
            }
        };
        let shared = &self.departure.shared;
        let why = reason.as_ref().map(tracing::field::display);
        let target = shared.settings.target.uri();
        tracing::debug!(%target, %state, reason = why, "channel state");
        drop(shared.published.publish(state, picker, reason));
    }

    /// Makes what is missing: at the start, and after something broke.
    fn restart(&mut self) {
        self.timers.cancel(Timer::Restart);
        self.balancing.ensure();
        let shared = Arc::clone(&self.departure.shared);
        if let Err(status) = self.resolution.ensure(&shared.settings) {
            self.on_broken_resolver(status);
        }
    }

    /// There is no resolver for now. Servers that were found before stay in use.
    fn on_broken_resolver(&mut self, status: Status) {
        tracing::warn!(target = %self.settings().target.uri(), %status, "the resolver is gone");
        self.configure(None);
        self.run_policy(|policy, context| policy.on_resolver_error(status, context));
        self.restart_later();
    }

    /// There is no policy for now, and so nothing to pick from.
    fn on_broken_policy(&mut self, status: Status) {
        tracing::warn!(target = %self.settings().target.uri(), %status, "the policy is gone");
        self.subchannels.clear();
        self.timers.cancel_all(|timer| matches!(timer, Timer::Policy(_)));
        self.configure(None);
        self.publish(ConnectivityState::TransientFailure, Arc::new(Broken(status)));
        // The next policy has to be told of the servers again.
        self.resolution = Resolution::none();
        self.restart_later();
    }

    fn restart_later(&mut self) {
        let pause = self.restarts.next(rt::random());
        self.start_timer(Timer::Restart, pause);
    }

    fn start_timer(&mut self, timer: Timer, after: std::time::Duration) {
        // One that no clock reaches never comes.
        if let Some(due) = rt::now().checked_add(after) {
            self.timers.start(timer, due);
        }
    }

    fn settings(&self) -> &Settings {
        &self.departure.shared.settings
    }
}
