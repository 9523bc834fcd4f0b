//! The resolver of a channel that is not idle, its panics caught. Knows nothing of what is done with what it finds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use crate::channel::control::Settings;
use crate::engine::panicked;
use crate::resolver::{Resolver, ResolverUpdate, UpdateOutcome};
use crate::status::Status;

/// A resolver, until it breaks.
pub(super) struct Resolution(Option<Box<dyn Resolver>>);

/// What polling it gives.
pub(super) enum News {
    Update(ResolverUpdate),
    /// It panicked and is gone.
    Broke(Status),
}

impl Resolution {
    /// None yet.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Makes a resolver where there is none.
    ///
    /// # Errors
    /// What its factory says, although it made one when the channel was built.
    pub(super) fn ensure(&mut self, settings: &Settings) -> Result<(), Status> {
        if self.0.is_some() {
            return Ok(());
        }
        let build = AssertUnwindSafe(|| settings.target.build(&settings.resolving));
        match catch_unwind(build) {
            Ok(Ok(resolver)) => {
                self.0 = Some(resolver);
                Ok(())
            }
            Ok(Err(error)) => {
                Err(Status::unavailable("the target has no resolver").with_source(error))
            }
            Err(panic) => Err(panicked("the resolver's factory", &*panic)),
        }
    }

    /// The next news. Pending without a resolver.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<News> {
        match self.call(|resolver| resolver.poll_update(context)) {
            Ok(polled) => polled.map(News::Update),
            Err(status) => Poll::Ready(News::Broke(status)),
        }
    }

    /// Passes a hint on that what was found may be out of date.
    pub(super) fn resolve_now(&mut self) -> Result<(), Status> {
        self.call(|resolver| {
            resolver.resolve_now();
            Poll::Ready(())
        })
        .map(drop)
    }

    /// Says what became of the last update.
    pub(super) fn on_outcome(&mut self, outcome: UpdateOutcome) -> Result<(), Status> {
        self.call(|resolver| {
            resolver.on_outcome(outcome);
            Poll::Ready(())
        })
        .map(drop)
    }

    fn call<T>(
        &mut self,
        run: impl FnOnce(&mut Box<dyn Resolver>) -> Poll<T>,
    ) -> Result<Poll<T>, Status> {
        let Some(resolver) = &mut self.0 else { return Ok(Poll::Pending) };
        match catch_unwind(AssertUnwindSafe(|| run(resolver))) {
            Ok(polled) => Ok(polled),
            Err(panic) => {
                let resolver = self.0.take();
                // What panicked once may do so again when it is dropped.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(resolver)));
                Err(panicked("the resolver", &*panic))
            }
        }
    }
}
