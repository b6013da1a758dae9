//! Fuel: how many steps a run may still take.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::errors::RuntimeError;

/// How many steps a tier may take before it charges them. A tier that charges late is entered only with more fuel than this.
pub(crate) const RESERVE: u64 = 256;

/// Counts steps. They are handed out in slices; when one is used up, it looks at the limit and at what the host wants.
pub(crate) struct Fuel<'a> {
    /// What is left of the slice.
    pub(crate) left: u64,
    /// All that was handed out.
    issued: u64,
    limit: u64,
    /// How many instructions run between two looks at what the host wants.
    slice: u64,
    interrupt: Option<&'a AtomicBool>,
    deadline: Option<Instant>,
}

impl<'a> Fuel<'a> {
    /// Fuel for `limit` steps, given out in slices of `slice` while there is someone who may end the run.
    pub(crate) fn new(
        limit: Option<u64>,
        slice: u64,
        interrupt: Option<&'a AtomicBool>,
        deadline: Option<Instant>,
    ) -> Self {
        Self { left: 0, issued: 0, limit: limit.unwrap_or(u64::MAX), slice, interrupt, deadline }
    }

    /// The instructions charged so far.
    pub(crate) fn steps(&self) -> u64 {
        self.issued - self.left
    }

    #[inline(always)]
    pub(crate) fn charge(&mut self) -> Result<(), RuntimeError> {
        if self.left == 0 {
            self.issue()?;
        }
        self.left -= 1;
        Ok(())
    }

    /// Charges `more` instructions at once, all or none.
    pub(crate) fn charge_more(&mut self, more: u64) -> Result<(), RuntimeError> {
        let missing = more.saturating_sub(self.left);
        if missing > self.limit - self.issued {
            self.issued = self.limit;
            self.left = 0;
            return Err(self.exceeded());
        }
        self.issued += missing;
        self.left = self.left + missing - more;
        Ok(())
    }

    /// Hands out another slice before the last is used up, if there are steps left and the host does not want the run to end.
    /// Tells whether there is enough at hand to go on with specialised code.
    pub(crate) fn refill(&mut self) -> bool {
        let wants_end = self.interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed))
            || self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        let more = (self.limit - self.issued).min(self.slice);
        // All or nothing: code that is told to stop still counts by what it had, and would lose what it was handed beside that.
        let is_enough = self.left + more >= 2 * RESERVE;
        if wants_end || !(is_enough || planted!("refill-part")) {
            return false;
        }
        self.left += more;
        self.issued += more;
        is_enough
    }

    #[cold]
    fn issue(&mut self) -> Result<(), RuntimeError> {
        if self.interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(RuntimeError::Interrupted);
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(RuntimeError::DeadlineExceeded);
        }
        let rest = self.limit - self.issued;
        if rest == 0 {
            return Err(self.exceeded());
        }
        let is_watched = self.interrupt.is_some() || self.deadline.is_some();
        self.left = if is_watched { rest.min(self.slice) } else { rest };
        self.issued += self.left;
        Ok(())
    }

    fn exceeded(&self) -> RuntimeError {
        RuntimeError::StepLimitExceeded { limit: self.limit }
    }
}
