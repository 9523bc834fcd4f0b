//! [`Subchannels`]: all of one channel, and the servers that they share.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::address::Address;
use crate::attributes::Attributes;
use crate::lb::{Subchannel, SubchannelId, SubchannelState};
use crate::rt;
use crate::status::Status;
use crate::subchannel::attempt::Attempt;
use crate::subchannel::failure::{self, AttemptError};
use crate::subchannel::machine::Loss;
use crate::subchannel::server::{Explained, Server, Stage};
use crate::subchannel::{Event, Happened, Reporter, ServerId, Settings};
use crate::transport::h2::{Connection, LastUse, TransportError, Usage};

/// All subchannels of a channel.
pub(crate) struct Subchannels {
    settings: Arc<Settings>,
    reporter: Reporter,
    held: HashMap<SubchannelId, Held>,
    servers: HashMap<ServerId, Server>,
    /// The servers at an address: one for each set of attributes.
    at: HashMap<Address, Vec<ServerId>>,
    /// When backoffs end.
    pauses: BTreeSet<(Instant, ServerId)>,
    /// What the policy is still to be told, in order.
    news: VecDeque<(SubchannelId, SubchannelState)>,
    /// Connections that nobody picks any more, as long as calls use them.
    draining: Vec<Draining>,
    last_use: Option<Instant>,
    /// What happened last, for whoever asks why.
    last_event: Option<Status>,
    next: ServerId,
}

/// One subchannel of the policy.
struct Held {
    subchannel: Subchannel,
    server: ServerId,
    /// Whether the policy asked it to connect since it was last told that it is IDLE. Only then is it told of states.
    is_wanted: bool,
}

/// A connection that only calls keep. Of its use there is word also when they have ended, and it with them.
struct Draining {
    connection: Weak<Connection>,
    usage: Usage,
}

/// Whether calls use the channel's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Some do now.
    Now,
    /// None does; the last ended then, if there was one.
    Since(Option<Instant>),
}

impl Subchannels {
    /// Without any.
    pub(crate) fn new(settings: Arc<Settings>, reporter: Reporter) -> Self {
        Self {
            settings,
            reporter,
            held: HashMap::new(),
            servers: HashMap::new(),
            at: HashMap::new(),
            pauses: BTreeSet::new(),
            news: VecDeque::new(),
            draining: Vec::new(),
            last_use: None,
            last_event: None,
            next: 0,
        }
    }

    /// A policy made a subchannel. It is IDLE, also where it shares a connection.
    pub(crate) fn create(
        &mut self,
        subchannel: Subchannel,
        address: Address,
        attributes: Attributes,
    ) {
        let server = self.server_at(address, attributes);
        let id = subchannel.id();
        if let Some(server) = self.servers.get_mut(&server) {
            server.users.push(id);
        }
        self.held.insert(id, Held { subchannel, server, is_wanted: false });
    }

    /// A policy wants a subchannel connected.
    pub(crate) fn connect(&mut self, id: SubchannelId, now: Instant) {
        let Some(held) = self.held.get_mut(&id) else { return };
        if held.is_wanted {
            return;
        }
        held.is_wanted = true;
        let place = held.server;
        let Some(server) = self.servers.get_mut(&place) else { return };
        match &server.stage {
            Stage::Nothing => self.start(place, now),
            // Somebody else asked before: it joins.
            Stage::Attempt { .. } => self.news.push_back((id, SubchannelState::Connecting)),
            Stage::Connected(connection) => {
                held.subchannel.slot().set(Some(Arc::clone(connection) as _));
                self.news.push_back((id, SubchannelState::Connecting));
                self.news.push_back((id, SubchannelState::Ready));
            }
            Stage::Backoff { status, .. } => {
                let failed = SubchannelState::TransientFailure(status.clone());
                self.news.push_back((id, failed));
            }
        }
    }

    /// A policy lets a subchannel go. Calls on its connection end in their own time; when nobody else holds
    /// the server, the connection closes after them.
    pub(crate) fn remove(&mut self, id: SubchannelId) {
        let Some(held) = self.held.remove(&id) else { return };
        held.subchannel.slot().set(None);
        let Some(server) = self.servers.get_mut(&held.server) else { return };
        server.users.retain(|user| *user != id);
        if server.users.is_empty() && !server.outlives_its_users() {
            self.forget(held.server);
        }
    }

