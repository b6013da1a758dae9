//! What the host wants of a run: an interrupt flag and a deadline, looked at as work is done.
//!
//! Instructions are counted in portions, and the host is asked between two of them. An instruction that works on something large
//! counts its work here and asks in the midst of it, so that no value is so large that the host would have to wait for it.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::errors::RuntimeError;

/// Which flag ends a run, and when its time is up.
pub(crate) struct Watch<'a> {
    interrupt: Option<&'a AtomicBool>,
    deadline: Option<Instant>,
    /// The work since the host was last asked. It stays full once the run is to end, so that whatever comes next asks again.
    work: Cell<usize>,
}

impl<'a> Watch<'a> {
    /// How much work is done between two questions, in bytes: well below a millisecond.
    pub(crate) const PORTION: usize = 1 << 18;
    /// Work below this is not worth counting: a portion of instructions that do no more each ends soon enough.
    const SMALL: usize = 1 << 8;

    pub(crate) fn new(interrupt: Option<&'a AtomicBool>, deadline: Option<Instant>) -> Self {
        Self { interrupt, deadline, work: Cell::new(0) }
    }

    /// Nobody waits.
    pub(crate) fn nobody() -> Self {
        Self::new(None, None)
    }

    /// Asks the host whether the run is to end.
    pub(crate) fn ask(&self) -> Result<(), RuntimeError> {
        #[cfg(test)]
        QUESTIONS.with(|questions| questions.set(questions.get() + 1));
        if self.interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(RuntimeError::Interrupted);
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(RuntimeError::DeadlineExceeded);
        }
        Ok(())
    }

    /// Counts work of so many bytes, before or after it is done, and asks the host when it comes to a portion.
    #[inline]
    pub(crate) fn work(&self, bytes: usize) -> Result<(), RuntimeError> {
        if bytes < Self::SMALL { Ok(()) } else { self.count(bytes) }
    }

    /// The same of work that is small each time and done in a loop.
    #[inline(never)]
    pub(crate) fn count(&self, bytes: usize) -> Result<(), RuntimeError> {
        #[cfg(test)]
        LONGEST.with(|longest| longest.set(longest.get().max(bytes)));
        let work = self.work.get().saturating_add(bytes);
        self.work.set(work);
        if work >= Self::PORTION {
            self.ask()?;
            self.work.set(0);
        }
        Ok(())
    }
}

#[cfg(test)]
thread_local! {
    /// How often a host was asked, for tests.
    static QUESTIONS: Cell<usize> = const { Cell::new(0) };
    /// The most work that was counted at once, for tests.
    static LONGEST: Cell<usize> = const { Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Run, Vm, assemble};

    /// Runs a program and gives how often its host was asked, and the most work that was done between two questions.
    fn watched(program: &str) -> (usize, usize) {
        let vm = Vm::new(assemble(program).unwrap_or_else(|error| panic!("{error}")));
        let flag = AtomicBool::new(false);
        QUESTIONS.set(0);
        LONGEST.set(0);
        vm.run(Run::new(&mut ()).interrupt(&flag).fuel_slice(u64::MAX))
            .unwrap_or_else(|error| panic!("{error}"));
        (QUESTIONS.get(), LONGEST.get())
    }

    /// However large the value, the host is asked after each portion of the work on it.
    #[test]
    fn the_host_is_asked_in_the_midst_of_the_work() {
        let begin = "load_const r3, 1\nload_const r0, 0\nload_const r9, 2000000\nnew_array r1, r9\n";
        let string = "load_const r1, \"x\"\nload_const r0, 24\nload_const r3, 1\ndouble:\nadd r1, r1, r1\nsub r0, r0, r3\n\
                      jump_if r0, double\n";
        for (name, program, bytes) in [
            ("array", begin.to_owned(), 2_000_000),
            ("copy", format!("{begin}move r2, r1\narray_set r2, r0, r3\n"), 32_000_000),
            (
                "strings",
                format!(
                    "{begin}load_const r4, \"s\"\narray_set r1, r0, r4\nmove r2, r1\narray_set r2, r0, r3\n"
                ),
                32_000_000,
            ),
            ("equality", format!("{begin}eq r2, r1, r1\n"), 64_000_000),
            ("text", format!("{begin}cast r2, r1, string\n"), 64_000_000),
            ("print", format!("{begin}debug_print r1\n"), 64_000_000),
            ("join", string.to_owned(), 16_000_000),
            ("order", format!("{string}add r2, r1, r1\nlt r3, r1, r2\n"), 16_000_000),
        ] {
            // What is shared is used afterwards, or the copy could be spared.
            let (questions, longest) = watched(&(program + "return r1\n"));
            assert!(longest <= Watch::PORTION, "{name}: {longest} bytes at once");
            assert!(questions >= bytes / Watch::PORTION / 2, "{name}: {questions} questions");
        }
    }
}
