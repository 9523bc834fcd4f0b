//! [`Guarded`]: what a call is made of, kept where its [`CancelHandle`]s can take it away.
//!
//! Only calls that have a handle are kept like this. Whoever polls takes the value out for that long, so that no lock is
//! held while it runs; a cancellation in that moment is found when it is put back.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use crate::call::cancel::{Cancel, CancelHandle, Watch, cancelled};
use crate::call::streaming::{AboutLocal, Replies, Streaming};
use crate::metadata::Metadata;
use crate::status::Status;

/// A value that is gone in the moment when a handle is cancelled.
pub(super) struct Guarded<T> {
    cell: Arc<Cell>,
    _watches: Vec<Watch>,
    value: PhantomData<fn() -> T>,
}

/// Held to move the value in and out; it is neither polled nor dropped under the lock.
///
/// Without the value's type, because every method of every client has one of its own: programs compile in less time,
/// and a call with a handle pays for it with one more box.
struct Cell(Mutex<Place>);

type Value = Box<dyn Any + Send>;

/// ```text
///   Here <---> Out
///     |         |
///     +-> Gone <+
/// ```
enum Place {
    Here {
        value: Value,
        /// Who waits for it.
        waker: Option<Waker>,
    },
    /// Being polled.
    Out,
    /// Cancelled, or lost to a panic.
    Gone,
}

impl<T: Send + 'static> Guarded<T> {
    pub(super) fn new(value: T, handles: &[CancelHandle]) -> Self {
        let (cell, watches) = Cell::watched(Box::new(value), handles);
        Self { cell, _watches: watches, value: PhantomData }
    }

    /// Polls the value; `None` when it was cancelled, which wins over what `poll` came back with.
    pub(super) fn poll<R>(
        &mut self,
        context: &mut Context<'_>,
        mut poll: impl FnMut(&mut T, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<Option<R>> {
        let mut polled = Poll::Pending;
        let is_wanted = ready!(self.cell.poll(context, &mut |value, context| {
            polled = poll(typed(value), context);
            polled.is_ready()
        }));
        Poll::Ready(match polled {
            Poll::Ready(polled) if is_wanted => Some(polled),
            _ => None,
        })
    }

    /// Asks the value something; `None` when it was cancelled.
    fn ask<R>(&mut self, ask: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut value = self.cell.take_out()?;
        let answer = ask(typed(&mut value));
        self.cell.put_back(value, None).then_some(answer)
    }
}

fn typed<T: 'static>(value: &mut Value) -> &mut T {
    value.downcast_mut().expect("a value comes back as what it was when it was put in")
}

impl Cell {
    fn watched(value: Value, handles: &[CancelHandle]) -> (Arc<Self>, Vec<Watch>) {
        let cell = Arc::new(Self(Mutex::new(Place::Here { value, waker: None })));
        let mut watches = Vec::with_capacity(handles.len());
        for handle in handles {
            let weak = Arc::downgrade(&cell);
            match handle.watch(weak) {
                Some(watch) => watches.push(watch),
                None => cell.cancel(),
            }
        }
        (cell, watches)
    }

    /// Polls the value with what says whether it is ready. Gives back whether it is still wanted then.
    fn poll(
        &self,
        context: &mut Context<'_>,
        poll: &mut dyn FnMut(&mut Value, &mut Context<'_>) -> bool,
    ) -> Poll<bool> {
        let Some(mut value) = self.take_out() else { return Poll::Ready(false) };
        let is_ready = poll(&mut value, context);
        match self.put_back(value, (!is_ready).then_some(context)) {
            true if !is_ready => Poll::Pending,
            is_wanted => Poll::Ready(is_wanted),
        }
    }

    fn take_out(&self) -> Option<Value> {
        let mut place = self.place();
        match std::mem::replace(&mut *place, Place::Out) {
            Place::Here { value, .. } => Some(value),
            Place::Out | Place::Gone => {
                *place = Place::Gone;
                None
            }
        }
    }

    /// Whether the value is still wanted.
    fn put_back(&self, value: Value, waits: Option<&mut Context<'_>>) -> bool {
        let waker = waits.map(|context| context.waker().clone());
        let mut place = self.place();
        match *place {
            Place::Out => {
                *place = Place::Here { value, waker };
                true
            }
            Place::Here { .. } | Place::Gone => {
                drop(place);
                drop(value);
                false
            }
        }
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cancel for Cell {
    fn cancel(&self) {
        let before = std::mem::replace(&mut *self.place(), Place::Gone);
        let Place::Here { value, waker } = before else { return };
        // Gone before anybody hears of it: the server is told by then.
        drop(value);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A stream of replies that handles can end.
pub(super) struct GuardedReplies<T> {
    replies: Guarded<Streaming<T>>,
    // Copies, because the originals are out of reach when the stream is gone.
    headers: Result<Metadata, Status>,
    has_headers: bool,
    peer: Option<Arc<str>>,
    attempts: u32,
}

impl<T: Send + 'static> GuardedReplies<T> {
    pub(super) fn new(replies: Streaming<T>, handles: &[CancelHandle]) -> Self {
        let replies = Guarded::new(replies, handles);
        Self { replies, headers: Ok(Metadata::new()), has_headers: false, peer: None, attempts: 0 }
    }
}

impl<T: Send + 'static> Replies<T> for GuardedReplies<T> {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<T>, Status>> {
        let Self { replies, peer, attempts, .. } = self;
        let next = ready!(replies.poll(context, |replies, context| {
            let next = replies.poll_message(context);
            note_route(peer, attempts, replies);
            next
        }));
        Poll::Ready(next.unwrap_or_else(|| Err(cancelled())))
    }

    fn poll_headers(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.has_headers {
            let Self { replies, peer, attempts, .. } = self;
            let known = ready!(replies.poll(context, |replies, context| {
                ready!(replies.poll_headers(context));
                note_route(peer, attempts, replies);
                Poll::Ready(replies.known_headers().cloned().map_err(Status::clone))
            }));
            self.headers = known.unwrap_or_else(|| Err(cancelled()));
            self.has_headers = true;
        }
        Poll::Ready(())
    }

    fn known_headers(&self) -> Result<&Metadata, &Status> {
        self.headers.as_ref()
    }

    fn peer(&self) -> Option<&Arc<str>> {
        self.peer.as_ref()
    }

    fn attempts(&self) -> u32 {
        self.attempts
    }

    fn take_metadata(&mut self) -> (Metadata, Metadata) {
        self.replies.ask(Streaming::take_metadata).unwrap_or_else(|| {
            let headers = self.headers.as_mut().map(std::mem::take);
            (headers.unwrap_or_default(), Metadata::new())
        })
    }

    /// Out of reach: this is no stream that a fake has just made.
    fn local(&mut self) -> Option<&mut AboutLocal> {
        None
    }
}

/// The address does not change once it is known.
fn note_route<T>(known: &mut Option<Arc<str>>, attempts: &mut u32, replies: &Streaming<T>) {
    *attempts = replies.attempts();
    if known.is_none() {
        *known = replies.shared_peer().cloned();
    }
}

#[cfg(test)]
mod tests;
