//! An allocator that counts what the current thread takes and gives back, for suites that hold the code to a bound.
//!
//! A module of those suites, each of which makes it its global allocator. Threads are counted apart, so tests beside
//! each other do not disturb one another, and a server on a thread of its own is not counted.

#![allow(dead_code, reason = "no suite asks for all of it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What this thread has allocated since it began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count {
    /// How often.
    pub(crate) allocations: usize,
    /// How much, whether it was given back or not.
    pub(crate) bytes: usize,
    /// How much it holds. Less than nothing where it gives back what others took.
    pub(crate) held: isize,
}

impl Count {
    /// Until now.
    pub(crate) fn now() -> Self {
        COUNT.with(Cell::get)
    }

    /// What came on top of `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            allocations: self.allocations - before.allocations,
            bytes: self.bytes - before.bytes,
            held: self.held - before.held,
        }
    }
}

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { allocations: 0, bytes: 0, held: 0 }) };
}

/// The system's allocator, and a count.
#[derive(Debug)]
pub(crate) struct Counting;

fn note(allocations: usize, bytes: usize, held: isize) {
    // A thread that is ending has no count any more.
    let _ = COUNT.try_with(|count| {
        let before = count.get();
        count.set(Count {
            allocations: before.allocations + allocations,
            bytes: before.bytes + bytes,
            held: before.held + held,
        });
    });
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size(), layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(0, 0, -layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}
