//! [`DnsResolver`]: carries out what [`Pace`] says.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use crate::resolver::dns::factory::Settings;
use crate::resolver::dns::lookup::{Addresses, Found, Query, Text, look_up};
use crate::resolver::dns::pace::{Pace, Step};
use crate::resolver::{Resolver, ResolverUpdate, ServiceConfigUpdate, UpdateOutcome};
use crate::rt;

/// Resolves one name, again and again.
pub(in crate::resolver) struct DnsResolver {
    query: Query,
    settings: Settings,
    pace: Pace,
    work: Work,
    /// The last service config that could be known.
    service_config: ServiceConfigUpdate,
    /// The lots drawn so far, one for each choice of a service config.
    #[cfg(feature = "dns")]
    lots: Vec<f64>,
}

/// What is waited for.
enum Work {
    Nothing,
    Lookup(Pin<Box<dyn Future<Output = Found> + Send>>),
    Pause(Instant, Pin<Box<rt::Sleep>>),
}

impl DnsResolver {
    /// Does nothing until it is polled.
    pub(in crate::resolver) fn new(query: Query, settings: Settings) -> Self {
        Self {
            pace: Pace::new(settings.minimum_interval),
            query,
            settings,
            work: Work::Nothing,
            service_config: ServiceConfigUpdate::None,
            #[cfg(feature = "dns")]
            lots: Vec::new(),
        }
    }

    fn start(&mut self) {
        self.pace.on_started();
        let deadline =
            rt::now().checked_add(self.settings.timeout).unwrap_or_else(|| rt::now() + LONGEST);
        let lookup = look_up(self.query.clone(), self.settings.clone(), deadline);
        self.work = Work::Lookup(Box::pin(lookup));
    }

    fn conclude(&mut self, found: Found) -> ResolverUpdate {
        self.note_text(found.text);
        let update = match found.addresses {
            Ok(addresses) => {
                self.pace.on_found(rt::now());
                match addresses {
                    Addresses::Some(all) => ResolverUpdate::endpoints(self.query.endpoints(all)),
                    Addresses::None(why) => ResolverUpdate::endpoints([]).with_note(why),
                }
            }
            Err(error) => {
                self.pace.on_failed(rt::now(), rt::random());
                let status = error.into_status();
                tracing::debug!(host = self.query.host, %status, "resolution failed");
                ResolverUpdate::error(status)
            }
        };
        update.with_service_config(self.service_config.clone())
    }

    #[cfg(feature = "dns")]
    fn note_text(&mut self, text: Text) {
        use crate::resolver::dns::canary;
        self.service_config = match text {
            Text::None => ServiceConfigUpdate::None,
            Text::Failed => return,
            Text::Some(text) => {
                let lots = &mut self.lots;
                let mut draw = |choice: usize| {
                    while lots.len() <= choice {
                        lots.push(rt::random());
                    }
                    lots[choice]
                };
                canary::choose(&text, &canary::host_name(), &mut draw)
                    .unwrap_or_else(|error| error.into_update(&self.query.host))
            }
        };
    }

    #[cfg(not(feature = "dns"))]
    fn note_text(&mut self, text: Text) {
        let _always_none = text;
    }
}

impl Resolver for DnsResolver {
    fn poll_update(&mut self, context: &mut Context<'_>) -> Poll<ResolverUpdate> {
        loop {
            match self.pace.step(rt::now()) {
                Step::Resolve => self.start(),
                Step::GoOn => {
                    let Work::Lookup(lookup) = &mut self.work else {
                        // What was under way is gone, which nothing here does; begin anew.
                        self.start();
                        continue;
                    };
                    let found = ready!(lookup.as_mut().poll(context));
                    self.work = Work::Nothing;
                    return Poll::Ready(self.conclude(found));
                }
                Step::WaitUntil(instant) => match &mut self.work {
                    Work::Pause(until, sleep) if *until == instant => {
                        ready!(sleep.as_mut().poll(context));
                        self.work = Work::Nothing;
                    }
                    Work::Pause(..) | Work::Nothing | Work::Lookup(_) => {
                        self.work = Work::Pause(instant, Box::pin(rt::sleep_until(instant)));
                    }
                },
                Step::WaitForRequest => {
                    self.work = Work::Nothing;
                    return Poll::Pending;
                }
            }
        }
    }

    fn resolve_now(&mut self) {
        self.pace.on_request();
    }

    fn on_outcome(&mut self, outcome: UpdateOutcome) {
        self.pace.on_outcome(outcome, rt::now(), rt::random());
    }
}

impl fmt::Debug for DnsResolver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DnsResolver")
            .field("query", &self.query)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

/// In place of a timeout that no clock reaches.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
