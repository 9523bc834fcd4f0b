//! The book of a mock: what is expected, what came, and which call is for which expectation.
//!
//! Conditions and answers are the program's code; no lock is held while they run.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::call::Method;
use crate::metadata::Metadata;
use crate::status::{Delivery, Origin, Status};
use crate::testing::mock::plan::{Answer, Condition, Plan};
use crate::testing::mock::times::{Often, Times};
use crate::testing::mock::unmet::Unmet;

/// Of one mock, its expectations and its services.
#[derive(Default)]
pub(super) struct Book(Mutex<Pages>);

/// Held to note things, and to find the next expectation; no code of the program runs meanwhile.
#[derive(Default)]
struct Pages {
    entries: Vec<Entry>,
    order: Order,
    unexpected: Vec<String>,
    /// Whether a panic has told of what is unmet.
    is_told: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Order {
    #[default]
    Any,
    AsExpected,
}

/// One expectation.
struct Entry {
    path: String,
    place: &'static Location<'static>,
    /// What was said of its calls, for people.
    conditions: Vec<String>,
    /// As it was said; else as many calls as there are answers, and at least one.
    times: Option<Times>,
    answers: usize,
    came: usize,
    /// A `Mutex<Plan<M>>`.
    plan: Arc<dyn Any + Send + Sync>,
}

/// What becomes of a call.
pub(super) enum Taken<M: Method> {
    /// It is expected, and answered like this.
    Answer(Answer<M>),
    /// Its messages have to be read first.
    Unread,
    /// It is not expected; this is said of it.
    Unexpected(Status),
}

impl Book {
    pub(super) fn add<M: Method>(
        &self,
        place: &'static Location<'static>,
    ) -> (usize, Arc<Mutex<Plan<M>>>) {
        let plan = Arc::new(Mutex::new(Plan::<M>::new()));
        let mut pages = self.pages();
        pages.entries.push(Entry {
            path: M::DESCRIPTOR.path().to_owned(),
            place,
            conditions: Vec::new(),
            times: None,
            answers: 0,
            came: 0,
            plan: Arc::<Mutex<Plan<M>>>::clone(&plan),
        });
        (pages.entries.len() - 1, plan)
    }

    pub(super) fn keep_order(&self) {
        self.pages().order = Order::AsExpected;
    }

    pub(super) fn set_times(&self, index: usize, times: Times) {
        self.pages().entries[index].times = Some(times);
    }

    pub(super) fn set_answers(&self, index: usize, answers: usize) {
        self.pages().entries[index].answers = answers;
    }

    pub(super) fn add_condition(&self, index: usize, condition: String) {
        self.pages().entries[index].conditions.push(condition);
    }

    /// Finds out what a call is answered, with what is known of it by now. `path` is that of the call, which a method
    /// for all paths has not.
    pub(super) fn take<M: Method>(
        &self,
        path: &str,
        metadata: &Metadata,
        messages: Option<&[M::Request]>,
    ) -> Taken<M>
    where
        M::Request: fmt::Debug,
    {
        for (index, plan) in self.of_method::<M>() {
            let plan_of = || plan.lock().unwrap_or_else(PoisonError::into_inner);
            let conditions: Vec<Condition<M>> = plan_of().conditions.clone();
            if self.is_full(index) || !conditions.iter().all(|one| one.fits(metadata, messages)) {
                continue;
            }
            if messages.is_none() && plan_of().asks_for_messages() {
                return Taken::Unread;
            }
            match self.claim(index) {
                Claim::Is => {
                    return match plan_of().next_answer() {
                        Some(answer) => Taken::Answer(answer),
                        None => Taken::Unexpected(self.unanswered(index)),
                    };
                }
                // Another call was faster.
                Claim::IsFull => {}
                Claim::MustNotCome(why) => {
                    return Taken::Unexpected(self.unexpected::<M>(path, messages, &why));
                }
            }
        }
        let expected = self.expected(path);
        Taken::Unexpected(self.unexpected::<M>(path, messages, &expected))
    }

