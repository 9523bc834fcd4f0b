//! The addresses to connect to, as the resolver finds them while somebody connects.
//!
//! Lives as long as the connecting task: a connection, once there, is not touched by what a resolver finds later; the
//! next time somebody connects, it is asked afresh.

use std::future::poll_fn;
use std::task::{Context, Poll};

use crate::address::Address;
use crate::resolver::{Chosen, Resolver, ResolverOptions, ResolverUpdate, UpdateOutcome};
use crate::status::Status;

/// A resolver, and what it said last.
pub(super) struct Addresses {
    /// Or why its factory would not make one, although it did when the channel was built.
    resolver: Result<Box<dyn Resolver>, Status>,
    known: Vec<Address>,
}

impl Addresses {
    pub(super) fn of(target: &Chosen, options: &ResolverOptions) -> Self {
        let resolver = target
            .build(options)
            .map_err(|error| Status::unavailable("the target has no resolver").with_source(error));
        Self { resolver, known: Vec::new() }
    }

    /// The addresses, best first; waits for the resolver only where none are known.
    ///
    /// # Errors
    /// What the resolver says of why it has none.
    ///
    /// # Cancel safety
    /// Cancel safe: an update is taken whole or not at all.
    pub(super) async fn get(&mut self) -> Result<Vec<Address>, Status> {
        poll_fn(|context| self.poll(context)).await?;
        Ok(self.known.clone())
    }

    /// They led nowhere: the resolver may look again.
    pub(super) fn led_nowhere(&mut self) {
        if let Ok(resolver) = &mut self.resolver {
            resolver.resolve_now();
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let resolver = match &mut self.resolver {
            Ok(resolver) => resolver,
            Err(refused) => return Poll::Ready(Err(refused.clone())),
        };
        while let Poll::Ready(update) = resolver.poll_update(context) {
            let taken = take(update, &mut self.known);
            resolver.on_outcome(match taken {
                Ok(()) => UpdateOutcome::Accepted,
                Err(_) => UpdateOutcome::Rejected,
            });
            if self.known.is_empty() {
                return Poll::Ready(taken);
            }
        }
        if self.known.is_empty() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

/// A resolver that fails leaves what it found before in use; one that finds no addresses does not.
fn take(update: ResolverUpdate, known: &mut Vec<Address>) -> Result<(), Status> {
    *known = update.endpoints?.iter().flat_map(|endpoint| endpoint.addresses().to_vec()).collect();
    match known.is_empty() {
        false => Ok(()),
        true => Err(Status::unavailable(match update.note {
            Some(note) => format!("the target has no addresses: {note}"),
            None => "the target has no addresses".to_owned(),
        })),
    }
}
