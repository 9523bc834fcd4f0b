//! [`Pool`]: what one message was worked on with, kept for the next.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// States that are free: to make one takes as long as to compress a short message.
pub(super) struct Pool<T> {
    /// Locked to take one out or put it back, never while it works.
    idle: Mutex<Vec<T>>,
}

impl<T> Pool<T> {
    /// One that is free, if there is.
    pub(super) fn take(&self) -> Option<T> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps a state that takes this many bytes, unless that is too much, or there are enough.
    pub(super) fn put(&self, state: T, bytes: usize) {
        if bytes > LARGEST {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST {
            idle.push(state);
        }
    }
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { idle: Mutex::default() }
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pool").finish_non_exhaustive()
    }
}

/// As many messages are seldom worked on at once.
const MOST: usize = 8;
/// What only messages of megabytes need is not kept for short ones.
const LARGEST: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_what_is_small_and_not_too_many_of_it() {
        let pool = Pool::default();
        assert_eq!(pool.take(), None);
        for number in 0..20 {
            pool.put(number, LARGEST);
        }
        pool.put(99, LARGEST + 1);
        let kept: Vec<_> = std::iter::from_fn(|| pool.take()).collect();
        assert_eq!(kept, [7, 6, 5, 4, 3, 2, 1, 0]);
    }
}