    /// Whether everything came that was expected, and nothing else.
    pub(super) fn check(&self) -> Result<(), Unmet> {
        let pages = self.pages();
        let unmet = pages.entries.iter().filter(|entry| !entry.times().is_met_by(entry.came));
        let missing: Vec<String> = unmet.map(Entry::to_string).collect();
        let unexpected = pages.unexpected.clone();
        match missing.is_empty() && unexpected.is_empty() {
            true => Ok(()),
            false => Err(Unmet { missing, unexpected }),
        }
    }

    /// Somebody is told of what is unmet, and need not be again.
    pub(super) fn tell(&self) {
        self.pages().is_told = true;
    }

    pub(super) fn is_told(&self) -> bool {
        self.pages().is_told
    }

    /// Counts one call more, if it may come now.
    fn claim(&self, index: usize) -> Claim {
        let mut pages = self.pages();
        let times = pages.entries[index].times();
        if times == Times::NEVER {
            return Claim::MustNotCome(pages.entries[index].to_string());
        }
        if times.is_full_with(pages.entries[index].came) {
            return Claim::IsFull;
        }
        if pages.order == Order::AsExpected {
            let mut before = pages.entries[..index].iter();
            if let Some(first) = before.find(|entry| !entry.times().is_met_by(entry.came)) {
                return Claim::MustNotCome(format!("out of order, since before it {first}"));
            }
        }
        pages.entries[index].came += 1;
        Claim::Is
    }

    /// Whether it wants no more calls. One that is to have none is asked all the same: it forbids them.
    fn is_full(&self, index: usize) -> bool {
        let pages = self.pages();
        let times = pages.entries[index].times();
        times != Times::NEVER && times.is_full_with(pages.entries[index].came)
    }

    fn of_method<M: Method>(&self) -> Vec<(usize, Arc<Mutex<Plan<M>>>)> {
        let pages = self.pages();
        let entries = pages.entries.iter().enumerate();
        let plan = |entry: &Entry| Arc::clone(&entry.plan).downcast::<Mutex<Plan<M>>>().ok();
        entries.filter_map(|(index, entry)| Some((index, plan(entry)?))).collect()
    }

    /// What there is to say of the expectations for a call that met none.
    fn expected(&self, path: &str) -> String {
        let pages = self.pages();
        let of_path: Vec<String> =
            pages.entries.iter().filter(|entry| entry.path == path).map(Entry::to_string).collect();
        if of_path.is_empty() {
            "no call of this method was expected".to_owned()
        } else {
            of_path.join("; ")
        }
    }

    fn unexpected<M: Method>(
        &self,
        path: &str,
        messages: Option<&[M::Request]>,
        why: &str,
    ) -> Status
    where
        M::Request: fmt::Debug,
    {
        let with = match messages {
            None => " with messages not read yet".to_owned(),
            Some([message]) => format!(" with {message:?}"),
            Some(messages) => format!(" with {messages:?}"),
        };
        self.note(format!("unexpected call of {path}{with}: {why}"))
    }

    /// An expectation that was met has nothing to answer: a mistake of the test.
    fn unanswered(&self, index: usize) -> Status {
        let entry = self.pages().entries[index].to_string();
        self.note(format!(
            "no answer is left for the call: {entry}; say what it is by `returns(..)`, `streams(..)`, `fails(..)` or \
             `answers(..)`, and how often by `times(..)`"
        ))
    }

    fn note(&self, text: String) -> Status {
        self.pages().unexpected.push(text.clone());
        Status::unimplemented(text).with_origin(Origin::Local).with_delivery(Delivery::NotProcessed)
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a call that fits an expectation may come.
enum Claim {
    Is,
    IsFull,
    MustNotCome(String),
}

impl Entry {
    fn times(&self) -> Times {
        self.times.unwrap_or_else(|| Times::exactly(self.answers.max(1)))
    }
}

/// `/helloworld.Greeter/SayHello with .. was expected once and came never (tests/greet.rs:12:10)`
impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path)?;
        for condition in &self.conditions {
            write!(formatter, " {condition}")?;
        }
        let (times, came, place) = (self.times(), Often(self.came), self.place);
        write!(formatter, " was expected {times} and came {came} ({place})")
    }
}

impl fmt::Debug for Book {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pages = self.pages();
        let entries: Vec<String> = pages.entries.iter().map(Entry::to_string).collect();
        formatter
            .debug_struct("Mock")
            .field("expected", &entries)
            .field("unexpected", &pages.unexpected)
            .finish()
    }
}