    /// Lets all of them go.
    pub(crate) fn clear(&mut self) {
        let all: Vec<SubchannelId> = self.held.keys().copied().collect();
        for id in all {
            self.remove(id);
        }
        self.news.clear();
    }

    /// Ends all connections at once, whoever uses them.
    pub(crate) fn close(&mut self) {
        for server in self.servers.values() {
            server.connection().into_iter().for_each(|connection| connection.close());
        }
        for draining in self.draining.drain(..) {
            draining.connection.upgrade().into_iter().for_each(|connection| connection.close());
        }
        self.clear();
    }

    /// Takes in what an attempt or a connection reported.
    pub(crate) fn on_event(&mut self, event: Event, now: Instant, random: f64) {
        let Event { server: id, attempt, what } = event;
        let Some(server) = self.servers.get_mut(&id) else { return };
        if server.attempts != attempt {
            return;
        }
        match what {
            Happened::Connected(connection) => self.on_connected(id, Arc::new(connection), now),
            Happened::Failed(error) => self.on_failed(id, error, now),
            Happened::Left(error) => {
                // Before it was connected: that is noticed when it is.
                if let Stage::Connected(_) = server.stage {
                    self.on_lost(id, error, now, random);
                }
            }
        }
    }

    /// When something is to be done without an event; then comes [`on_timeout`](Subchannels::on_timeout).
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.pauses.first().map(|(until, _)| *until)
    }

    /// Ends the pauses that are over.
    pub(crate) fn on_timeout(&mut self, now: Instant) {
        while let Some(&(until, id)) = self.pauses.first()
            && until <= now
        {
            self.pauses.pop_first();
            if let Some(server) = self.servers.get_mut(&id)
                && server.machine.on_timeout(now)
            {
                self.on_idle(id, None);
            }
        }
    }

    /// Forgets all failures: pauses are over, and the next ones begin small.
    pub(crate) fn reset_backoff(&mut self) {
        self.pauses.clear();
        let mut paused = Vec::new();
        for (id, server) in &mut self.servers {
            if server.machine.reset_backoff() {
                paused.push(*id);
            }
        }
        for id in paused {
            self.on_idle(id, None);
        }
    }

    /// The next thing the policy is to be told.
    pub(crate) fn next_news(&mut self) -> Option<(SubchannelId, SubchannelState)> {
        // What was let go in the meantime is not spoken of any more.
        std::iter::from_fn(|| self.news.pop_front()).find(|(id, _)| self.held.contains_key(id))
    }

    /// What happened last to any of them, as a status for people.
    pub(crate) fn last_event(&self) -> Option<&Status> {
        self.last_event.as_ref()
    }

    /// What happened is of no interest any more.
    pub(crate) fn forget_last_event(&mut self) {
        self.last_event = None;
    }

    /// Whether calls use the connections, those included that are only kept for them.
    pub(crate) fn usage(&mut self) -> Use {
        let mut usage = Use::Since(self.last_use);
        let connected = self.servers.values().filter_map(Server::connection);
        let connected = connected.map(|connection| connection.usage());
        for one in connected.chain(self.draining.iter().map(|draining| draining.usage.clone())) {
            usage = match (usage, one.last_use()) {
                (Use::Now, _) | (_, LastUse::Now) => return Use::Now,
                (Use::Since(one), LastUse::Ended(other)) => Use::Since(one.max(Some(other))),
                (before @ Use::Since(_), LastUse::Never) => before,
            };
        }
        if let Use::Since(since) = usage {
            self.last_use = since;
            self.draining.retain(|draining| draining.connection.strong_count() > 0);
        }
        usage
    }

    fn server_at(&mut self, address: Address, attributes: Attributes) -> ServerId {
        let servers = &self.servers;
        let at = self.at.entry(address.clone()).or_default();
        let is_it =
            |id: &&ServerId| servers.get(*id).is_some_and(|server| server.attributes == attributes);
        if let Some(id) = at.iter().find(is_it) {
            return *id;
        }
        self.next += 1;
        let id = self.next;
        at.push(id);
        let server = Server::new(address, attributes, self.settings.backoff);
        self.servers.insert(id, server);
        id
    }

    fn start(&mut self, id: ServerId, now: Instant) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        let Some(start) = server.machine.on_connect(now, rt::random()) else { return };
        server.attempts += 1;
        let attempt = Attempt {
            settings: Arc::clone(&self.settings),
            address: server.address.clone(),
            attributes: server.attributes.clone(),
            deadline: start.deadline,
            of: Event { server: id, attempt: server.attempts, what: () },
            reporter: Arc::clone(&self.reporter),
        };
        let _task = rt::spawn(attempt.run());
        server.stage = Stage::Attempt { number: start.number, _task };
        self.tell(id, &SubchannelState::Connecting, None);
    }

    fn on_connected(&mut self, id: ServerId, connection: Arc<Connection>, now: Instant) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        server.machine.on_connected(now);
        let is_leaving = connection.is_leaving();
        let end = connection.end().cloned();
        server.stage = Stage::Connected(connection);
        self.tell(id, &SubchannelState::Ready, None);
        if is_leaving {
            // It left before anyone could be told.
            self.on_lost(id, end, now, rt::random());
        }
    }

    fn on_failed(&mut self, id: ServerId, error: AttemptError, now: Instant) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        let Stage::Attempt { number, .. } = server.stage else { return };
        let until = server.machine.on_failed(now);
        let next_in = until.saturating_duration_since(now);
        let status = error.into_status(&server.address, number, next_in);
        self.pause(id, until, status);
    }

    fn on_lost(&mut self, id: ServerId, error: Option<TransportError>, now: Instant, random: f64) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        let Some(connection) = server.connection().map(Arc::clone) else { return };
        let was_used = connection.usage().last_use() != LastUse::Never;
        self.draining.push(Draining::of(&connection));
        match server.machine.on_lost(now, was_used, random) {
            Loss::Idle => {
                let status = failure::lost(&server.address, error);
                self.last_event = Some(status.clone());
                self.on_idle(id, Some(&status));
            }
            Loss::Backoff { until } => {
                let next_in = until.saturating_duration_since(now);
                let status = failure::short_lived(&server.address, error, next_in);
                self.pause(id, until, status);
            }
        }
    }

    fn pause(&mut self, id: ServerId, until: Instant, status: Status) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        self.last_event = Some(status.clone());
        server.stage = Stage::Backoff { until, status: status.clone() };
        self.pauses.insert((until, id));
        self.tell(id, &SubchannelState::TransientFailure(status.clone()), Some(&status));
    }

    fn on_idle(&mut self, id: ServerId, lost: Option<&Status>) {
        if let Some(server) = self.servers.get_mut(&id) {
            server.stage = Stage::Nothing;
            if server.users.is_empty() {
                return self.forget(id);
            }
        }
        self.tell(id, &SubchannelState::Idle, lost);
    }

    /// Tells the users of a server that want to know, and gives them the connection or takes it away.
    fn tell(&mut self, id: ServerId, state: &SubchannelState, why: Option<&Status>) {
        let Some(server) = self.servers.get(&id) else { return };
        tracing::debug!(address = %server.address, state = %Explained(state, why), "subchannel state");
        for user in &server.users {
            let Some(held) = self.held.get_mut(user) else { continue };
            let connection = server.connection().map(|connection| Arc::clone(connection) as _);
            held.subchannel.slot().set(connection.filter(|_| held.is_wanted));
            if held.is_wanted {
                held.is_wanted = *state != SubchannelState::Idle;
                self.news.push_back((*user, state.clone()));
            }
        }
    }

    /// Nobody holds the server any more.
    fn forget(&mut self, id: ServerId) {
        let Some(server) = self.servers.remove(&id) else { return };
        tracing::debug!(address = %server.address, "subchannel removed");
        if let Some(at) = self.at.get_mut(&server.address) {
            at.retain(|other| *other != id);
            if at.is_empty() {
                self.at.remove(&server.address);
            }
        }
        match server.stage {
            Stage::Backoff { until, .. } => {
                self.pauses.remove(&(until, id));
            }
            Stage::Connected(connection) => {
                self.draining.push(Draining::of(&connection));
            }
            Stage::Nothing | Stage::Attempt { .. } => {}
        }
    }
}

impl Draining {
    fn of(connection: &Arc<Connection>) -> Self {
        Self { connection: Arc::downgrade(connection), usage: connection.usage() }
    }
}
