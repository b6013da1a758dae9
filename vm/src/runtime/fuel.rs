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
    /// Whether the limit is where the run is to stop, and no error.
    is_stop: bool,
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
        Self {
            left: 0,
            issued: 0,
            limit: limit.unwrap_or(u64::MAX),
            is_stop: false,
            slice,
            interrupt,
            deadline,
        }
    }

    /// For a run that took so many steps before.
    pub(crate) fn with_steps(mut self, steps: u64) -> Self {
        self.issued = steps;
        self
    }

    /// For a run that stops after so many steps, unless it met its limit before.
    pub(crate) fn stopping_at(mut self, step: Option<u64>) -> Self {
        if let Some(step) = step.filter(|step| *step <= self.limit) {
            self.limit = step;
            self.is_stop = true;
        }
        self
    }

    /// Whether the run stops where its fuel ends.
    pub(crate) fn is_stop(&self) -> bool {
        self.is_stop
    }

    /// Has the run stop before its next instruction.
    pub(crate) fn stop_here(&mut self) {
        self.limit = self.steps();
        (self.issued, self.left, self.is_stop) = (self.limit, 0, true);
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

    /// Charges `more` instructions at once, all or none. They go with one that was charged just before: a run that stops here
    /// has not taken that either.
    pub(crate) fn charge_more(&mut self, more: u64) -> Result<(), RuntimeError> {
        let missing = more.saturating_sub(self.left);
        if missing > self.rest() {
            if self.is_stop {
                self.left += 1;
            } else {
                self.issued = self.issued.max(self.limit);
                self.left = 0;
            }
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
        let more = self.rest().min(self.slice);
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
        let rest = self.rest();
        if rest == 0 {
            return Err(self.exceeded());
        }
        let is_watched = self.interrupt.is_some() || self.deadline.is_some();
        self.left = if is_watched { rest.min(self.slice) } else { rest };
        self.issued += self.left;
        Ok(())
    }

    /// What may still be handed out. A run that goes on may have taken more steps than it may now.
    fn rest(&self) -> u64 {
        self.limit.saturating_sub(self.issued)
    }

    fn exceeded(&self) -> RuntimeError {
        RuntimeError::StepLimitExceeded { limit: self.limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_met_at_the_exact_step() {
        let mut fuel = Fuel::new(Some(3), 2, None, None);
        assert!((0..3).all(|_| fuel.charge().is_ok()));
        assert!(fuel.charge().is_err());
        assert_eq!(fuel.steps(), 3);
    }

    #[test]
    fn several_steps_are_charged_all_or_none() {
        let mut fuel = Fuel::new(Some(10), 4, None, None);
        assert!(fuel.charge_more(7).is_ok());
        assert_eq!(fuel.steps(), 7);
        assert!(fuel.charge_more(4).is_err());
        // As if the limit had been met on the way.
        assert_eq!(fuel.steps(), 10);
    }

    #[test]
    fn unwatched_runs_get_all_at_once() {
        let mut fuel = Fuel::new(Some(1 << 20), 16, None, None);
        assert!(fuel.charge().is_ok());
        assert_eq!(fuel.left, (1 << 20) - 1);
    }

    #[test]
    fn a_flag_ends_the_run_at_the_end_of_a_slice() {
        let flag = AtomicBool::new(false);
        let mut fuel = Fuel::new(None, 16, Some(&flag), None);
        assert!(fuel.charge().is_ok());
        flag.store(true, Ordering::Relaxed);
        assert!((1..16).all(|_| fuel.charge().is_ok()));
        assert!(matches!(fuel.charge(), Err(RuntimeError::Interrupted)));
        assert_eq!(fuel.steps(), 16);
    }

    #[test]
    fn a_deadline_that_is_over_ends_the_run_at_once() {
        let mut fuel = Fuel::new(None, 16, None, Some(Instant::now()));
        assert!(matches!(fuel.charge(), Err(RuntimeError::DeadlineExceeded)));
        assert_eq!(fuel.steps(), 0);
    }

    #[test]
    fn a_refill_leaves_room_for_the_reserve() {
        let mut fuel = Fuel::new(Some(10_000), 1000, None, None);
        assert!(fuel.refill());
        assert_eq!((fuel.left, fuel.steps()), (1000, 0));
    }

    #[test]
    fn near_the_limit_there_is_no_refill_and_nothing_is_lost() {
        let mut fuel = Fuel::new(Some(2 * RESERVE - 1), 1000, None, None);
        assert!(!fuel.refill());
        assert_eq!((fuel.left, fuel.steps()), (0, 0));
        assert!((0..2 * RESERVE - 1).all(|_| fuel.charge().is_ok()));
        assert!(fuel.charge().is_err());
    }

    #[test]
    fn there_is_no_refill_for_a_run_that_is_to_end() {
        let flag = AtomicBool::new(true);
        let mut fuel = Fuel::new(None, 1000, Some(&flag), None);
        assert!(!fuel.refill());
        assert_eq!(fuel.left, 0);
    }
}
