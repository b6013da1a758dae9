//! The memory of a run, counted by the cost model of `spec/values.yaml`.
//!
//! Strings, arrays and dicts are counted where they are made, grown and dropped, so the count follows their lives
//! exactly, with no walk over the heap. It is kept by thread, as values never leave the thread that made them, and by run:
//! a run owns all that it can reach, and what its host does while it runs is [`outside`] of it.

mod holdable;

use std::cell::Cell;

use crate::errors::RuntimeError;
use crate::watch::Watch;

thread_local! {
    /// What all values of this thread cost, in bytes.
    static LIVE: Cell<u64> = const { Cell::new(0) };
}

/// Counts an object that came to life or grew.
#[inline]
pub(crate) fn charge(bytes: u64) {
    LIVE.with(|live| live.set(live.get().wrapping_add(bytes)));
}

/// Counts an object that was dropped or shrank.
#[inline]
pub(crate) fn release(bytes: u64) {
    LIVE.with(|live| live.set(live.get().wrapping_sub(bytes)));
}

/// Calls the host in the middle of a run. Whatever values the host makes or drops, of this run's past or of other runs, those
/// that it nests included, none of them is part of the run.
pub(crate) fn outside<T>(host: impl FnOnce() -> T) -> T {
    /// Puts the count back also where the host panics.
    struct Count(u64);
    impl Drop for Count {
        fn drop(&mut self) {
            LIVE.set(self.0);
        }
    }
    let _count = Count(LIVE.get());
    host()
}

/// The memory of one run: what came to life on the thread since the run began, and the limit on it.
pub(crate) struct Memory<'a> {
    limit: u64,
    /// The limit, or what the process can hold, if that is less.
    most: u64,
    /// What was alive when the run began and is no part of it.
    before: u64,
    watch: Watch<'a>,
}

impl<'a> Memory<'a> {
    /// The memory of a run that begins now. `inherited` of what is alive already is part of it.
    pub(crate) fn begin(limit: Option<u64>, inherited: u64, watch: Watch<'a>) -> Self {
        let limit = limit.unwrap_or(u64::MAX);
        Self {
            limit,
            most: holdable::most().map_or(limit, |most| most.min(limit)),
            before: LIVE.get().wrapping_sub(inherited),
            watch,
        }
    }

    /// Without a limit, and for as long as it takes: outside of runs.
    pub(crate) fn unlimited() -> Self {
        Self { limit: u64::MAX, most: u64::MAX, before: LIVE.get(), watch: Watch::nobody() }
    }

    /// Counts work on large values, which the host may want to end; see [`Watch`].
    #[inline]
    pub(crate) fn work(&self, bytes: usize) -> Result<(), RuntimeError> {
        self.watch.work(bytes)
    }

    /// The same of work that is small each time and done in a loop.
    pub(crate) fn count(&self, bytes: usize) -> Result<(), RuntimeError> {
        self.watch.count(bytes)
    }

    /// Where this thread counts what is alive, what was alive before the run, and the limit.
    #[cfg(machine_code)]
    pub(crate) fn parts(&self) -> (*mut u64, u64, u64) {
        (LIVE.with(Cell::as_ptr), self.before, self.most)
    }

    /// How many more bytes may come to life.
    #[inline]
    pub(crate) fn room(&self) -> u64 {
        self.most.saturating_sub(LIVE.get().wrapping_sub(self.before))
    }

    /// How many bytes the run takes now.
    pub(crate) fn used(&self) -> u64 {
        LIVE.get().wrapping_sub(self.before)
    }

    /// Whether `bytes` more may come to life. To be asked before anything is allocated for them.
    #[inline]
    pub(crate) fn check(&self, bytes: u64) -> Result<(), RuntimeError> {
        if bytes <= self.room() { Ok(()) } else { Err(self.exhausted()) }
    }

    /// Whether the run is over its limit as it is.
    pub(crate) fn is_over(&self) -> bool {
        LIVE.get().wrapping_sub(self.before) > self.most
    }

    #[cold]
    pub(crate) fn exhausted(&self) -> RuntimeError {
        RuntimeError::OutOfMemory { limit: self.limit }
    }
}
