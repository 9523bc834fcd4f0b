//! What `pick_first` knows of each place that it may connect to, in the order of trying.
//!
//! Bookkeeping without decisions: `machine` makes those.

use std::collections::HashMap;

use crate::address::Address;
use crate::lb::context::Context;
use crate::lb::pick_first::order::Place;
use crate::lb::subchannel::{Subchannel, SubchannelId, SubchannelState};

/// The places, in the order of trying.
#[derive(Debug, Default)]
pub(super) struct Candidates(Vec<Candidate>);

/// A place and its subchannel, once it was its turn.
#[derive(Debug)]
pub(super) struct Candidate {
    place: Place,
    attempt: Option<Attempt>,
}

#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) subchannel: Subchannel,
    /// What was last told of it.
    pub(super) state: SubchannelState,
    /// Asked to connect, and nothing told since.
    is_asked: bool,
    /// Whether it has failed since the pass began.
    has_failed: bool,
}

/// How a place stands when it is its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// An attempt is under way: now started, or earlier.
    Started,
    /// In backoff after an attempt, which counts as one that failed now.
    Failed,
    /// There is a connection.
    Ready,
}

impl Candidates {
    /// Takes these places instead, keeps the subchannels of those that stay and removes the others'.
    pub(super) fn replace(&mut self, places: Vec<Place>, context: &mut Context<'_>) {
        let mut old: HashMap<Address, Vec<Candidate>> = HashMap::new();
        for candidate in self.0.drain(..).filter(|candidate| candidate.attempt.is_some()) {
            old.entry(candidate.place.address.clone()).or_default().push(candidate);
        }
        self.0.extend(places.into_iter().map(|place| {
            let kept = old.get_mut(&place.address).and_then(|same| {
                let at = same.iter().position(|candidate| candidate.place == place)?;
                Some(same.swap_remove(at))
            });
            kept.unwrap_or(Candidate { place, attempt: None })
        }));
        let mut gone: Vec<SubchannelId> =
            old.into_values().flatten().filter_map(|candidate| candidate.id()).collect();
        gone.sort_unstable();
        for subchannel in gone {
            context.remove(subchannel);
        }
    }

    /// Removes all subchannels but this one. The places stay.
    pub(super) fn keep_only(&mut self, subchannel: SubchannelId, context: &mut Context<'_>) {
        for candidate in &mut self.0 {
            if let Some(other) = candidate.id().filter(|other| *other != subchannel) {
                context.remove(other);
                candidate.attempt = None;
            }
        }
    }

    /// From here on failures count anew.
    pub(super) fn begin_pass(&mut self) {
        for attempt in self.0.iter_mut().filter_map(|candidate| candidate.attempt.as_mut()) {
            attempt.has_failed = false;
        }
    }

    /// Sees to it that the place at `index` is tried; `None` past the end.
    pub(super) fn start(&mut self, index: usize, context: &mut Context<'_>) -> Option<Turn> {
        let Candidate { place, attempt } = self.0.get_mut(index)?;
        let attempt = attempt.get_or_insert_with(|| Attempt {
            subchannel: context.create_subchannel(place.address.clone(), place.attributes.clone()),
            state: SubchannelState::Idle,
            is_asked: false,
            has_failed: false,
        });
        Some(match attempt.state {
            SubchannelState::Idle => {
                attempt.ask(context);
                Turn::Started
            }
            SubchannelState::Connecting => Turn::Started,
            SubchannelState::TransientFailure(_) => {
                attempt.has_failed = true;
                Turn::Failed
            }
            SubchannelState::Ready => Turn::Ready,
        })
    }

    /// Asks all that are IDLE to connect.
    pub(super) fn start_all_idle(&mut self, context: &mut Context<'_>) {
        for attempt in self.0.iter_mut().filter_map(|candidate| candidate.attempt.as_mut()) {
            if attempt.state == SubchannelState::Idle {
                attempt.ask(context);
            }
        }
    }

    /// Notes a state and returns the one before and where the place stands; `None` if it is nobody's.
    pub(super) fn note(
        &mut self,
        subchannel: SubchannelId,
        state: SubchannelState,
    ) -> Option<(usize, SubchannelState)> {
        let index = self.0.iter().position(|candidate| candidate.id() == Some(subchannel))?;
        let attempt = self.0[index].attempt.as_mut()?;
        attempt.is_asked = false;
        attempt.has_failed |= matches!(state, SubchannelState::TransientFailure(_));
        Some((index, std::mem::replace(&mut attempt.state, state)))
    }

    /// Whether every place has failed since the pass began.
    pub(super) fn have_all_failed(&self) -> bool {
        self.0
            .iter()
            .all(|candidate| candidate.attempt.as_ref().is_some_and(|attempt| attempt.has_failed))
    }

    /// Whether this subchannel is one of ours.
    pub(super) fn contains(&self, subchannel: SubchannelId) -> bool {
        self.0.iter().any(|candidate| candidate.id() == Some(subchannel))
    }

    pub(super) fn attempt(&self, index: usize) -> Option<&Attempt> {
        self.0.get(index)?.attempt.as_ref()
    }

    /// What is to be said while none has answered; `None` where there is none.
    pub(super) fn silence(&self) -> Option<String> {
        let (first, others) = self.0.split_first()?;
        let address = &first.place.address;
        Some(match others.len() {
            0 => format!("no answer so far from {address}"),
            1 => format!("no answer so far from {address} and one other address"),
            others => format!("no answer so far from {address} and {others} other addresses"),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Candidate {
    fn id(&self) -> Option<SubchannelId> {
        self.attempt.as_ref().map(|attempt| attempt.subchannel.id())
    }
}

impl Attempt {
    fn ask(&mut self, context: &mut Context<'_>) {
        if !self.is_asked {
            self.is_asked = true;
            context.connect(self.subchannel.id());
        }
    }
}
