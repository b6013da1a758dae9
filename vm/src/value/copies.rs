//! How many arrays and dicts were copied since they were written while shared.

use std::cell::Cell;

/// The copies of arrays and dicts that were made on a thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copies {
    /// How many.
    pub containers: u64,
    /// How many elements and entries they had.
    pub parts: u64,
}

thread_local! {
    static MADE: Cell<Copies> = const { Cell::new(Copies { containers: 0, parts: 0 }) };
}

/// Counts the copy of a container of so many elements or entries.
pub(super) fn count(parts: usize) {
    let made = MADE.get();
    MADE.set(Copies { containers: made.containers + 1, parts: made.parts + parts as u64 });
}

/// What was copied on this thread up to now.
#[must_use]
pub fn copies() -> Copies {
    MADE.get()
}
